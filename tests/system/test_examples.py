#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_examples.py: every example flow with the event of every case, run as a user would: nimflow run --dry-run."""
import json
import os
import pathlib
import subprocess
import sys
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = SOURCE / "examples"
NIMFLOW = pathlib.Path(os.environ.get("NF_BUILD", "build/dev")) / "nimflow"

# event: flow, outcome, its result or what the task is updated with
CASES = {
    "show-caller": ("show-caller", "done", {
        "customer": {"firstName": "Jürg", "lastName": "Müller", "company": "Contoso AG", "department": "Einkauf",
                     "email": "juerg.mueller@contoso.example"}, "customContextParameters": {"VIP": True}}),
    "show-caller-number-cell": ("show-caller", "done", {
        "customer": {"firstName": "Urs", "lastName": "Hässig", "company": "Müller & Söhne AG", "department": "Buchhaltung",
                     "email": "urs.haessig@mueller.example"}, "customContextParameters": {"VIP": False}}),
    "show-caller-shared-number": ("show-caller", "done", {
        "customer": {"firstName": "Regula", "lastName": "Lüthi", "company": "Adventure Works", "department": "Forschung",
                     "email": "regula@adventure.example"}, "customContextParameters": {"VIP": True}}),
    "show-caller-unknown": ("show-caller", "skipped", "not in the address list"),
    "skip-anonymous": ("skip-anonymous", "skipped", "anonymous caller"),
    "internal-external-internal": ("internal-external", "done", {
        "customer": {"firstName": "Eva", "lastName": "Keller", "company": "Contoso AG", "department": "IT",
                     "UPN": "eva.keller@contoso.example"}, "customContextParameters": {"CallerType": "internal"}}),
    "internal-external-external": ("internal-external", "done", {
        "customer": {"firstName": "Luca", "lastName": "Bianchi", "company": "Tailspin Toys", "department": "Logistik"},
        "customContextParameters": {"CallerType": "external"}}),
    "modalities-audio": ("modalities", "done", {
        "customer": {"firstName": "Thérèse", "lastName": "O'Neill", "company": "Wide World Importers",
                     "email": "therese@wideworld.example"}, "customContextParameters": {"VIP": False, "Language": "en-GB"}}),
    "modalities-chat": ("modalities", "done", {
        "customer": {"firstName": "Zoë", "lastName": "Favre", "company": "Northwind Sàrl",
                     "email": "zoe.favre@northwind.example"}, "customContextParameters": {"VIP": False, "Language": "fr-CH"}}),
    "modalities-email": ("modalities", "done", {
        "customer": {"firstName": "Jürg", "lastName": "Müller", "company": "Contoso AG",
                     "email": "juerg.mueller@contoso.example"}, "customContextParameters": {"VIP": True, "Language": "de-CH"}}),
    "modalities-external-task": ("modalities", "done", {
        "customer": {"firstName": "Hans", "lastName": "Weber", "company": "Fabrikam GmbH",
                     "email": "hans.weber@fabrikam.example"}, "customContextParameters": {"VIP": False, "Language": "de-DE"}}),
}


class Examples(unittest.TestCase):
    maxDiff = None

    def run_flow(self, flow, event):
        done = subprocess.run([NIMFLOW, "run", "--dry-run", "--json", "--event", event,
                               EXAMPLES / "flows" / f"{flow}.lua"], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        lines = done.stdout.splitlines()
        self.assertEqual(len(lines), 1, done.stdout + done.stderr)
        return json.loads(lines[0])

    def test_every_case(self):
        for name, (flow, outcome, want) in CASES.items():
            with self.subTest(name):
                event = EXAMPLES / "events" / f"{name}.json"
                run = self.run_flow(flow, event)
                self.assertEqual(run["outcome"], outcome, run)
                updates = [e["args"] for e in run["effects"] if e["action"] == "nimbus.tasks.update"]
                if outcome == "skipped":
                    self.assertEqual(run["result"], want)
                else:
                    self.assertEqual(updates, [{"taskId": json.loads(event.read_text())["taskId"], **want}])

    def test_no_flow_or_event_is_left_out(self):
        self.assertEqual(sorted(CASES), sorted(p.stem for p in EXAMPLES.glob("events/*.json")))
        self.assertEqual(sorted({case[0] for case in CASES.values()}), sorted(p.stem for p in EXAMPLES.glob("flows/*.lua")))

    def test_events_have_the_fields_of_the_api(self):
        definition = json.loads((SOURCE / "docs/nimbus-api.json").read_text())["components"]["schemas"]["TaskEventData"]
        for path in EXAMPLES.glob("events/*.json"):
            self.assertEqual(sorted(json.loads(path.read_text())), sorted(definition["properties"]), path.name)

    def test_the_address_book_is_what_its_maker_writes(self):
        sys.dont_write_bytecode = True
        sys.path.insert(0, str(EXAMPLES))
        import zipfile
        import addressbook
        with zipfile.ZipFile(EXAMPLES / "lists/Addressbook.xlsx") as archive:
            kept = {name: archive.read(name).decode() for name in archive.namelist()}
        made = {name: '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' + xml for name, xml in addressbook.parts()}
        self.assertEqual(kept, made)


if __name__ == "__main__":
    if not NIMFLOW.exists():
        print(f"skipped: {NIMFLOW} is not built")
        sys.exit(77)
    unittest.main()
