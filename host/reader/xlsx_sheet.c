/* SPDX-License-Identifier: Apache-2.0 */
/* xlsx_sheet.c: see xlsx_sheet.h. */
#include "reader/xlsx_sheet.h"

#include <stdlib.h>
#include <string.h>

typedef struct sheet {
    nf_workbook *book;
    const nf_area *area;
    nf_grid *grid;
    unsigned long row, rows; /* of the last <row>; how many there were */
    unsigned column, next;   /* of the current cell; of the next one without an address */
    char type[12];           /* the cell's t attribute */
    unsigned long style;
    bool in_cell, in_value, in_inline, phonetic;
    char *text; /* of the current cell */
    size_t len, capacity;
} sheet;

static void open_row(sheet *s, const char **attributes, nf_error *err)
{
    const char *number = nf_xml_attribute(attributes, "r");
    s->row = number ? strtoul(number, NULL, 10) : s->row + 1;
    s->next = 0;
    if (++s->rows > NF_READ_ROWS_MAX + 100)
        nf_error_set(err, NF_E_LIMIT, "it has more than %d rows", NF_READ_ROWS_MAX);
}

static void open_cell(sheet *s, const char **attributes, nf_error *err)
{
    const char *address = nf_xml_attribute(attributes, "r"),
               *type = nf_xml_attribute(attributes, "t");
    const char *style = nf_xml_attribute(attributes, "s");
    unsigned long row;
    s->column = s->next;
    if (address && !nf_cell_address(address, &s->column, &row))
        nf_error_set(err, NF_E_PARSE, "a cell has the address '%.20s'", address);
    s->next = s->column + 1;
    s->type[0] = 0;
    strncat(s->type, type ? type : "n", sizeof s->type - 1);
    s->style = style ? strtoul(style, NULL, 10) : 0;
    s->len = 0;
    s->in_cell = true;
}

static void on_open(void *ctx, const char *element, const char **attributes, nf_error *err)
{
    sheet *s = ctx;
    if (strcmp(element, "row") == 0)
        open_row(s, attributes, err);
    else if (strcmp(element, "c") == 0)
        open_cell(s, attributes, err);
    else if (!s->in_cell)
        return;
    else if (strcmp(element, "v") == 0)
        s->in_value = true;
    else if (strcmp(element, "t") == 0)
        s->in_inline = true;
    else if (strcmp(element, "rPh") == 0)
        s->phonetic = true;
}

static void on_text(void *ctx, const char *text, size_t len, nf_error *err)
{
    sheet *s = ctx;
    if (!s->in_value && (!s->in_inline || s->phonetic))
        return;
    if (len > NF_READ_CELL_MAX + 1 - s->len)
        len = NF_READ_CELL_MAX + 1 - s->len; /* one byte too many: refused when the cell ends */
    if (s->len + len + 1 > s->capacity) {
        size_t capacity = 2 * (s->len + len + 1);
        char *bigger = realloc(s->text, capacity);
        if (!bigger) {
            nf_error_set(err, NF_E_LIMIT, "it needs too much memory");
            return;
        }
        s->text = bigger;
        s->capacity = capacity;
    }
    memcpy(s->text + s->len, text, len);
    s->len += len;
}

static void give(sheet *s, nf_cell_type type, const char *text, size_t len, nf_error *err)
{
    nf_grid_cell(s->grid, s->column - s->area->left, type, text, len, s->row, err);
}

static void give_number(sheet *s, nf_error *err)
{
    char text[NF_NUMBER_TEXT];
    nf_number_style style = s->style < s->book->style_count
                                ? (nf_number_style)s->book->styles[s->style]
                                : NF_STYLE_NUMBER;
    s->text[s->len] = 0;
    if (style != NF_STYLE_NUMBER && nf_date_text(s->text, style, s->book->from_1904, text))
        give(s, NF_CELL_TEXT, text, strlen(text), err);
    else if (nf_number_text(s->text, text))
        give(s, NF_CELL_NUMBER, text, strlen(text), err);
    else
        give(s, NF_CELL_TEXT, s->text, s->len, err);
}

static void give_shared(sheet *s, nf_error *err)
{
    size_t len = 0;
    s->text[s->len] = 0;
    const char *text = nf_strings_get(&s->book->strings, strtoul(s->text, NULL, 10), &len);
    if (!text)
        nf_error_set(err, NF_E_PARSE, "row %lu has a cell whose text is missing from the workbook",
                     s->row);
    else
        give(s, NF_CELL_TEXT, text, len, err);
}

static void give_value(sheet *s, nf_error *err)
{
    if (strcmp(s->type, "s") == 0)
        give_shared(s, err);
    else if (strcmp(s->type, "b") == 0)
        give(s, s->text[0] == '1' || s->text[0] == 't' ? NF_CELL_TRUE : NF_CELL_FALSE, NULL, 0,
             err);
    else if (strcmp(s->type, "n") == 0)
        give_number(s, err);
    else if (strcmp(s->type, "e") != 0) /* #N/A and the like are no value */
        give(s, NF_CELL_TEXT, s->text, nf_unescape_text(s->text, s->len), err);
}

static bool inside(const sheet *s)
{
    const nf_area *area = s->area;
    return s->column >= area->left && s->column <= area->right && s->row >= area->top
           && s->row <= area->bottom;
}

static void on_close(void *ctx, const char *element, nf_error *err)
{
    sheet *s = ctx;
    if (strcmp(element, "v") == 0) {
        s->in_value = false;
    } else if (strcmp(element, "t") == 0) {
        s->in_inline = false;
    } else if (strcmp(element, "rPh") == 0) {
        s->phonetic = false;
    } else if (strcmp(element, "c") == 0) {
        s->in_cell = s->in_value = s->in_inline = s->phonetic = false;
        if (s->len > 0 && inside(s))
            give_value(s, err);
        s->len = 0;
    } else if (strcmp(element, "row") == 0) {
        nf_grid_row(s->grid, err);
    }
}

nf_status nf_sheet_read(nf_workbook *book, const nf_sheet *from, const nf_area *area, nf_grid *grid,
                        nf_error *err)
{
    static const nf_xml_handler handler = {on_open, on_close, on_text};
    sheet s = {.book = book, .area = area, .grid = grid};
    nf_status status = nf_part_parse(&book->archive, from->path, &handler, &s, err);
    free(s.text);
    return status;
}
