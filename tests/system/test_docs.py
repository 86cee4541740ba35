#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_docs.py: the documents are true: their code runs, their links lead somewhere, they name every field and option.

A block ```lua with a trigger is checked and run for each example event; one without is the inside of a handler and runs
as a script, with the event in `task`. A block ```c is compiled as a binding. A block ```yaml whose first line is a comment
with a file name is put there, and the configuration must be read without an error.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from programs import path

SOURCE = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = SOURCE / "examples"
REFERENCE = ("FLOWS.md", "TRIGGERS.md", "ACTIONS.md")
DOCUMENTS = sorted([*SOURCE.glob("*.md"), *SOURCE.glob("docs/*.md"), *EXAMPLES.glob("*.md")])


def blocks(document, language):
    """(first line, text) of each block of code in that language."""
    text = document.read_text(encoding="utf-8")
    for found in re.finditer(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield text.count("\n", 0, found.start()) + 2, found.group(1)


def anchors(document):
    """What can stand behind # in a link to this document, as GitHub makes it."""
    for heading in re.findall(r"^#+ (.*)$", document.read_text(encoding="utf-8"), re.MULTILINE):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


class Documents(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="nimflow-test-"))

    def tearDown(self):
        shutil.rmtree(self.folder)

    def nimflow(self, *args):
        return subprocess.run([path("nimflow"), *map(str, args)], capture_output=True, text=True, timeout=120, check=False)

    def run_lua(self, source, *args):
        file = self.folder / "block.lua"
        file.write_text(source, encoding="utf-8")
        done = self.nimflow("run", "--dry-run", "--json", "--lists", EXAMPLES / "lists", *args, file)
        for line in done.stdout.splitlines():
            self.assertIn(json.loads(line)["outcome"], ("done", "skipped"), line)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return len(done.stdout.splitlines())

    def test_flows_on_the_pages_run(self):
        seen = 0
        for document in DOCUMENTS:
            for line, source in blocks(document, "lua"):
                with self.subTest(f"{document.name}:{line}"):
                    seen += 1
                    if "nimbus.on_task" in source:
                        ran = sum(self.run_lua(source, "--event", event) for event in EXAMPLES.glob("events/*.json"))
                        self.assertGreater(ran, 0, "no example event fits")
                    elif re.search(r"^(flow\.(every|cron|manual|on_\w+)|nimbus\.on_\w+) \{", source, re.MULTILINE):
                        event = self.folder / "event.json"
                        event.write_text(re.search(r"^-- event: (.*)$", source, re.MULTILINE).group(1), encoding="utf-8")
                        self.assertGreater(self.run_lua(source, "--event", event), 0, "the event does not fit")
                    else:
                        self.run_lua("local task = ... " + source, "--script", "--event",
                                     EXAMPLES / "events" / "show-caller.json")
        self.assertGreater(seen, 5)

    def test_bindings_on_the_pages_compile(self):
        compiler = shutil.which("cc")
        if not compiler:
            self.skipTest("no C compiler")
        for document in DOCUMENTS:
            for line, source in blocks(document, "c"):
                with self.subTest(f"{document.name}:{line}"):
                    file = self.folder / "block.c"
                    file.write_text(source, encoding="utf-8")
                    done = subprocess.run([compiler, "-std=c11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
                                           f"-I{SOURCE}/host/api", file], capture_output=True, text=True, timeout=120,
                                          check=False)
                    self.assertEqual(done.returncode, 0, done.stderr)

    def test_configurations_on_the_pages_are_right(self):
        for document in DOCUMENTS:
            root = self.folder / document.stem
            for _, text in blocks(document, "yaml"):
                named = re.match(r"# (\S+\.yaml)\n", text)
                if named:
                    file = root / named.group(1)
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_text(text, encoding="utf-8")
            if root.exists():
                (root / "nimflow.yaml").touch()  # a page about tenants may leave it out
                with self.subTest(document.name):
                    done = self.nimflow("serve", "--check-config", "--config", root / "nimflow.yaml")
                    self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_links_lead_somewhere(self):
        for document in DOCUMENTS:
            text = re.sub(r"^```.*?^```$", "", document.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
            for target in re.findall(r"\]\(([^)\s]+)\)", text):
                if re.match(r"[a-z]+:", target):
                    continue
                file, _, anchor = target.partition("#")
                with self.subTest(f"{document.name}: {target}"):
                    there = (document.parent / file) if file else document
                    self.assertTrue(there.exists(), there)
                    if anchor:
                        self.assertIn(anchor, list(anchors(there)))

    def test_every_name_of_a_binding_is_in_the_reference(self):
        page = "".join((SOURCE / "docs" / name).read_text(encoding="utf-8") for name in REFERENCE)
        for file in sorted(SOURCE.glob("bindings/*/*.c")):
            source = file.read_text(encoding="utf-8")
            names = re.findall(r'^ *(?:\{|TEXT\()"(\w+)", ', source, re.MULTILINE) + re.findall(r'\.name = "(.+)"', source)
            for name in names + re.findall(r'\.title = "(.+)"', source):
                with self.subTest(f"{file.name}: {name}"):
                    self.assertTrue(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", page), f"none of {REFERENCE} names it")

    def test_every_function_of_a_module_is_in_the_reference(self):
        page = "".join((SOURCE / "docs" / name).read_text(encoding="utf-8") for name in REFERENCE)
        file = self.folder / "names.lua"
        file.write_text("""
            local names = {}
            for _, module in ipairs { "flow", "json", "lists", "log", "nimbus", "os", "text", "time" } do
              for name in pairs(_G[module]) do names[#names + 1] = module .. "." .. name end
            end
            return names""")
        done = self.nimflow("run", "--script", "--json", file)
        names = json.loads(done.stdout)["result"]
        self.assertIn("flow.skip", names)
        for name in names:
            with self.subTest(name):
                self.assertIn(name, page, f"none of {REFERENCE} names it")

    def test_commands_and_options_on_the_pages_exist(self):
        commands = re.findall(r"^  ([a-z]+) ", self.nimflow("--help").stdout, re.MULTILINE)
        options = {c: set(re.findall(r"^  --([a-z-]+)", self.nimflow(c, "--help").stdout, re.MULTILINE)) for c in commands}
        for document in DOCUMENTS:
            text = document.read_text(encoding="utf-8")
            code = "\n".join(re.findall(r"^```\w*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL) + re.findall(r"`([^`\n]+)`", text))
            for command, rest in re.findall(r"(?:^|/| )nimflow ([a-z]+)(?=[ \n]|$)([^\n]*)", code, re.MULTILINE):
                with self.subTest(f"{document.name}: nimflow {command}{rest}"):
                    self.assertIn(command, commands)
                    for option in re.findall(r"--([a-z-]+)", rest):
                        self.assertIn(option, options[command])


if __name__ == "__main__":
    path("nimflow")
    unittest.main()
