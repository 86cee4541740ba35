# SPDX-License-Identifier: Apache-2.0
"""oidc-provider, a certified identity server that nobody here wrote, and a browser of few words for its pages."""
import html
import http.cookiejar
import os
import re
import socket
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request

import node

VERSION = "9.13.3"


def install():
    """Where the package is; the test is skipped when it cannot be had."""
    return node.install("oidc-provider", VERSION)


class Provider:
    def __init__(self, client, life):
        folder = install()
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "oidc_server.mjs")
        self.process = subprocess.Popen(["node", script, folder, str(port), client, str(life)], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        if self.process.stdout.readline().strip() != "listening":
            raise AssertionError(self.process.stderr.read())
        for stream in (self.process.stdout, self.process.stderr):
            threading.Thread(target=stream.read, daemon=True).start()

    def takes(self, token):
        """Does the server know this access token?"""
        request = urllib.request.Request(self.url + "/me", headers={"authorization": "Bearer " + token})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status == 200
        except urllib.error.HTTPError:
            return False

    def end(self):
        self.process.terminate()
        self.process.wait()


class Person:
    """Follows links and sends forms; its cookies are its own."""

    def __init__(self):
        jar = http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(rfc2965=False))
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))

    def open(self, url, form=None):
        """(address in the end, page)."""
        data = urllib.parse.urlencode(form).encode() if form is not None else None
        with self.opener.open(url, data, timeout=60) as answer:
            return answer.geturl(), answer.read().decode()

    def send(self, url, page, **fields):
        """Send the first form of a page with its hidden fields and these."""
        action = re.search(r'<form[^>]*action="([^"]*)"', page)
        form = {}
        for tag in re.findall(r"<(?:input|button)[^>]*>", page):
            name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
            if name and 'type="submit"' not in tag and 'name="abort"' not in tag:
                form[name[1]] = html.unescape(value[1]) if value else ""
        form.update(fields)
        return self.open(urllib.parse.urljoin(url, html.unescape(action[1])) if action else url, form)

    def sign_in(self, url, page, user):
        """Through the login and the consent page."""
        url, page = self.send(url, page, login=user, password="any")
        return self.send(url, page)
