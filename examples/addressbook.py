#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""addressbook.py: writes lists/Addressbook.xlsx, the same bytes every time. Python's standard library only.

The sheet "Contacts" holds one named table "Contacts" of 200 people, written as an address book grows in real life: telephone
numbers in every spelling people use, some stored as numbers, umlauts, an empty row, two people who share a number,
people without a number.
"""
import pathlib
import random
import zipfile
from xml.sax.saxutils import escape

COLUMNS = ["FirstName", "LastName", "Company", "Department", "Email", "MobilePhone", "VIP", "Language", "CustomerNo",
           "UPN", "ObjectId", "TaskSystemId", "CustomerSince"]
DATE_COLUMN = COLUMNS.index("CustomerSince")

FIRST = ["Anna", "Beat", "Céline", "Daniel", "Eva", "François", "Gülşen", "Hans", "Irène", "Jürg", "Käthi", "Luca", "Märta",
         "Noël", "Ömer", "Petra", "Regula", "Søren", "Thérèse", "Urs", "Vreni", "Walter", "Xenia", "Yves", "Željko"]
LAST = ["Müller", "Meier", "Schmid", "Keller", "Weber", "Huber", "Schneider", "Frei", "Baumann", "Gerber", "Zürcher",
        "Brönnimann", "Hässig", "Lüthi", "Rüegg", "Favre", "Rossi", "Bianchi", "Jørgensen", "Kovač", "Öztürk", "O'Neill"]
COMPANY = ["Contoso AG", "Fabrikam GmbH", "Northwind Sàrl", "Müller & Söhne AG", "Tailspin Toys", "Litware <Schweiz> AG",
           "Wide World Importers", "Alpine Ski House", "Bäckerei Zürcher", "Adventure Works"]
DEPARTMENT = ["Einkauf", "Verkauf", "IT", "Buchhaltung", "Geschäftsleitung", "Logistik", "Empfang", "Forschung"]
LANGUAGE = ["de-CH", "de-CH", "de-CH", "fr-CH", "it-CH", "en-GB"]

# People whom the example flows and their tests rely on, by row of the table.
KNOWN = {
    0: ["Jürg", "Müller", "Contoso AG", "Einkauf", "juerg.mueller@contoso.example", "+41 79 123 45 67", True, "de-CH", 10001,
        None, None, "TASK-2001"],
    1: ["Zoë", "Favre", "Northwind Sàrl", "Verkauf", "zoe.favre@northwind.example", "0041 78 234 56 78", False, "fr-CH",
        10002, None, None, "TASK-2002"],
    2: ["Käthi", "Brönnimann", "Bäckerei Zürcher", "Geschäftsleitung", "kaethi@baeckerei.example", "+41 (0)76 345 67 89",
        True, "de-CH", 10003, None, None, None],
    3: ["Luca", "Bianchi", "Tailspin Toys", "Logistik", "luca.bianchi@tailspin.example", "+39 06 6982 1234", False, "it-CH",
        10004, None, None, None],
    4: ["Hans", "Weber", "Fabrikam GmbH", "IT", "hans.weber@fabrikam.example", "0049 (0)151 2345 6789", False, "de-DE",
        10005, None, None, "TASK-2003"],
    5: ["Petra", "Öztürk", "Alpine Ski House", "Empfang", "petra@alpine.example", 41794567890, False, "de-CH", 10006, None,
        None, None],
    6: ["Urs", "Hässig", "Müller & Söhne AG", "Buchhaltung", "urs.haessig@mueller.example", 795678901, False, "de-CH",
        10007, None, None, None],
    7: ["Regula", "Lüthi", "Adventure Works", "Forschung", "regula@adventure.example", "079 678 90 12", True, "de-CH", 10008,
        None, None, None],
    8: ["Beat", "Lüthi", "Adventure Works", "Forschung", "beat@adventure.example", "+41 79 678 90 12", False, "de-CH",
        10009, None, None, None],  # the same number as Regula: they share a telephone
    9: ["Eva", "Keller", "Contoso AG", "IT", "eva.keller@contoso.example", None, False, "de-CH", 10010,
        "eva.keller@contoso.example", "5d3b1b1e-7c0a-4b8e-9f57-2f1f3c0a9e01", None],
    10: ["Søren", "Jørgensen", "Contoso AG", "Verkauf", "soren.jorgensen@contoso.example", "044 765 43 21", False, "en-GB",
         10011, "soren.jorgensen@contoso.example", "a8c2f0d4-11e3-4c55-8d0e-6b7a4f2c9e02", None],
    11: ["Thérèse", "O'Neill", "Wide World Importers", "Einkauf", "therese@wideworld.example", "+44 20 7946 0958", False,
         "en-GB", 10012, None, None, "TASK-2004"],
}
EMPTY_ROW = 57  # nobody ever cleans up an address book
ROWS = 200
CREATED = (2026, 1, 5, 8, 0, 0)


def phone(rng, number):
    """One of the ways in which a Swiss mobile number is written."""
    code, a, b, c = number[:2], number[2:5], number[5:7], number[7:]
    return rng.choice([
        f"+41 {code} {a} {b} {c}", f"+41 {code} {a} {b} {c}", f"+41{number}", f"0041 {code} {a} {b} {c}", f"0041{number}",
        f"+41 (0){code} {a} {b} {c}", f"0{code} {a} {b} {c}", f"0{code}/{a} {b} {c}", f"0{code} {a}.{b}.{c}",
        int("41" + number), int(number), f"+41\u00a0{code}\u00a0{a}\u00a0{b}\u00a0{c}", f" 0{code} {a} {b} {c} ", None,
    ])


def ascii_name(text):
    table = {"ä": "ae", "ö": "oe", "ü": "ue", "ø": "o", "é": "e", "è": "e", "ë": "e", "ç": "c", "ş": "s", "ž": "z", "č": "c",
             "'": ""}
    return "".join(table.get(c, c) for c in text.lower())


def rows():
    rng = random.Random(20260105)
    for i in range(ROWS):
        since = 36526 + rng.randrange(9500)  # a day between 2000 and 2025
        if i == EMPTY_ROW:
            yield [None] * len(COLUMNS)
            continue
        if i in KNOWN:
            yield KNOWN[i] + [since]
            continue
        first, last, company = rng.choice(FIRST), rng.choice(LAST), rng.choice(COMPANY)
        number = rng.choice(["76", "77", "78", "79"]) + f"{3000000 + i * 7919 % 6000000:07d}"
        domain = ascii_name(company.split()[0]).replace("&", "")
        yield [first, last, company, rng.choice(DEPARTMENT),
               f"{ascii_name(first)}.{ascii_name(last)}{i}@{domain}.example" if rng.random() < 0.9 else None,
               phone(rng, number), rng.random() < 0.1, rng.choice(LANGUAGE), 10001 + i, None, None,
               f"TASK-{3000 + i}" if rng.random() < 0.2 else None, since]


def letter(column):
    return chr(ord("A") + column)


class Strings:
    """The table of shared texts; what a cell needs is the number of its text."""

    def __init__(self):
        self.numbers = {}

    def number(self, text):
        return self.numbers.setdefault(text, len(self.numbers))

    def xml(self):
        items = "".join(f'<si><t xml:space="preserve">{escape(text)}</t></si>' for text in self.numbers)
        return f'<sst xmlns="{MAIN}" uniqueCount="{len(self.numbers)}">{items}</sst>'


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml."


def cell(column, row, value, strings):
    place = f'r="{letter(column)}{row}"'
    if value is None:
        return ""
    if isinstance(value, bool):
        return f'<c {place} t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int):
        style = ' s="1"' if column == DATE_COLUMN else ""
        return f"<c {place}{style}><v>{value}</v></c>"
    return f'<c {place} t="s"><v>{strings.number(value)}</v></c>'


def sheet_xml(table, strings):
    body = "".join(f'<row r="{r}">' + "".join(cell(c, r, v, strings) for c, v in enumerate(values)) + "</row>"
                   for r, values in enumerate(table, 1) if any(v is not None for v in values))
    return (f'<worksheet xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheetData>{body}</sheetData>'
            '<tableParts count="1"><tablePart r:id="rId1"/></tableParts></worksheet>')


def table_xml(count):
    area = f"A1:{letter(len(COLUMNS) - 1)}{count}"
    columns = "".join(f'<tableColumn id="{i}" name="{name}"/>' for i, name in enumerate(COLUMNS, 1))
    return (f'<table xmlns="{MAIN}" id="1" name="Contacts" displayName="Contacts" ref="{area}" totalsRowShown="0">'
            f'<autoFilter ref="{area}"/><tableColumns count="{len(COLUMNS)}">{columns}</tableColumns></table>')


def relations(*pairs):
    items = "".join(f'<Relationship Id="rId{i}" Type="{OFFICE}/{kind}" Target="{target}"/>'
                    for i, (kind, target) in enumerate(pairs, 1))
    return f'<Relationships xmlns="{PACKAGE}/relationships">{items}</Relationships>'


def content_types(*pairs):
    items = "".join(f'<Override PartName="{part}" ContentType="{TYPE}{kind}+xml"/>' for part, kind in pairs)
    return (f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/><Default '
            f'Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>{items}</Types>')


STYLES = (f'<styleSheet xmlns="{MAIN}"><fonts count="1"><font/></fonts><fills count="1"><fill/></fills><borders count="1">'
          '<border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2"><xf numFmtId="0"/>'
          '<xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>')


def parts():
    strings = Strings()
    table = [COLUMNS] + list(rows())
    sheet = sheet_xml(table, strings)
    yield "[Content_Types].xml", content_types(
        ("/xl/workbook.xml", "sheet.main"), ("/xl/worksheets/sheet1.xml", "worksheet"), ("/xl/styles.xml", "styles"),
        ("/xl/sharedStrings.xml", "sharedStrings"), ("/xl/tables/table1.xml", "table"))
    yield "_rels/.rels", relations(("officeDocument", "xl/workbook.xml"))
    yield "xl/workbook.xml", (f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="Contacts" sheetId="1" '
                              'r:id="rId1"/></sheets></workbook>')
    yield "xl/_rels/workbook.xml.rels", relations(("worksheet", "worksheets/sheet1.xml"), ("styles", "styles.xml"),
                                                  ("sharedStrings", "sharedStrings.xml"))
    yield "xl/worksheets/sheet1.xml", sheet
    yield "xl/worksheets/_rels/sheet1.xml.rels", relations(("table", "../tables/table1.xml"))
    yield "xl/tables/table1.xml", table_xml(len(table))
    yield "xl/styles.xml", STYLES
    yield "xl/sharedStrings.xml", strings.xml()


def write(path):
    with zipfile.ZipFile(path, "w") as archive:
        for name, xml in parts():
            info = zipfile.ZipInfo(name, CREATED)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 0
            archive.writestr(info, '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' + xml)


if __name__ == "__main__":
    write(pathlib.Path(__file__).resolve().parent / "lists/Addressbook.xlsx")
