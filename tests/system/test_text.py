# SPDX-License-Identifier: Apache-2.0
"""text.plain: what it makes of HTML, and that Nimbus's rule of plain text takes whatever comes out."""
import json
import os
import tempfile
import subprocess
import unittest

from programs import path

CASES = {
    "": "",
    "plain": "plain",
    "a < b and c > d": "a < b and c > d",
    "1<2>3": "1<2>3",
    "<b>bold</b> and <i class='x'>italic</i>": "bold and italic",
    "<p>one</p><p>two</p>": "one\n\ntwo",
    "one<br>two<BR/>three": "one\ntwo\nthree",
    "<ul><li>a</li><li>b</li></ul>": "a\n\nb",
    "<td>a</td><td>b</td>": "a b",
    "<style>p { color: red }</style>x<script>if (a<b) alert('</b>')</script>y": "xy",
    "<head><title>t</title></head><body>x</body>": "x",
    "<!-- no <b> --> x": "x",
    "<!DOCTYPE html><html>x</html>": "x",
    "x <!-- never closed": "x",
    "Gr&uuml;ezi &amp; &lt;b&gt; &#8364; &#x20AC; &euro;&nbsp;5 &unknown; &#0;&#xD800;": "Grüezi & < b> € € € 5 &unknown;",
    "a\r\nb\rc\n\n\n\nd": "a\nb\nc\n\nd",
    "bell\u0007 and\u0000 null\u007f": "bell and null",
    "§ Â\u00a0x": "§ Â x",
    "unclosed <b": "unclosed < b",
    "<a<b>x": "x",
    "<<b>>": "<>",
}


class Plain(unittest.TestCase):
    def run_script(self, source, *args):
        with tempfile.NamedTemporaryFile("w", suffix=".lua", encoding="utf-8") as file:
            file.write(source)
            file.flush()
            done = subprocess.run([path("nimflow"), "run", "--json", "--script", "--dry-run", *args, file.name], timeout=120,
                                  capture_output=True, text=True, check=False)
        return json.loads(done.stdout)

    def script(self, values, body):
        return f"local values = json.decode([==[{json.dumps(values)}]==])\n" + body

    def test_cases(self):
        texts = list(CASES)
        run = self.run_script(self.script(texts, """
            local out = {}
            for i, value in ipairs(values) do out[i] = text.plain(value) end
            return out"""))
        self.assertEqual("done", run["outcome"], run)
        for given, got in zip(texts, run["result"]):
            with self.subTest(given):
                self.assertEqual(CASES[given], got)

    def test_the_result_is_always_taken(self):
        texts = list(CASES) + ["&lt;script&gt;x&lt;/script&gt;", "&#60;b&#62;", "<&#98;>", "<<p>b>", "<b\u0001>", "<\u0001b>"]
        run = self.run_script(self.script(texts, """
            for _, value in ipairs(values) do
              nimbus.tasks.update { taskId = "1", customer = { company = text.plain(value) } }
            end"""))
        self.assertEqual("done", run["outcome"], run)

    def test_it_is_linear(self):
        for piece in ("<", "<a", "<!--", "<script>", "</", "&", "&#", " ", "\\n", "<a>", "<br>"):
            run = self.run_script(f'return #text.plain(("{piece}"):rep((1 << 20) // {len(piece.encode())} - 1))', "--limit",
                                  "cpu=20s" if os.environ.get("NF_SANITIZE") else "cpu=5s", "--limit", "memory=80MiB")
            self.assertEqual("done", run["outcome"], (piece, run["error"]))

    def test_what_is_no_text(self):
        run = self.run_script('return text.plain(nil) == nil')
        self.assertEqual(True, run["result"])
        for argument, words in (("{}", "not a table"), ('("x"):rep(1048577)', "at most 1048576")):
            run = self.run_script(f"text.plain({argument})")
            self.assertIn(words, run["error"]["message"])
            self.assertRegex(run["error"]["where"], r":1$")


if __name__ == "__main__":
    path("nimflow")
    unittest.main()
