# SPDX-License-Identifier: Apache-2.0
"""People who sign in at the simulator's identity server, and a host whose tenant is set up for it."""
import json
import os
import re
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from host import Host, wait_until
from programs import Program, path

CLIENT = "11111111-2222-3333-4444-555555555555"
SCOPE = "api/.default offline_access openid"


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args):
        return None


def fetch(url, form=None):
    """(status, headers, text); redirects are not followed."""
    data = urllib.parse.urlencode(form).encode() if form is not None else None
    try:
        with urllib.request.build_opener(NoRedirect).open(url, data, timeout=60) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


class Entra:
    """The identity server of a simulator, as a person and as a test see it."""

    def __init__(self, sim):
        self.sim = sim

    def state(self):
        return json.loads(self.sim.raw("GET", "/sim/identity")[2])

    def set(self, **what):
        status, _, text = self.sim.raw("POST", "/sim/identity", what)
        assert status == 200, text

    def enter(self, address, code, upn):
        """Enter a device code; an empty UPN declines."""
        status, _, text = fetch(address, {"code": code, "upn": upn})
        assert status == 200, text

    def browse(self, address, upn):
        """Sign in in a "browser": the address that it goes back to."""
        status, _, page = fetch(address)
        assert status == 200, page
        form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
        form = {name: re.sub("&#(\\d+);", lambda m: chr(int(m[1])), value) for name, value in form.items()}
        status, headers, text = fetch(address.split("?")[0], {**form, "upn": upn})
        assert status == 302, text
        return headers["location"]


class SignedHost(Host):
    """A host whose tenant has no token file; `connect` signs people in."""

    def __init__(self, sim, tenant="", flows=None, authority=None):
        super().__init__(sim.url, flows=flows)
        self.entra = Entra(sim)
        self.write("tenants/acme/tenant.yaml",
                   f"cluster: {sim.url}\nauthority: {authority or sim.url + '/organizations'}\n"
                   f"client_id: {CLIENT}\nscope: {SCOPE}\n" + tenant)
        os.remove(os.path.join(self.dir, "tenants/acme/token"))
        if hasattr(sim, "raw"):  # the simulator: everybody may do everything
            for upn in ("agent1@contoso.example", "agent2@contoso.example"):
                status, _, text = sim.raw("POST", "/sim/users/" + upn, {"role": "Tenant Admin"})
                assert status == 200, text

    def config(self):
        return os.path.join(self.dir, "nimflow.yaml")

    def begin(self, *args):
        """Start `nimflow connect nimbus acme`; the program and what it shows first."""
        program = Program("nimflow", "connect", "nimbus", "acme", "--json", "--config", self.config(), *args)
        return program, json.loads(program.wait_line('"state":"'))

    def finish(self, program):
        """The exit status of a `connect` and its last line."""
        wait_until(lambda: program.process.poll() is not None, 60, "the end of connect")
        wait_until(lambda: program.lines and program.lines[-1].startswith("{"), what="its last line")
        status = program.process.returncode
        program.end()
        return status, json.loads(program.lines[-1])

    def connect(self, upn="admin@contoso.example", *args):
        """Sign somebody in with a device code; what `connect` said at the end."""
        program, shown = self.begin(*args)
        self.entra.enter(shown["address"], shown["user_code"], upn)
        return self.finish(program)

    def connections(self):
        done = self.command("connect", "list", "acme", "--json", "--config", self.config())
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        return {row["name"]: row for row in json.loads(done.stdout)["connections"]}

    def wait_connection(self, name, condition, timeout=60, what="the connection's state"):
        return wait_until(lambda: (lambda row: row if row and condition(row) else None)(self.connections().get(name)),
                          timeout, what)


__all__ = ["CLIENT", "Entra", "SignedHost", "fetch", "path", "subprocess"]
