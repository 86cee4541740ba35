#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_demo.py: examples/demo as a new user starts it: what it prints, its exit status, and that nothing is left over."""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest
import urllib.request

from programs import path

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SHOWN = ["Jürg Müller", "Urs Hässig", "Käthi Brönnimann", "Regula Lüthi", "2 people share this number", "+41799999999",
         "not in the address list", "Anonymous caller", "Zoë Favre", "Eva Keller", "internal", "Luca Bianchi", "external",
         "Thérèse O'Neill", "Hans Weber", "context after"]


class Demo(unittest.TestCase):
    def setUp(self):
        self.programs = os.path.dirname(os.path.abspath(path("nimflow")))
        self.folder = tempfile.mkdtemp(prefix="nimflow-test-")
        self.temporary = os.path.join(self.folder, "tmp")
        os.mkdir(self.temporary)

    def tearDown(self):
        shutil.rmtree(self.folder)

    def start(self, *args, script=SOURCE / "examples" / "demo.py", **env):
        command = [sys.executable, str(script), "--programs", self.programs, *args]
        return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                env=dict(os.environ, TMPDIR=self.temporary, **env))

    def finish(self, process):
        out, errors = process.communicate(timeout=240)
        self.assertEqual(os.listdir(self.temporary), [], "files are left over")
        return out, errors

    def test_shows_every_call_and_ends_well(self):
        process = self.start()
        out, errors = self.finish(process)
        self.assertEqual(process.returncode, 0, out + errors)
        for text in SHOWN:
            self.assertIn(text, out)
        for flow in ("show-caller", "skip-anonymous", "internal-external", "modalities"):
            self.assertIn(f"examples/flows/{flow}.lua", out)
        self.assertRegex(out.splitlines()[-1], r"^14 calls, all as they should be\. Context time: median .* ms, longest .* ms\.$")
        self.assertEqual(len(re.findall("context after", out)), 13)
        self.assertNotIn("\033", out)

    def test_a_wrong_context_is_an_error(self):
        copy = os.path.join(self.folder, "examples")
        shutil.copytree(SOURCE / "examples", copy, ignore=shutil.ignore_patterns("__pycache__"))
        flow = pathlib.Path(copy, "flows", "show-caller.lua")
        flow.write_text(flow.read_text().replace("row.LastName", "row.FirstName"))
        process = self.start(script=os.path.join(copy, "demo.py"))
        out, errors = self.finish(process)
        self.assertEqual(process.returncode, 1, out + errors)
        self.assertIn("Jürg Jürg", out)
        self.assertIn("4 wrong", out.splitlines()[-1])

    def test_a_failed_run_is_shown_with_its_error(self):
        copy = os.path.join(self.folder, "examples")
        shutil.copytree(SOURCE / "examples", copy, ignore=shutil.ignore_patterns("__pycache__"))
        flow = pathlib.Path(copy, "flows", "show-caller.lua")
        flow.write_text(flow.read_text().replace("row.LastName", "row.Surname"))
        process = self.start(script=os.path.join(copy, "demo.py"))
        out, errors = self.finish(process)
        self.assertEqual(process.returncode, 1, out + errors)
        self.assertIn("unknown field 'Surname'", out)

    def serve(self, end):
        process = self.start("--serve")
        address = None
        for line in process.stdout:
            found = re.search(r"Open +(http://\S+)", line)
            address = found.group(1) if found else address
            if "Ctrl-C" in line:
                break
        self.assertIsNotNone(address, "no address was printed")
        with urllib.request.urlopen(address, timeout=60) as page:
            self.assertEqual(page.status, 200)
            self.assertIn("My Sessions", page.read().decode())
        process.send_signal(end)
        out, errors = self.finish(process)
        with socket.socket() as probe:
            port = int(address.rsplit(":", 1)[1])
            self.assertNotEqual(probe.connect_ex(("127.0.0.1", port)), 0, "the simulator still runs")
        return process.returncode, out + errors

    def test_serve_until_ctrl_c(self):
        status, text = self.serve(signal.SIGINT)
        self.assertEqual(status, 0, text)
        self.assertNotIn("Traceback", text)

    def test_serve_until_sigterm(self):
        status, text = self.serve(signal.SIGTERM)
        self.assertEqual(status, 128 + signal.SIGTERM, text)
        self.assertNotIn("Traceback", text)

    def test_a_port_in_use_is_named(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            process = self.start("--serve", "--port", str(taken.getsockname()[1]))
            out, errors = self.finish(process)
        self.assertEqual(process.returncode, 1, out + errors)
        self.assertIn("address already in use", errors)

    def test_programs_that_are_not_there_are_named(self):
        self.programs = os.path.join(self.folder, "nowhere")
        process = self.start()
        out, errors = self.finish(process)
        self.assertEqual(process.returncode, 1, out + errors)
        self.assertIn("build it with examples/demo", errors)

    def test_the_starter_explains_itself_without_building(self):
        starter = SOURCE / "examples" / "demo"
        done = subprocess.run([starter, "--help"], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("--serve", done.stdout)
        done = subprocess.run([starter, "--sevre"], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--sevre", done.stderr)


if __name__ == "__main__":
    path("nimflow")
    unittest.main()
