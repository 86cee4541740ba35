# SPDX-License-Identifier: Apache-2.0
"""A wrong configuration: exit status 3, and each mistake named by file, line and column, all at once."""
import os
import shutil
import socket
import subprocess
import tempfile
import unittest

from host import Host
from nimbus import Nimbus
from programs import path

TENANT = "cluster: http://127.0.0.1:1\ntoken_file: token\n"


class Folder(unittest.TestCase):
    """A folder with a configuration that is right until a test changes it."""

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="nimflow-test-")
        self.write("nimflow.yaml", "listen: 127.0.0.1:0\n")
        self.write("tenants/acme/tenant.yaml", TENANT)
        self.write("tenants/acme/token", "secret\n")
        os.makedirs(os.path.join(self.dir, "tenants", "acme", "flows"))

    def tearDown(self):
        shutil.rmtree(self.dir)

    def write(self, name, text, mode=0o600):
        full = os.path.join(self.dir, name)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        os.chmod(full, mode)

    def serve(self, *args, config="nimflow.yaml"):
        """Run it to its end; it must end by itself. Exit status and the lines of standard error."""
        done = subprocess.run([path("nimflow"), "serve", "--config", config, *args], cwd=self.dir, capture_output=True,
                              text=True, errors="replace", timeout=60, check=False)
        self.assertEqual("", done.stdout)
        return done.returncode, done.stderr.splitlines()

    def refuses(self, *lines, **options):
        """It ends with 3 and says exactly these lines (each given by its parts)."""
        for args in ((), ("--check-config",)):
            status, errors = self.serve(*args, **options)
            self.assertEqual(3, status, errors)
            self.assertEqual(len(lines), len(errors), errors)
            for parts, error in zip(lines, errors):
                for part in [parts] if isinstance(parts, str) else parts:
                    self.assertIn(part, error)

    def fails(self, *parts):
        """The configuration is right, but it cannot start: exit status 3, one line."""
        self.assertEqual((0, []), self.serve("--check-config"))
        status, errors = self.serve()
        self.assertEqual(3, status, errors)
        for part in parts:
            self.assertIn(part, errors[-1])
        self.assertFalse(os.path.exists(os.path.join(self.dir, "data", "admin.sock")))


class Values(Folder):
    def test_a_right_one_is_accepted(self):
        self.assertEqual((0, []), self.serve("--check-config"))

    def test_all_mistakes_of_all_files_at_once(self):
        self.write("nimflow.yaml", "listen: 127.0.0.1\nlistne: 127.0.0.1:80\nlog_level: infos\nlog_json: yes\n"
                   "limits:\n  cpu: 2h\n  walll: 3s\n  memory: lots\n  effects: [1]\ndata: \"\"\n")
        self.write("tenants/acme/tenant.yaml", "cluster: ftp://x\ncountry: ch\nlimits:\n  cpu: 61s\n  workers: 0\n"
                   "  concurrent_runs: many\n  cpu_per_minit: 1s\nrequest_timeout: 10\n")
        self.write("tenants/beta/tenant.yaml", TENANT + "country: [CH]\n")
        acme, beta = "tenants/acme/tenant.yaml", "tenants/beta/tenant.yaml"
        self.refuses(
            ("nimflow.yaml:1:9: listen: ", "'127.0.0.1' is not HOST:PORT, for example 127.0.0.1:8080"),
            "nimflow.yaml:2:1: unknown key 'listne'; did you mean 'listen'?",
            ("nimflow.yaml:3:12: log_level: ", "did you mean 'info'?"),
            "nimflow.yaml:4:11: log_json: true or false is expected",
            ("nimflow.yaml:6:8: cpu: ", "2h is out of range; allowed are 1 to 60000 ms"),
            ("nimflow.yaml:7:10: walll: ", "did you mean 'wall'?"),
            ("nimflow.yaml:8:11: memory: ", "'lots' is not a size"),
            ("nimflow.yaml:9:12: effects: ", "a value like"),
            "nimflow.yaml:10:7: data: must not be empty",
            (acme + ":1:10: cluster: ", "'ftp://x' is not an address like https://"),
            (acme + ":2:10: country: ", "two capital letters"),
            (acme + ":4:8: cpu: ", "61s is out of range"),
            (acme + ":5:12: workers: ", "limit workers: 0 is out of range; allowed are 1 to 256"),
            (acme + ":6:20: concurrent_runs: ", "'many' is not a whole number"),
            (acme + ":7:18: cpu_per_minit: ", "did you mean 'cpu_per_minute'?"),
            (acme + ":8:18: request_timeout: ", "'10' is not a duration"),
            beta + ":3:10: country: a single value is expected")

    def test_unknown_key_without_a_near_one_lists_all(self):
        self.write("nimflow.yaml", "listen: 127.0.0.1:0\nzzzzzz: 1\n")
        self.refuses(("nimflow.yaml:2:1: unknown key 'zzzzzz'; known: listen, metrics_listen, public_url, data, key_file, drain, log_level"))

    def test_duplicate_key(self):
        self.write("nimflow.yaml", "listen: 127.0.0.1:0\ndata: a\n\ndata: b\n")
        self.refuses("nimflow.yaml:4:1: key 'data' stands here twice (first in line 2)")

    def test_a_tenant_may_have_more_than_the_host_but_not_more_than_the_highest(self):
        self.write("nimflow.yaml", "listen: 127.0.0.1:0\nlimits:\n  memory: 8MiB\n")
        self.write("tenants/acme/tenant.yaml", TENANT + "limits:\n  cpu: 1s\n  memory: 9MiB\n")
        self.assertEqual((0, []), self.serve("--check-config"))
        self.write("tenants/acme/tenant.yaml", TENANT + "limits:\n  cpu: 1s\n  memory: 81MiB\n")
        self.refuses(("tenants/acme/tenant.yaml:5:11: memory: ", "81MiB is out of range; allowed are 1 to 83886080 bytes"))

    def test_a_token_goes_over_plain_http_to_this_machine_only(self):
        self.write("tenants/acme/tenant.yaml", "cluster: http://api.example.com\ntoken_file: token\n")
        self.refuses(("tenants/acme/tenant.yaml:1:10: cluster: ", "plain http is allowed to this machine only", "use https"))

    def test_addresses(self):
        for wrong in ("8080", ":8080", "localhost:", "localhost:65536", "localhost:-1", "localhost:80x", "[::1]"):
            self.write("nimflow.yaml", f"listen: '{wrong}'\n")
            self.refuses("nimflow.yaml:1:9: listen: ")
        for wrong in ("https://", "api.example.com", "https://user@example.com", "https://example.com/#x", "file:///etc"):
            self.write("nimflow.yaml", f"listen: 127.0.0.1:0\npublic_url: '{wrong}'\n")
            self.refuses("nimflow.yaml:2:13: public_url: ")

    def test_no_tenant(self):
        shutil.rmtree(os.path.join(self.dir, "tenants"))
        self.refuses(("nimflow.yaml: no tenant found; make ", "tenants/NAME/tenant.yaml"))


class Texts(Folder):
    def check(self, text, *parts):
        self.write("nimflow.yaml", text)
        self.refuses(parts)

    def test_broken_yaml(self):
        self.check("listen:\t127.0.0.1:0\n\tdata: x\n", "nimflow.yaml:2:1: ", "tab")
        self.check('listen: "127.0.0.1:0\n', "nimflow.yaml:2:1: ")
        self.check("listen: 127.0.0.1:0\nlimits: {cpu: 1s, [\n", "nimflow.yaml:2:19: a key must be plain text")
        self.check("listen: 127.0.0.1:0\nlimits: {cpu: 1s\n", "nimflow.yaml:3:1: ")
        self.check(b"listen: \xff\n", "nimflow.yaml:", "UTF-8")
        self.check("a: " + "[" * 100 + "\n", "nimflow.yaml:1:20: nested too deeply")

    def test_what_is_not_supported(self):
        self.check("listen: &a 127.0.0.1:0\n", "nimflow.yaml:1:9: anchors, aliases and tags")
        self.check("listen: !!str 127.0.0.1:0\n", "nimflow.yaml:1:9: anchors, aliases and tags")
        self.check("listen: *a\n", "nimflow.yaml:1:9: anchors, aliases and tags")
        self.check("listen: 127.0.0.1:0\n---\ndata: x\n", "nimflow.yaml:3:1: only one document is expected")
        self.check("- listen\n", "nimflow.yaml:1:1: settings are expected")
        self.check("listen\n", "nimflow.yaml:1:1: settings are expected")
        self.check("? [a]\n: b\n", "nimflow.yaml:1:3: a key must be plain text")
        self.check('data: "a\\0b"\n', "nimflow.yaml:1:7: ", "NUL")
        self.check("# " + "x" * (1 << 20), "nimflow.yaml: larger than 1 MiB")

    def test_a_name_that_looks_like_something_else_stays_a_name(self):
        self.write("tenants/acme/tenant.yaml", TENANT + "country: NO\n")  # Norway, no truth value
        self.assertEqual((0, []), self.serve("--check-config"))

    def test_a_country_that_is_none(self):
        self.write("tenants/acme/tenant.yaml", TENANT + "country: XX\n")
        self.refuses(("tenant.yaml:3:10: country: ", "'XX' is no country with telephone numbers"))

    def test_missing_file(self):
        self.refuses("nope.yaml: No such file or directory", config="nope.yaml")
        self.refuses("tenants: Is a directory", config="tenants")


class Surroundings(Folder):
    def test_port_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            self.write("nimflow.yaml", f"listen: 127.0.0.1:{port}\n")
            self.fails(f"127.0.0.1:{port}", "address already in use")
        self.assertFalse(os.path.exists(os.path.join(self.dir, "data")), "it touched data before it knew that it can run")

    def test_data_is_no_folder(self):
        self.write("data", "a file\n")
        self.fails("data", "Not a directory")

    def test_data_cannot_be_made(self):
        self.write("nimflow.yaml", "listen: 127.0.0.1:0\ndata: /proc/nimflow\n")
        self.fails("/proc/nimflow", "No such file or directory")

    def test_data_is_no_database(self):
        self.write("data/nimflow.db", b"this is no database\n" * 500)
        self.fails("data/nimflow.db", "not a database")

    def test_token(self):
        os.remove(os.path.join(self.dir, "tenants/acme/token"))
        self.fails("tenant acme", "tenants/acme/token", "No such file or directory")
        self.write("tenants/acme/token", "secret\n", 0o644)
        self.fails("tenant acme", "tenants/acme/token", "chmod 600")
        self.write("tenants/acme/token", "\n")
        self.fails("tenant acme", "tenants/acme/token", "1 to 8192 bytes is expected in the first line")
        self.write("tenants/acme/token", "x" * 10000)
        self.fails("tenant acme", "tenants/acme/token", "1 to 8192 bytes")


class InUse(unittest.TestCase):
    def test_a_second_host_in_the_same_data_folder(self):
        nimbus = Nimbus()
        host = Host(nimbus.url).start()
        try:
            done = host.command("serve", "--config", os.path.join(host.dir, "nimflow.yaml"))
            self.assertEqual(3, done.returncode, done.stderr)
            self.assertIn(os.path.join(host.dir, "data"), done.stderr)
            self.assertIn("in use by another nimflow", done.stderr)
            self.assertTrue(host.ready(), "the first one was disturbed")
            self.assertEqual([], host.runs(), "its admin socket still answers")
        finally:
            self.assertEqual(0, host.end(), host.program.errors)
            nimbus.close()
            host.remove()


if __name__ == "__main__":
    unittest.main()
