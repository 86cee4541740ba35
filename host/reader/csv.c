/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csv.c: delimiter-separated text (RFC 4180, and what Excel makes of it).
 *
 * One reader serves both passes: the first guesses the delimiter from the first records, the second
 * gives the cells. A quote opens a quoted field only at its beginning; line breaks in it belong to
 * the value.
 */
#include "reader/csv_text.h"
#include "reader/grid.h"

#include <stdlib.h>
#include <string.h>

enum { GUESS_RECORDS = 50 };

typedef struct csv {
    const char *at, *end;
    char delimiter;
    uint64_t line; /* of the reading position, from 1 */
    char *field;   /* the last field, unquoted: as much room as the file is long */
    size_t len;
    bool unclosed; /* the last field's quote never ended */
    bool last;     /* the last field was the last of its record */
} csv;

static bool at_break(const csv *in)
{
    return *in->at == '\n' || *in->at == '\r';
}

static void put(csv *in, char c)
{
    in->line += c == '\n';
    in->field[in->len++] = c;
}

/* The part between quotes; the position is on the byte after the closing one. */
static void read_quoted(csv *in)
{
    in->unclosed = true;
    for (in->at++; in->at < in->end; in->at++) {
        if (*in->at == '"' && (in->at + 1 == in->end || in->at[1] != '"')) {
            in->unclosed = false;
            in->at++;
            return;
        }
        in->at += *in->at == '"';
        put(in, *in->at);
    }
}

static void end_line(csv *in)
{
    if (in->at < in->end && *in->at == '\r')
        in->at++;
    if (in->at < in->end && *in->at == '\n')
        in->at++;
    in->line++;
}

/* The next field of the record. Call only before the end. */
static void read_field(csv *in)
{
    in->len = 0;
    if (in->at < in->end && *in->at == '"')
        read_quoted(in);
    while (in->at < in->end && *in->at != in->delimiter && !at_break(in))
        put(in, *in->at++);
    in->last = in->at == in->end || *in->at != in->delimiter;
    if (!in->last)
        in->at++;
    else
        end_line(in);
}

static bool more(const csv *in)
{
    return in->at < in->end;
}

/* How well does a delimiter explain the first records: how many have as many fields as the first
 * one? */
static unsigned score(csv in, char delimiter, unsigned *fields)
{
    unsigned same = 0;
    in.delimiter = delimiter;
    *fields = 0;
    for (unsigned record = 0; record < GUESS_RECORDS && more(&in); record++) {
        unsigned count = 0;
        do {
            read_field(&in);
            count++;
        } while (!in.last);
        if (record == 0)
            *fields = count;
        same += count == *fields;
    }
    return *fields > 1 ? same : 0;
}

/* Excel's own hint "sep=;" as first line, else the best score, then the most fields. */
static void choose_delimiter(csv *in)
{
    static const char candidates[] = ";,\t|";
    unsigned best = 0, most = 0;
    if (in->end - in->at >= 5 && memcmp(in->at, "sep=", 4) == 0) {
        in->delimiter = in->at[4];
        in->at += 5;
        end_line(in);
        return;
    }
    in->delimiter = ',';
    for (const char *c = candidates; *c; c++) {
        unsigned fields, points = score(*in, *c, &fields);
        if (points > best || (points == best && fields > most)) {
            in->delimiter = *c;
            best = points;
            most = fields;
        }
    }
}

static nf_status read_record(csv *in, nf_grid *grid, nf_error *err)
{
    nf_status status = NF_OK;
    uint64_t line = in->line;
    unsigned column = 0;
    do {
        read_field(in);
        if (in->unclosed)
            return nf_error_set(err, NF_E_PARSE,
                                "line %llu: a quote (\") is opened and never closed",
                                (unsigned long long)line);
        status = nf_grid_cell(grid, column++, NF_CELL_TEXT, in->field, in->len, line, err);
    } while (!in->last && !status);
    return status ? status : nf_grid_row(grid, err);
}

nf_status nf_read_csv(const char *bytes, size_t len, const char *name, nf_output *out,
                      nf_error *err)
{
    char *text = NULL;
    size_t text_len = 0;
    csv in = {.line = 1};
    nf_grid *grid = calloc(1, sizeof *grid);
    nf_status status = nf_csv_text(bytes, len, name, &text, &text_len, err);
    if (!status && (!grid || !(in.field = malloc(text_len + 1))))
        status = nf_error_set(err, NF_E_LIMIT, "it needs too much memory");
    if (!status) {
        in.at = text;
        in.end = text + text_len;
        choose_delimiter(&in);
        grid->out = out;
        grid->strict = true;
        nf_grid_begin(grid, NULL, NULL);
        while (more(&in) && !status)
            status = read_record(&in, grid, err);
        if (!status)
            status = nf_grid_end(grid, err);
    }
    if (grid)
        nf_grid_release(grid);
    free(grid);
    free(in.field);
    free(text);
    return status;
}
