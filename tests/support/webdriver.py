# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium, driven through chromedriver by the W3C WebDriver protocol with the standard library alone."""
import base64
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


def _free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Browser:
    """Skips the test (exit 77) when there is no browser to drive."""

    def __init__(self):
        chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
        if not chromium or not driver:
            print("skipped: chromium and chromedriver (Debian: chromium, chromium-driver) are not installed")
            sys.exit(77)
        self.profile = tempfile.mkdtemp(prefix="nf-browser-")
        port = _free_port()
        self.base = f"http://127.0.0.1:{port}"
        self.session = None
        self.driver = subprocess.Popen([driver, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                       env=dict(os.environ, HOME=self.profile))
        try:
            self._until(lambda: self._call("GET", "/status")["ready"])
            options = {"binary": chromium, "args": FLAGS + [f"--user-data-dir={self.profile}/data"]}
            made = self._call("POST", "/session", {"capabilities": {"alwaysMatch": {
                "browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}}})
            self.session = "/session/" + made["sessionId"]
        except BaseException:
            self.close()
            raise

    def _call(self, method, path, body=None):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.base + path, method=method, data=data,
                                         headers={"content-type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {json.load(error)['value']['message']}") from None

    @staticmethod
    def _until(probe, timeout=60, what="the browser"):
        end = time.monotonic() + timeout
        while True:
            try:
                value = probe()
                if value:
                    return value
                error = None
            except (OSError, AssertionError) as raised:
                error = raised
            if time.monotonic() > end:
                raise AssertionError(f"waited {timeout} s for {what}: {error}")
            time.sleep(0.05)

    def open(self, url):
        self._call("POST", self.session + "/url", {"url": url})

    def size(self, width, height):
        self._call("POST", self.session + "/window/rect", {"width": width, "height": height})

    def dark(self, on):
        value = "dark" if on else "light"
        self._call("POST", self.session + "/goog/cdp/execute", {
            "cmd": "Emulation.setEmulatedMedia",
            "params": {"features": [{"name": "prefers-color-scheme", "value": value}]}})

    def script(self, text, *args):
        return self._call("POST", self.session + "/execute/sync", {"script": text, "args": list(args)})

    def find(self, selector):
        return self._call("POST", self.session + "/element", {"using": "css selector", "value": selector})[ELEMENT]

    def click(self, selector):
        self._call("POST", f"{self.session}/element/{self.find(selector)}/click", {})

    def type(self, selector, text):
        element = self.find(selector)
        self._call("POST", f"{self.session}/element/{element}/clear", {})
        self._call("POST", f"{self.session}/element/{element}/value", {"text": text})

    def text(self, selector):
        return self._call("GET", f"{self.session}/element/{self.find(selector)}/text")

    def wait(self, selector, text=None, timeout=60):
        """Wait until an element is there, and contains the text."""
        def probe():
            shown = self.text(selector)
            return text is None or text in shown
        self._until(probe, timeout, f"{selector} with {text!r}")

    def console(self):
        """Messages of the browser's console since the last call: errors of scripts and of the content policy."""
        return [entry["message"] for entry in self._call("POST", self.session + "/se/log", {"type": "browser"})]

    def screenshot(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self._call("GET", self.session + "/screenshot")))

    def close(self):
        try:
            if self.session:
                self._call("DELETE", self.session)
        finally:
            self.driver.terminate()
            self.driver.wait()
            shutil.rmtree(self.profile, ignore_errors=True)
