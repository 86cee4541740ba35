/* SPDX-License-Identifier: Apache-2.0 */
/* grid.c: see grid.h. */
#include "reader/grid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *nf_column_letters(unsigned column, char *out)
{
    char reversed[8];
    int n = 0;
    for (column++; column > 0 && n < 7; column = (column - 1) / 26)
        reversed[n++] = (char)('A' + (column - 1) % 26);
    for (int i = 0; i < n; i++)
        out[i] = reversed[n - 1 - i];
    out[n] = 0;
    return out;
}

static void forget_names(nf_grid *grid)
{
    for (unsigned i = 0; i < grid->columns; i++) {
        free(grid->names[i]);
        grid->names[i] = NULL;
    }
    grid->columns = grid->shown = 0;
}

static void forget_row(nf_grid *grid)
{
    for (unsigned i = 0; i < grid->used; i++)
        grid->cells[i].type = NF_CELL_EMPTY;
    grid->used = 0;
    grid->len = 0;
}

void nf_grid_begin(nf_grid *grid, const char *sheet, const char *table)
{
    forget_names(grid);
    forget_row(grid);
    grid->sheet = sheet;
    grid->table = table;
    grid->named = grid->broken = false;
}

void nf_grid_release(nf_grid *grid)
{
    forget_names(grid);
    free(grid->text);
    grid->text = NULL;
}

nf_status nf_grid_name(nf_grid *grid, const char *name, size_t len, nf_error *err)
{
    while (len > 0 && (unsigned char)name[len - 1] <= ' ')
        len--;
    for (; len > 0 && (unsigned char)*name <= ' '; name++)
        len--;
    if (grid->columns == NF_READ_COLUMNS_MAX)
        return nf_error_set(err, NF_E_LIMIT, "it has more than %d columns", NF_READ_COLUMNS_MAX);
    if (len > NF_READ_NAME_MAX)
        return nf_error_set(err, NF_E_LIMIT, "the name of column %u is longer than %d bytes",
                            grid->columns + 1, NF_READ_NAME_MAX);
    char *copy = malloc(len + 1);
    if (!copy)
        return nf_error_set(err, NF_E_LIMIT, "it needs too much memory");
    memcpy(copy, name, len);
    copy[len] = 0;
    grid->names[grid->columns++] = copy;
    return NF_OK;
}

static nf_status write_nullable(nf_output *out, const char *text, nf_error *err)
{
    return text ? nf_output_text(out, text, strlen(text), err) : nf_output_add(out, "null", 4, err);
}

/* {"sheet":...,"table":...,"columns": without what follows */
static nf_status write_head(nf_grid *grid, nf_error *err)
{
    nf_status status =
        nf_output_room(grid->out, 6 * NF_READ_NAME_MAX * (size_t)(grid->columns + 3), err);
    if (!status)
        status = nf_output_add(grid->out, "{\"sheet\":", 9, err);
    if (!status)
        status = write_nullable(grid->out, grid->sheet, err);
    if (!status)
        status = nf_output_add(grid->out, ",\"table\":", 9, err);
    if (!status)
        status = write_nullable(grid->out, grid->table, err);
    return status ? status : nf_output_add(grid->out, ",\"columns\":", 11, err);
}

/* A table that cannot be used does not spoil the others of its file. */
static nf_status write_problem(nf_grid *grid, const char *text, nf_error *err)
{
    grid->broken = true;
    nf_status status = write_head(grid, err);
    if (!status)
        status = nf_output_add(grid->out, "null,\"problem\":", 15, err);
    if (!status)
        status = nf_output_text(grid->out, text, strlen(text), err);
    return status ? status : nf_output_add(grid->out, "}\n", 2, err);
}

/* Two columns with one name: the later one, else NULL. */
static const char *doubled(const nf_grid *grid, unsigned *first, unsigned *second)
{
    for (unsigned i = 0; i < grid->columns; i++)
        for (unsigned j = i + 1; j < grid->columns; j++)
            if (*grid->names[i] && strcmp(grid->names[i], grid->names[j]) == 0) {
                *first = i;
                *second = j;
                return grid->names[j];
            }
    return NULL;
}

static nf_status write_names(nf_grid *grid, nf_error *err)
{
    nf_status status = write_head(grid, err);
    for (unsigned i = 0; i < grid->columns && !status; i++) {
        if (!*grid->names[i])
            continue;
        status = nf_output_add(grid->out, grid->shown++ ? "," : "[", 1, err);
        if (!status)
            status = nf_output_text(grid->out, grid->names[i], strlen(grid->names[i]), err);
    }
    return status ? status : nf_output_add(grid->out, "]}\n", 3, err);
}

nf_status nf_grid_named(nf_grid *grid, nf_error *err)
{
    unsigned first = 0, second = 0;
    char a[8], b[8], text[NF_READ_NAME_MAX + 128];
    const char *name = doubled(grid, &first, &second);
    grid->named = true;
    if (!name)
        return write_names(grid, err);
    snprintf(text, sizeof text, "the columns %s and %s have the same name '%s'; give each its own",
             nf_column_letters(first, a), nf_column_letters(second, b), name);
    return write_problem(grid, text, err);
}

static nf_status keep_text(nf_grid *grid, const char *text, size_t len, nf_error *err)
{
    if (len > grid->capacity - grid->len) {
        size_t capacity = grid->capacity ? grid->capacity : 4096;
        while (capacity - grid->len < len)
            capacity *= 2;
        char *bigger = realloc(grid->text, capacity);
        if (!bigger)
            return nf_error_set(err, NF_E_LIMIT, "a row needs too much memory");
        grid->text = bigger;
        grid->capacity = capacity;
    }
    if (len)
        memcpy(grid->text + grid->len, text, len);
    grid->len += len;
    return NF_OK;
}

nf_status nf_grid_cell(nf_grid *grid, unsigned column, nf_cell_type type, const char *text,
                       size_t len, uint64_t row, nf_error *err)
{
    char letters[8];
    if (grid->broken || type == NF_CELL_EMPTY || (type == NF_CELL_TEXT && len == 0))
        return NF_OK;
    nf_column_letters(column, letters);
    if (len > NF_READ_CELL_MAX)
        return nf_error_set(err, NF_E_LIMIT, "row %llu, column %s: a cell of more than %d KiB",
                            (unsigned long long)row, letters, NF_READ_CELL_MAX >> 10);
    if (grid->strict && grid->named && (column >= grid->columns || !*grid->names[column]))
        return nf_error_set(
            err, NF_E_PARSE,
            "row %llu has a value in column %s (%u), which has no name in the first row",
            (unsigned long long)row, letters, column + 1);
    if (++grid->out->cells > NF_READ_CELLS_MAX)
        return nf_error_set(err, NF_E_LIMIT, "it has more than %d cells", NF_READ_CELLS_MAX);
    if (column >= NF_READ_COLUMNS_MAX) {
        if (grid->named || !grid->strict)
            return NF_OK;
        return nf_error_set(err, NF_E_LIMIT, "it has more than %d columns", NF_READ_COLUMNS_MAX);
    }
    grid->cells[column] = (nf_cell){.type = type, .at = grid->len, .len = len};
    if (column >= grid->used)
        grid->used = column + 1;
    return keep_text(grid, text, len, err);
}

static nf_status write_cell(nf_grid *grid, const nf_cell *cell, nf_error *err)
{
    switch (cell->type) {
    case NF_CELL_TEXT:
        return nf_output_text(grid->out, grid->text + cell->at, cell->len, err);
    case NF_CELL_NUMBER:
        return nf_output_add(grid->out, grid->text + cell->at, cell->len, err);
    case NF_CELL_TRUE:
        return nf_output_add(grid->out, "true", 4, err);
    case NF_CELL_FALSE:
        return nf_output_add(grid->out, "false", 5, err);
    case NF_CELL_EMPTY:
        break;
    }
    return nf_output_add(grid->out, "null", 4, err);
}

static nf_status write_row(nf_grid *grid, nf_error *err)
{
    unsigned written = 0;
    if (++grid->out->rows > NF_READ_ROWS_MAX)
        return nf_error_set(err, NF_E_LIMIT, "it has more than %d rows", NF_READ_ROWS_MAX);
    nf_status status = nf_output_room(grid->out, 6 * grid->len + 8 * grid->columns + 8, err);
    for (unsigned i = 0; i < grid->columns && !status; i++) {
        if (!*grid->names[i])
            continue;
        status = nf_output_add(grid->out, written++ ? "," : "[", 1, err);
        if (!status)
            status = write_cell(grid, &grid->cells[i], err);
    }
    return status ? status : nf_output_add(grid->out, "]\n", 2, err);
}

/* The first row becomes the names. */
static nf_status take_names(nf_grid *grid, nf_error *err)
{
    nf_status status = NF_OK;
    for (unsigned i = 0; i < grid->used && !status; i++) {
        const nf_cell *cell = &grid->cells[i];
        bool has_text = cell->type == NF_CELL_TEXT || cell->type == NF_CELL_NUMBER;
        status = nf_grid_name(grid, has_text ? grid->text + cell->at : "", has_text ? cell->len : 0,
                              err);
    }
    return status ? status : nf_grid_named(grid, err);
}

/* Has the row a value in a column that is shown? */
static bool has_value(const nf_grid *grid)
{
    for (unsigned i = 0; i < grid->used && i < grid->columns; i++)
        if (grid->cells[i].type != NF_CELL_EMPTY && *grid->names[i])
            return true;
    return false;
}

nf_status nf_grid_row(nf_grid *grid, nf_error *err)
{
    nf_status status = NF_OK;
    if (!grid->broken && grid->used > 0) {
        if (!grid->named)
            status = take_names(grid, err);
        else if (has_value(grid))
            status = write_row(grid, err);
    }
    forget_row(grid);
    return status;
}

nf_status nf_grid_end(nf_grid *grid, nf_error *err)
{
    if (grid->named || grid->broken)
        return NF_OK;
    return write_problem(grid, "it is empty: the first row must hold the column names", err);
}
