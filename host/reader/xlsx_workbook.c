/* SPDX-License-Identifier: Apache-2.0 */
/* xlsx_workbook.c: see xlsx_workbook.h. */
#include "reader/xlsx_workbook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void copy_text(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%s", text);
}

/* ---- relations ---- */

typedef struct relations {
    const char *part;
    nf_relation_fn *each;
    void *ctx;
} relations;

/* Bytes of the folder of a part, with its slash. */
static size_t folder_length(const char *part)
{
    const char *slash = strrchr(part, '/');
    return slash ? (size_t)(slash - part + 1) : 0;
}

/* "../tables/table1.xml" seen from "xl/worksheets/sheet1.xml" is "xl/tables/table1.xml". */
static void resolve(const char *part, const char *target, char out[NF_PATH_MAX])
{
    size_t folder = folder_length(part);
    if (*target == '/') {
        copy_text(out, NF_PATH_MAX, target + 1);
        return;
    }
    while (strncmp(target, "../", 3) == 0) {
        target += 3;
        if (folder > 0)
            folder--;
        while (folder > 0 && part[folder - 1] != '/')
            folder--;
    }
    snprintf(out, NF_PATH_MAX, "%.*s%s", (int)folder, part, target);
}

static void on_relation(void *ctx, const char *element, const char **attributes, nf_error *err)
{
    relations *r = ctx;
    const char *id = nf_xml_attribute(attributes, "Id"),
               *type = nf_xml_attribute(attributes, "Type");
    const char *target = nf_xml_attribute(attributes, "Target"),
               *mode = nf_xml_attribute(attributes, "TargetMode");
    if (strcmp(element, "Relationship") != 0 || !id || !type || !target
        || (mode && strcmp(mode, "External") == 0))
        return;
    char path[NF_PATH_MAX];
    const char *slash = strrchr(type, '/');
    resolve(r->part, target, path);
    r->each(r->ctx, id, slash ? slash + 1 : type, path, err);
}

static void ignore_close(void *ctx, const char *element, nf_error *err)
{
    (void)ctx, (void)element, (void)err;
}

nf_status nf_relations_read(nf_archive *archive, const char *part, nf_relation_fn *each, void *ctx,
                            nf_error *err)
{
    static const nf_xml_handler handler = {on_relation, ignore_close, NULL};
    relations r = {.part = part, .each = each, .ctx = ctx};
    char path[2 * NF_PATH_MAX];
    size_t folder = folder_length(part);
    snprintf(path, sizeof path, "%.*s_rels/%s.rels", (int)folder, part, part + folder);
    return nf_archive_has(archive, path) ? nf_part_parse(archive, path, &handler, &r, err) : NF_OK;
}

/* ---- workbook ---- */

static void find_workbook(void *ctx, const char *id, const char *type, const char *path,
                          nf_error *err)
{
    nf_workbook *book = ctx;
    (void)id, (void)err;
    if (strcmp(type, "officeDocument") == 0)
        copy_text(book->path, sizeof book->path, path);
}

static void find_parts(void *ctx, const char *id, const char *type, const char *path, nf_error *err)
{
    nf_workbook *book = ctx;
    (void)err;
    if (strcmp(type, "styles") == 0)
        copy_text(book->styles_path, sizeof book->styles_path, path);
    else if (strcmp(type, "sharedStrings") == 0)
        copy_text(book->strings_path, sizeof book->strings_path, path);
    else if (strcmp(type, "worksheet") == 0)
        for (size_t i = 0; i < book->sheet_count; i++)
            if (strcmp(book->sheets[i].id, id) == 0)
                copy_text(book->sheets[i].path, sizeof book->sheets[i].path, path);
}

static void on_sheet(nf_workbook *book, const char **attributes, nf_error *err)
{
    const char *name = nf_xml_attribute(attributes, "name"),
               *id = nf_xml_attribute(attributes, "id");
    if (!name || !id)
        return;
    if (book->sheet_count == NF_READ_TABLES_MAX) {
        nf_error_set(err, NF_E_LIMIT, "it has more than %d sheets", NF_READ_TABLES_MAX);
        return;
    }
    nf_sheet *sheet = &book->sheets[book->sheet_count];
    sheet->name = strndup(name, NF_READ_NAME_MAX);
    if (!sheet->name) {
        nf_error_set(err, NF_E_LIMIT, "it needs too much memory");
        return;
    }
    copy_text(sheet->id, sizeof sheet->id, id);
    book->sheet_count++;
}

static void on_workbook(void *ctx, const char *element, const char **attributes, nf_error *err)
{
    nf_workbook *book = ctx;
    if (strcmp(element, "sheet") == 0) {
        on_sheet(book, attributes, err);
    } else if (strcmp(element, "workbookPr") == 0) {
        const char *value = nf_xml_attribute(attributes, "date1904");
        book->from_1904 = value && (*value == '1' || *value == 't');
    }
}

/* ---- number formats ---- */

typedef struct styles {
    nf_workbook *book;
    bool in_cells; /* inside cellXfs */
    size_t customs;
    struct {
        long id;
        unsigned char style;
    } custom[2000];
} styles;

static void on_format(styles *s, const char **attributes)
{
    const char *id = nf_xml_attribute(attributes, "numFmtId"),
               *code = nf_xml_attribute(attributes, "formatCode");
    if (!id || !code || s->customs == sizeof s->custom / sizeof s->custom[0])
        return;
    s->custom[s->customs].id = strtol(id, NULL, 10);
    s->custom[s->customs++].style = (unsigned char)nf_format_style(code);
}

static unsigned char style_of(const styles *s, long id)
{
    for (size_t i = 0; i < s->customs; i++)
        if (s->custom[i].id == id)
            return s->custom[i].style;
    return (unsigned char)nf_builtin_style(id);
}

static void on_cell_format(styles *s, const char **attributes, nf_error *err)
{
    nf_workbook *book = s->book;
    const char *id = nf_xml_attribute(attributes, "numFmtId");
    if (book->style_count == NF_READ_STYLES_MAX) {
        nf_error_set(err, NF_E_LIMIT, "it has more than %d cell formats", NF_READ_STYLES_MAX);
        return;
    }
    if ((book->style_count & (book->style_count - 1)) == 0) {
        unsigned char *bigger =
            realloc(book->styles, book->style_count ? 2 * book->style_count : 1);
        if (!bigger) {
            nf_error_set(err, NF_E_LIMIT, "it needs too much memory");
            return;
        }
        book->styles = bigger;
    }
    book->styles[book->style_count++] = id ? style_of(s, strtol(id, NULL, 10)) : NF_STYLE_NUMBER;
}

static void on_style(void *ctx, const char *element, const char **attributes, nf_error *err)
{
    styles *s = ctx;
    if (strcmp(element, "numFmt") == 0)
        on_format(s, attributes);
    else if (strcmp(element, "cellXfs") == 0)
        s->in_cells = true;
    else if (s->in_cells && strcmp(element, "xf") == 0)
        on_cell_format(s, attributes, err);
}

static void on_style_end(void *ctx, const char *element, nf_error *err)
{
    styles *s = ctx;
    (void)err;
    if (strcmp(element, "cellXfs") == 0)
        s->in_cells = false;
}

static nf_status read_styles(nf_workbook *book, nf_error *err)
{
    static const nf_xml_handler handler = {on_style, on_style_end, NULL};
    styles *s = calloc(1, sizeof *s);
    if (!s)
        return nf_error_set(err, NF_E_LIMIT, "it needs too much memory");
    s->book = book;
    nf_status status = nf_part_parse(&book->archive, book->styles_path, &handler, s, err);
    free(s);
    return status;
}

/* ---- all of it ---- */

/* Other things are zip archives too. */
static nf_status refuse_other_archives(nf_workbook *book, nf_error *err)
{
    const char *what = "no workbook is in it";
    size_t length = strlen(book->path);
    if (length > 4 && strcmp(book->path + length - 4, ".bin") == 0)
        what = "it is a binary workbook (.xlsb)";
    else if (nf_archive_has(&book->archive, book->path))
        return NF_OK;
    else if (nf_archive_has(&book->archive, "META-INF/manifest.xml"))
        what = "it is an OpenDocument file";
    return nf_error_set(err, NF_E_PARSE,
                        "%s is not an Excel workbook (.xlsx): %s; save it as .xlsx",
                        book->archive.name, what);
}

nf_status nf_workbook_read(nf_workbook *book, nf_error *err)
{
    static const nf_xml_handler handler = {on_workbook, ignore_close, NULL};
    copy_text(book->path, sizeof book->path, "xl/workbook.xml");
    nf_status status = nf_relations_read(&book->archive, "", find_workbook, book, err);
    if (!status)
        status = refuse_other_archives(book, err);
    if (!status)
        status = nf_part_parse(&book->archive, book->path, &handler, book, err);
    if (!status)
        status = nf_relations_read(&book->archive, book->path, find_parts, book, err);
    if (!status && *book->styles_path)
        status = read_styles(book, err);
    if (!status && *book->strings_path)
        status = nf_strings_read(&book->strings, &book->archive, book->strings_path, err);
    return status;
}

void nf_workbook_release(nf_workbook *book)
{
    for (size_t i = 0; i < book->sheet_count; i++)
        free(book->sheets[i].name);
    free(book->styles);
    nf_strings_release(&book->strings);
}
