#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_reader.py: nimflow-reader from outside: what it makes of good files, and that bad ones get a clear error."""
import json
import os
import pathlib
import subprocess
import sys
import time
import unittest
import zipfile
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import workbook as wb  # noqa: E402

READER = pathlib.Path(os.environ.get("NF_BUILD", "build/dev")) / "nimflow-reader"
SOURCE = pathlib.Path(__file__).resolve().parents[2]
CACHE = READER.with_name("CMakeCache.txt")
INSTRUMENTED = bool(os.environ.get("NF_SANITIZE")) or (CACHE.exists() and "NF_COVERAGE:BOOL=ON" in CACHE.read_text())


def run(kind, name, data):
    done = subprocess.run([READER, kind, name], input=data, capture_output=True, timeout=120)
    if done.returncode:
        raise AssertionError(f"{name}: exit {done.returncode}: {done.stderr.decode(errors='replace')}")
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


class Case(unittest.TestCase):
    maxDiff = None

    def good(self, kind, name, data):
        """Columns and rows of the only table."""
        lines = run(kind, name, data)
        self.assertNotIn("error", lines[-1], lines[-1])
        self.assertEqual(lines[-1], {"end": True, "rows": len(lines) - 2})
        return lines[0]["columns"], lines[1:-1]

    def bad(self, kind, name, data, *texts, error_kind=None):
        last = run(kind, name, data)[-1]
        self.assertIn("error", last)
        for text in texts:
            self.assertIn(text, last["error"])
        if error_kind:
            self.assertEqual(last["kind"], error_kind)

    def problem(self, kind, name, data, text):
        lines = run(kind, name, data)
        self.assertIn(text, lines[0].get("problem", ""))
        self.assertTrue(lines[-1]["end"])


class Csv(Case):
    def csv(self, data):
        return self.good("csv", "a.csv", data if isinstance(data, bytes) else data.encode())

    def test_delimiters(self):
        for d in ";,\t|":
            columns, rows = self.csv(f"Name{d}Phone{d}Ort\nEva{d}079 1{d}Zürich\n")
            self.assertEqual((columns, rows), (["Name", "Phone", "Ort"], [["Eva", "079 1", "Zürich"]]))

    def test_delimiter_inside_values(self):
        self.assertEqual(self.csv("Name;Betrag\nA;1,5\nB;2,5\n")[1], [["A", "1,5"], ["B", "2,5"]])
        self.assertEqual(self.csv('Name,Note\nA,"x;y;z"\n')[1], [["A", "x;y;z"]])
        self.assertEqual(self.csv("sep=|\nA,B|C\n1|2\n"), (["A,B", "C"], [["1", "2"]]))

    def test_one_column(self):
        self.assertEqual(self.csv("Phone\n+41791234567\n"), (["Phone"], [["+41791234567"]]))

    def test_quotes_and_line_breaks(self):
        self.assertEqual(self.csv('A,B\r\n"x ""y""\r\nz",\r\n'), (["A", "B"], [['x "y"\r\nz', None]]))
        self.assertEqual(self.csv('A;B\n5" disk;x"y\n')[1], [['5" disk', 'x"y']])
        self.assertEqual(self.csv("A;B\r1;2\r3;4")[1], [["1", "2"], ["3", "4"]])

    def test_values_stay_text(self):
        self.assertEqual(self.csv("A;B\n0041791234567;1e5\n")[1], [["0041791234567", "1e5"]])

    def test_encodings(self):
        text = "Name;Ort\nZoë Brönnimann–Šić;€ Zürich\n"
        for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"):
            self.assertEqual(self.csv(text.encode(encoding))[1], [["Zoë Brönnimann–Šić", "€ Zürich"]], encoding)
        western = "Name;Ort\nZoë Brönnimann–Š;€ Zürich\n".encode("cp1252")
        self.assertEqual(self.csv(western)[1], [["Zoë Brönnimann–Š", "€ Zürich"]])
        self.assertEqual(self.csv("A\n😀\n".encode("utf-16"))[1], [["😀"]])

    def test_empty_rows_and_cells(self):
        self.assertEqual(self.csv("\n;;\nA;;B;\n1;;2;\n\n;;;\n3\n")[:2], (["A", "B"], [["1", "2"], ["3", None]]))

    def test_errors(self):
        self.problem("csv", "a.csv", b"Name,Phone,Name\n1,2,3\n", "columns A and C have the same name 'Name'")
        self.problem("csv", "a.csv", b"", "empty")
        self.bad("csv", "a.csv", b"A,,C\n1,2,3\n", "a.csv: row 2 has a value in column B (2)", "no name")
        self.bad("csv", "a.csv", b"A,B\n1,2\n1,2,3\n", "row 3", "column C (3)")
        self.bad("csv", "a.csv", b'A,B\n1,"2\n3,4\n', "line 2", "never closed")
        self.bad("csv", "a.csv", b"A\n\0\0\0\n", "zero bytes")
        self.bad("csv", "a.csv", b"PK\3\4xxxx", "zip archive", ".xlsx")
        self.bad("csv", "a.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "save it as .xlsx")

    def test_limits(self):
        self.bad("csv", "a.csv", b"A\n" + b"x" * 200000, "row 2, column A", "128 KiB", error_kind="limit")
        self.bad("csv", "a.csv", ",".join(f"c{i}" for i in range(1001)).encode(), "1000 columns", error_kind="limit")
        self.bad("csv", "a.csv", b"A\n" + b"1\n" * 1000001, "1000000 rows", error_kind="limit")
        self.bad("csv", "a.csv", b"A\n" * (33 << 20), "64 MiB", error_kind="limit")


NUMBER_CASES = {"41791234567": 41791234567, "4.1791234567E10": 41791234567, "791234567.0": 791234567, "1.5": 1.5,
                "0.30000000000000004": 0.3, "-7": -7, "1E-3": 0.001, "0": 0}


class Xlsx(Case):
    def book(self, *args, **named):
        return wb.pack(wb.parts(*args, **named))

    def rows(self, rows_xml, **named):
        return self.good("xlsx", "a.xlsx", self.book({"S": wb.sheet(rows_xml)}, **named))

    def test_address_book(self):
        data = (SOURCE / "examples/lists/Addressbook.xlsx").read_bytes()
        lines = run("xlsx", "Addressbook.xlsx", data)
        self.assertEqual((lines[0]["sheet"], lines[0]["table"]), ("Contacts", "Contacts"))
        self.assertEqual(lines[-1], {"end": True, "rows": 199})
        first = dict(zip(lines[0]["columns"], lines[1]))
        self.assertEqual((first["FirstName"], first["LastName"], first["VIP"]), ("Jürg", "Müller", True))
        phones = [row[lines[0]["columns"].index("MobilePhone")] for row in lines[1:-1]]
        self.assertIn(41794567890, phones)
        self.assertIn(None, phones)

    def test_kinds_of_cells(self):
        columns, rows = self.rows(
            "<row>" + "".join(wb.inline(c) for c in "ABCDEFG") + "</row><row>"
            '<c t="s"><v>0</v></c><c t="s"><v>1</v></c><c t="b"><v>1</v></c><c t="b"><v>0</v></c>'
            '<c t="e"><v>#N/A</v></c><c t="str"><f>1</f><v>formula &amp; text</v></c><c><v>5</v></c></row>',
            strings="<si><t>Zoë</t></si><si><r><t>rich </t></r><r><t>text</t></r><rPh sb='0' eb='1'><t>no</t></rPh></si>")
        self.assertEqual(columns, list("ABCDEFG"))
        self.assertEqual(rows, [["Zoë", "rich text", True, False, None, "formula & text", 5]])

    def test_numbers(self):
        for text, want in NUMBER_CASES.items():
            done = subprocess.run([READER, "xlsx", "a.xlsx"], capture_output=True, timeout=60, input=self.book(
                {"S": wb.sheet(f"<row>{wb.inline('A')}</row><row><c><v>{text}</v></c></row>")}))
            line = done.stdout.decode().splitlines()[1]
            self.assertEqual(json.loads(line), [want])
            if isinstance(want, int):
                self.assertEqual(line, f"[{want}]")

    def test_dates(self):
        styles = ('<numFmts><numFmt numFmtId="164" formatCode="[$-807]dd\\.mm\\.yyyy;@"/><numFmt numFmtId="165" '
                  'formatCode="hh:mm:ss"/><numFmt numFmtId="166" formatCode="0.00&quot; Mio &quot;"/><numFmt numFmtId="167" '
                  'formatCode="[h]:mm"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/>'
                  '<xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="22"/><xf numFmtId="166"/>'
                  '<xf numFmtId="167"/></cellXfs>')
        cases = [(1, "46348", "2026-11-22"), (2, "46348", "2026-11-22"), (3, "0.34380787037", "08:15:05"),
                 (4, "46348.5", "2026-11-22T12:00:00"), (5, "46348", 46348), (6, "1.5", 1.5), (1, "1", "1900-01-01"),
                 (1, "61", "1900-03-01"), (1, "-3", -3), (0, "46348", 46348)]
        head = "".join(wb.inline(f"c{i}") for i in range(len(cases)))
        cells = "".join(f'<c s="{style}"><v>{value}</v></c>' for style, value, _ in cases)
        _, rows = self.rows(f"<row>{head}</row><row>{cells}</row>", styles=styles)
        self.assertEqual(rows, [[want for _, _, want in cases]])
        _, rows = self.rows(f"<row>{wb.inline('A')}</row><row><c s='1'><v>44886</v></c></row>", styles=styles,
                            workbook_extra='<workbookPr date1904="1"/>')
        self.assertEqual(rows, [["2026-11-22"]])

    def test_gaps(self):
        columns, rows = self.rows(
            f'<row r="3"><c r="B3" t="inlineStr"><is><t> Name </t></is></c><c r="D3" t="inlineStr"><is><t>Ort</t></is></c></row>'
            '<row r="4"><c r="C4"><v>9</v></c></row><row r="5"/>'
            '<row r="9"><c r="D9"><v>1</v></c><c r="Z9"><v>7</v></c></row>')
        self.assertEqual((columns, rows), (["Name", "Ort"], [[None, 1]]))

    def test_named_tables(self):
        rows = "".join(f'<row r="{r}">' + "".join(f'<c r="{c}{r}"><v>{r}{i}</v></c>' for i, c in enumerate("ABCDEF")) + "</row>"
                       for r in range(1, 8))
        lines = run("xlsx", "a.xlsx", self.book(
            {"Plain": wb.sheet(f"<row>{wb.inline('X')}</row>"), "Two": wb.sheet(rows)},
            tables={"Two": [wb.table("First", "A1:B3", ["a", "b_x000a_c"]),
                            wb.table("Second", "$D$2:$E$6", ["d", "e"], 'totalsRowCount="1"')]}))
        self.assertEqual(lines, [
            {"sheet": "Plain", "table": None, "columns": ["X"]},
            {"sheet": "Two", "table": "First", "columns": ["a", "b\nc"]}, [20, 21], [30, 31],
            {"sheet": "Two", "table": "Second", "columns": ["d", "e"]}, [33, 34], [43, 44], [53, 54],
            {"end": True, "rows": 5}])

    def test_prefixes_and_absolute_targets(self):
        files = wb.parts({"S": "<x:worksheet xmlns:x='m'><x:sheetData><x:row><x:c t='inlineStr'><x:is><x:t>A</x:t></x:is></x:c>"
                               "</x:row><x:row><x:c><x:v>1</x:v></x:c></x:row></x:sheetData></x:worksheet>"})
        files["xl/_rels/workbook.xml.rels"] = wb.relations(("worksheet", "/xl/worksheets/sheet1.xml"))
        self.assertEqual(self.good("xlsx", "a.xlsx", wb.pack(files)), (["A"], [[1]]))

    def test_a_bad_sheet_leaves_the_others(self):
        lines = run("xlsx", "a.xlsx", self.book({
            "Empty": wb.sheet(""), "Twice": wb.sheet(f"<row>{wb.inline('A')}{wb.inline('A')}</row><row><c><v>1</v></c></row>"),
            "Good": wb.sheet(f"<row>{wb.inline('A')}</row><row><c><v>1</v></c></row>")}))
        self.assertIn("it is empty", lines[0]["problem"])
        self.assertIn("columns A and B have the same name 'A'", lines[1]["problem"])
        self.assertEqual(lines[2:], [{"sheet": "Good", "table": None, "columns": ["A"]}, [1], {"end": True, "rows": 1}])

    def test_other_files(self):
        ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
        self.bad("xlsx", "Addressbook.xlsx", b"Name;Phone\n",
                 "Addressbook.xlsx is not an Excel workbook (.xlsx): it is no zip archive; save it as .xlsx")
        self.bad("xlsx", "a.xlsx", b"", "it is empty")
        self.bad("xlsx", "a.xlsx", ole, "old Excel workbook (.xls); save it as .xlsx")
        self.bad("xlsx", "a.xlsx", ole + "EncryptedPackage".encode("utf-16-le"), "protected by a password")
        self.bad("xlsx", "a.xlsx", b"PK\3\4" + bytes(100), "broken zip archive")
        self.bad("xlsx", "a.xlsx", wb.pack({"readme.txt": "x"}), "no workbook is in it; save it as .xlsx")
        self.bad("xlsx", "a.xlsx", wb.pack({"META-INF/manifest.xml": "x"}), "OpenDocument")
        self.bad("xlsx", "a.xlsx", wb.pack({"_rels/.rels": wb.relations(("officeDocument", "xl/workbook.bin")),
                                            "xl/workbook.bin": b"x"}), ".xlsb")
        good = self.book({"S": wb.sheet(f"<row>{wb.inline('A')}</row>")})
        for cut in (10, len(good) // 2, len(good) - 5):
            self.bad("xlsx", "a.xlsx", good[:cut], "zip archive")

    def test_broken_parts(self):
        for rows, text in (("<row><c></row>", "XML is broken"), ('<row><c t="s"><v>7</v></c></row>', "text is missing"),
                           ('<row><c r="!!"><v>7</v></c></row>', "address '!!'")):
            self.bad("xlsx", "a.xlsx", self.book({"S": wb.sheet(rows)}), "a.xlsx, sheet 'S'", text, error_kind="parse")
        files = wb.parts({"S": wb.sheet("")})
        del files["xl/worksheets/sheet1.xml"]
        self.bad("xlsx", "a.xlsx", wb.pack(files), "xl/worksheets/sheet1.xml is missing")
        self.bad("xlsx", "a.xlsx", self.book({"S": wb.sheet("")}, tables={"S": [wb.table("T", "A1:C3", ["a"])]}), "'T'")

    def test_entities_are_refused(self):
        bomb = ('<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
                f'<worksheet><sheetData><row><c t="str"><v>&b;</v></c></row></sheetData></worksheet>')
        self.bad("xlsx", "a.xlsx", self.book({"S": bomb}), "document type (DTD)", error_kind="parse")
        out = '<!DOCTYPE x SYSTEM "file:///etc/passwd"><worksheet/>'
        self.bad("xlsx", "a.xlsx", self.book({"S": out}), "document type (DTD)")

    def test_bombs(self):
        self.bad("xlsx", "a.xlsx", self.book({"S": wb.sheet(" " * (40 << 20))}), "250 times", "zip bomb", error_kind="limit")
        self.bad("xlsx", "a.xlsx", wb.pack({f"f{i}": "" for i in range(10001)}), "10000", error_kind="limit")
        deep = "<a>" * 1000 + "</a>" * 1000
        self.bad("xlsx", "a.xlsx", self.book({"S": wb.sheet(deep)}), "deeper than 200", error_kind="limit")
        self.bad("xlsx", "a.xlsx", self.book({"S": wb.sheet(f"<row>{wb.inline('x' * 200000)}</row>")}), "128 KiB",
                 error_kind="limit")
        self.bad("xlsx", "a.xlsx", self.book({f"S{i}": wb.sheet("") for i in range(201)}), "200 sheets", error_kind="limit")

    def test_a_bomb_that_lies_about_its_size(self):
        data = bytearray(self.book({"S": wb.sheet(" " * (40 << 20))}))
        size = (40 << 20) + len(wb.sheet(""))
        lie = size.to_bytes(4, "little")
        self.assertIn(lie, data)
        while lie in data:
            at = data.index(lie)
            data[at:at + 4] = (1000).to_bytes(4, "little")
        self.assertIn("error", run("xlsx", "a.xlsx", bytes(data))[-1])

    def test_a_bomb_that_says_its_size(self):
        files = wb.parts({"S": wb.sheet("")})
        data = bytearray(wb.pack({**files, "big": zlib.compress(b"x")}, zipfile.ZIP_STORED))
        place = data.rindex(b"big") - 46 + 24  # the size in the directory's entry
        data[place:place + 4] = (0xF0000000).to_bytes(4, "little")
        self.bad("xlsx", "a.xlsx", bytes(data), "more than 1024 MiB", error_kind="limit")


class LockDown(Case):
    def status_while_it_writes(self):
        """/proc/PID/status of a reader that waits for somebody to take its result."""
        data = b"A\n" + b"0123456789\n" * 100000
        child = subprocess.Popen([READER, "csv", "a.csv"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            child.stdin.write(data)
            child.stdin.close()
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                status = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{child.pid}/status").read_text().splitlines()
                              if ":\t" in line)
                if status.get("Seccomp", "").strip() == "2":
                    return status, pathlib.Path(f"/proc/{child.pid}/limits").read_text()
                time.sleep(0.02)
            self.fail("no filter was set")
        finally:
            child.stdout.close()
            child.kill()
            child.wait()

    @unittest.skipIf(INSTRUMENTED, "sanitizers and coverage need more than the filter allows")
    def test_nothing_is_left(self):
        status, limits = self.status_while_it_writes()
        self.assertEqual(status["NoNewPrivs"].strip(), "1")
        for name in ("Max open files", "Max processes", "Max core file size"):
            line = next(line for line in limits.splitlines() if line.startswith(name))
            self.assertEqual(line[len(name):].split()[:2], ["0", "0"])

    def test_usage(self):
        for arguments in ([], ["csv"], ["pdf", "x"]):
            done = subprocess.run([READER, *arguments], capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
            self.assertEqual(done.returncode, 2)
            self.assertIn(b"usage", done.stderr)


if __name__ == "__main__":
    if not READER.exists():
        print(f"skipped: {READER} is not built")
        sys.exit(77)
    unittest.main()
