#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_examples.py: every example flow with the event of every case, run as a user would: nimflow run --dry-run."""
import json
import os
import pathlib
import subprocess
import sys
import unittest
from unittest.mock import ANY

SOURCE = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = SOURCE / "examples"
NIMFLOW = pathlib.Path(os.environ.get("NF_BUILD", "build/dev")) / "nimflow"

VIP_CONTACT = {
    "AddressBook": "Customers", "externalId": "10007", "firstName": "Urs", "lastName": "Hässig", "displayName": "Urs Hässig",
    "company": "Müller & Söhne AG", "department": "Buchhaltung", "emailAddresses": ["urs.haessig@mueller.example"],
    "mobilePhones": [795678901], "customFields": {"VIP": False, "Language": "de-CH"}}

# event: flow, outcome, its result or what the task is updated with; or a list of all that changes: [action, arguments]
CASES = {
    "missed-call": ("missed-call", "done", [["nimbus.scheduler.create", {
        "serviceUpn": "support@contoso.example", "destination": "+41791234567", "dueDateTimeUtc": ANY,
        "ReferenceId": "00000000-0000-4000-8000-000000000201", "maxAttempts": 3,
        "customCallContextParameters": {"Reason": "Missed call"}}]]),
    "missed-call-answered": ("missed-call", "skipped", "it was answered"),
    "missed-call-chat": ("missed-call", "done", [["nimbus.external_tasks.add", {
        "serviceUpn": "support@contoso.example", "customerIdentifier": "Zoe.Favre@northwind.example",
        "customContextParameters": {"Reason": "Missed InstantMessaging"}}]]),
    "vip-routing": ("vip-routing", "done", {
        "customContextParameters": {"VIP": True, "Language": "de-CH"},
        "preferredUsers": [{"upn": "agent1@contoso.example", "priority": 1}, {"upn": "agent2@contoso.example", "priority": 2}]}),
    "vip-routing-unknown": ("vip-routing", "done", {"customContextParameters": {"VIP": False}}),
    "keep-address-book": ("keep-address-book", "done", [["nimbus.contacts.add", VIP_CONTACT]]),
    "keep-address-book-unknown": ("keep-address-book", "skipped", "not in the address list"),
    "who-writes-email": ("who-writes", "done", {
        "customer": {"firstName": "Jürg", "lastName": "Müller", "company": "Contoso AG"},
        "customContextParameters": {"Subject": "Offerte dringend", "Known": True,
                                    "Message": "Guten Tag\n\nKönnen Sie mir die Offerte nochmals senden?"}}),
    "who-writes-chat": ("who-writes", "done", {
        "customer": {"firstName": "Zoë", "lastName": "Favre", "company": "Northwind Sàrl"},
        "customContextParameters": {"Message": "Guten Tag, ich habe eine Frage zu meiner Bestellung.", "Known": True}}),
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
                changes = [[e["action"], e["args"]] for e in run["effects"] if not e["action"].endswith(".find")]
                if outcome == "skipped":
                    self.assertEqual(run["result"], want)
                elif isinstance(want, list):
                    self.assertEqual(changes, want)
                else:
                    task = json.loads(event.read_text())["taskId"]
                    self.assertEqual(changes, [["nimbus.tasks.update", {"taskId": task, **want}]])

    def test_no_flow_or_event_is_left_out(self):
        self.assertEqual(sorted(CASES), sorted(p.stem for p in EXAMPLES.glob("events/*.json")))
        self.assertEqual(sorted({case[0] for case in CASES.values()}), sorted(p.stem for p in EXAMPLES.glob("flows/*.lua")
                                                                           if not p.stem.endswith(".test")))

    def test_every_flow_has_tests_that_pass(self):
        done = subprocess.run([NIMFLOW, "test", "--json", EXAMPLES], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        tested = {pathlib.Path(json.loads(line)["file"]).name for line in done.stdout.splitlines()}
        self.assertEqual({f"{case[0]}.test.lua" for case in CASES.values()}, tested)

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
