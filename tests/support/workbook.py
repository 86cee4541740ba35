# SPDX-License-Identifier: Apache-2.0
"""workbook.py: small .xlsx files for tests, part by part, so that each can be wrong in its own way."""
import io
import zipfile

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def relations(*pairs):
    items = "".join(f'<Relationship Id="rId{i}" Type="{OFFICE}/{kind}" Target="{target}"/>'
                    for i, (kind, target) in enumerate(pairs, 1))
    return f'<Relationships xmlns="{PACKAGE}">{items}</Relationships>'


def sheet(rows_xml):
    return f'<worksheet xmlns="{MAIN}"><sheetData>{rows_xml}</sheetData></worksheet>'


def inline(text):
    return f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def table(name, ref, columns, extra=""):
    items = "".join(f'<tableColumn id="{i}" name="{c}"/>' for i, c in enumerate(columns, 1))
    return f'<table xmlns="{MAIN}" id="1" name="{name}" displayName="{name}" ref="{ref}" {extra}><tableColumns>{items}</tableColumns></table>'


def parts(sheets, strings=None, styles=None, tables=None, workbook_extra=""):
    """sheets: {name: xml of the sheet}; tables: {name of the sheet: [xml, ...]}. Returns {path: text}."""
    made = {"_rels/.rels": relations(("officeDocument", "xl/workbook.xml"))}
    names = "".join(f'<sheet name="{name}" sheetId="{i}" r:id="rId{i}"/>' for i, name in enumerate(sheets, 1))
    made["xl/workbook.xml"] = (f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">{workbook_extra}<sheets>{names}</sheets>'
                               '</workbook>')
    pairs = [("worksheet", f"worksheets/sheet{i}.xml") for i in range(1, len(sheets) + 1)]
    number = 0
    for i, (name, xml) in enumerate(sheets.items(), 1):
        made[f"xl/worksheets/sheet{i}.xml"] = xml
        own = []
        for text in (tables or {}).get(name, []):
            number += 1
            made[f"xl/tables/table{number}.xml"] = text
            own.append(("table", f"../tables/table{number}.xml"))
        if own:
            made[f"xl/worksheets/_rels/sheet{i}.xml.rels"] = relations(*own)
    if strings is not None:
        made["xl/sharedStrings.xml"] = f'<sst xmlns="{MAIN}">{strings}</sst>'
        pairs.append(("sharedStrings", "sharedStrings.xml"))
    if styles is not None:
        made["xl/styles.xml"] = f'<styleSheet xmlns="{MAIN}">{styles}</styleSheet>'
        pairs.append(("styles", "styles.xml"))
    made["xl/_rels/workbook.xml.rels"] = relations(*pairs)
    return made


def pack(files, compression=zipfile.ZIP_DEFLATED):
    """The bytes of an archive of {path: text or bytes}."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for path, data in files.items():
            archive.writestr(path, data)
    return out.getvalue()
