/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xlsx.c: a workbook, sheet by sheet and table by table.
 *
 * A named table has its own part, which says where it is and what its columns are called; the cells
 * are those of the sheet, which is read once per table. That costs time for many tables on one
 * large sheet and keeps the rows in order.
 */
#include "reader/xlsx_sheet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Everything the process holds of a workbook. */
typedef struct reading {
    nf_workbook book;
    nf_grid grid;
    unsigned tables; /* given so far, sheets without named tables included */
    char table_paths[NF_READ_TABLES_MAX][NF_PATH_MAX]; /* of the current sheet */
    unsigned table_count;
    /* the table being read */
    char table[NF_READ_NAME_MAX + 1];
    nf_area area;
    bool bad_area;
} reading;

static void find_tables(void *ctx, const char *id, const char *type, const char *path,
                        nf_error *err)
{
    reading *r = ctx;
    (void)id;
    if (strcmp(type, "table") != 0)
        return;
    if (r->table_count == NF_READ_TABLES_MAX)
        nf_error_set(err, NF_E_LIMIT, "a sheet has more than %d named tables", NF_READ_TABLES_MAX);
    else
        memcpy(r->table_paths[r->table_count++], path, NF_PATH_MAX);
}

static bool parse_area(const char *text, nf_area *area)
{
    char first[32];
    const char *colon = text ? strchr(text, ':') : NULL;
    if (!text || (colon ? (size_t)(colon - text) : strlen(text)) >= sizeof first)
        return false;
    snprintf(first, sizeof first, "%.*s", (int)(colon ? (size_t)(colon - text) : strlen(text)),
             text);
    return nf_cell_address(first, &area->left, &area->top)
           && nf_cell_address(colon ? colon + 1 : text, &area->right, &area->bottom)
           && area->left <= area->right && area->top <= area->bottom;
}

/* A count attribute; `otherwise` when it is absent. */
static unsigned long counted(const char **attributes, const char *name, unsigned long otherwise)
{
    const char *text = nf_xml_attribute(attributes, name);
    return text ? strtoul(text, NULL, 10) : otherwise;
}

static void open_table(reading *r, const char **attributes)
{
    const char *name = nf_xml_attribute(attributes, "displayName");
    snprintf(r->table, sizeof r->table, "%s", name ? name : "");
    r->bad_area = !parse_area(nf_xml_attribute(attributes, "ref"), &r->area);
    unsigned long head = counted(attributes, "headerRowCount", 1),
                  totals = counted(attributes, "totalsRowCount", 0);
    r->bad_area = r->bad_area || head > 1 || totals > r->area.bottom - r->area.top;
    if (!r->bad_area) {
        r->area.top += head;
        r->area.bottom -= totals;
    }
}

static void on_table(void *ctx, const char *element, const char **attributes, nf_error *err)
{
    reading *r = ctx;
    if (strcmp(element, "table") == 0) {
        open_table(r, attributes);
    } else if (strcmp(element, "tableColumn") == 0) {
        const char *name = nf_xml_attribute(attributes, "name");
        char copy[4 * NF_READ_NAME_MAX];
        snprintf(copy, sizeof copy, "%s", name ? name : "");
        nf_grid_name(&r->grid, copy, nf_unescape_text(copy, strlen(copy)), err);
    }
}

static void ignore_close(void *ctx, const char *element, nf_error *err)
{
    (void)ctx, (void)element, (void)err;
}

static nf_status count_table(reading *r, nf_error *err)
{
    if (++r->tables > NF_READ_TABLES_MAX)
        return nf_error_set(err, NF_E_LIMIT, "it has more than %d tables", NF_READ_TABLES_MAX);
    return NF_OK;
}

static nf_status read_table(reading *r, const nf_sheet *sheet, const char *path, nf_error *err)
{
    static const nf_xml_handler handler = {on_table, ignore_close, NULL};
    nf_status status = count_table(r, err);
    nf_grid_begin(&r->grid, sheet->name, r->table);
    r->bad_area = true;
    if (!status)
        status = nf_part_parse(&r->book.archive, path, &handler, r, err);
    if (!status && (r->bad_area || r->area.right - r->area.left + 1 != r->grid.columns))
        status = nf_error_set(err, NF_E_PARSE, "the table '%s' says wrongly where it is", r->table);
    if (!status)
        status = nf_grid_named(&r->grid, err);
    if (!status && !r->grid.broken)
        status = nf_sheet_read(&r->book, sheet, &r->area, &r->grid, err);
    return status;
}

static nf_status read_plain_sheet(reading *r, const nf_sheet *sheet, nf_error *err)
{
    static const nf_area everything = {0, NF_READ_COLUMNS_MAX - 1, 1, NF_READ_ROWS_MAX * 2};
    nf_status status = count_table(r, err);
    nf_grid_begin(&r->grid, sheet->name, NULL);
    if (!status)
        status = nf_sheet_read(&r->book, sheet, &everything, &r->grid, err);
    return status ? status : nf_grid_end(&r->grid, err);
}

static nf_status read_sheet(reading *r, const nf_sheet *sheet, nf_error *err)
{
    r->table_count = 0;
    nf_status status = nf_relations_read(&r->book.archive, sheet->path, find_tables, r, err);
    if (!status && r->table_count == 0)
        status = read_plain_sheet(r, sheet, err);
    for (unsigned i = 0; i < r->table_count && !status; i++)
        status = read_table(r, sheet, r->table_paths[i], err);
    if (status)
        nf_error_prefix(err, "%s, sheet '%.100s'", r->book.archive.name, sheet->name);
    return status;
}

nf_status nf_read_xlsx(const char *bytes, size_t len, const char *name, nf_output *out,
                       nf_error *err)
{
    reading *r = calloc(1, sizeof *r);
    if (!r)
        return nf_error_set(err, NF_E_LIMIT, "it needs too much memory");
    r->grid.out = out;
    nf_status status = nf_archive_open(&r->book.archive, bytes, len, name, err);
    if (!status)
        status = nf_workbook_read(&r->book, err);
    for (size_t i = 0; i < r->book.sheet_count && !status; i++)
        if (*r->book.sheets[i].path)
            status = read_sheet(r, &r->book.sheets[i], err);
    if (!status && r->tables == 0)
        status = nf_error_set(err, NF_E_PARSE, "%s has no worksheet in it", name);
    nf_grid_release(&r->grid);
    nf_workbook_release(&r->book);
    nf_archive_close(&r->book.archive);
    free(r);
    return status;
}
