/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grid.h: cells in, rows out; the same for every kind of file.
 *
 * A reader gives the cells of a row in any order of columns, then ends the row. The first row that
 * is not empty gives the column names unless the table has named them itself. A column without a
 * name is left out, or refused when it holds a value (csv). Errors name the row as the file counts
 * it.
 */
#ifndef NF_READER_GRID_H
#define NF_READER_GRID_H

#include "reader/reader.h"

#include <stdbool.h>

typedef enum nf_cell_type {
    NF_CELL_EMPTY,
    NF_CELL_TEXT,
    NF_CELL_NUMBER,
    NF_CELL_TRUE,
    NF_CELL_FALSE
} nf_cell_type;

typedef struct nf_cell {
    nf_cell_type type;
    size_t at, len; /* in the grid's text */
} nf_cell;

typedef struct nf_grid {
    nf_output *out;
    const char *sheet, *table; /* names or NULL; borrowed until the table ends */
    bool strict;               /* a value in a column without a name is an error */
    bool named;                /* the columns are known */
    bool broken;               /* a problem was written; the rows of this table are not */
    unsigned columns;          /* cells looked at: so many from the left */
    unsigned shown;            /* of them have a name */
    char *names[NF_READ_COLUMNS_MAX];
    nf_cell cells[NF_READ_COLUMNS_MAX];
    unsigned used; /* cells set in this row: up to here */
    char *text;    /* of the cells of this row */
    size_t len, capacity;
} nf_grid;

/** Start a table. The grid was zeroed by the caller, with `out` and `strict` set. */
void nf_grid_begin(nf_grid *grid, const char *sheet, const char *table);

/** Name a column beforehand, from the left; after the last one call nf_grid_named. The name is
 * copied. */
nf_status nf_grid_name(nf_grid *grid, const char *name, size_t len, nf_error *err);

/** All columns are named: check the names and write the head of the table. */
nf_status nf_grid_named(nf_grid *grid, nf_error *err);

/** One cell of the current row; `column` counts from 0. Empty text counts as no cell. */
nf_status nf_grid_cell(nf_grid *grid, unsigned column, nf_cell_type type, const char *text,
                       size_t len, uint64_t row, nf_error *err);

/** The row is complete. */
nf_status nf_grid_row(nf_grid *grid, nf_error *err);

/** No more rows: a table that never got a name for any column is reported as empty. */
nf_status nf_grid_end(nf_grid *grid, nf_error *err);

/** Free everything. */
void nf_grid_release(nf_grid *grid);

/** "A", "B", ... "AA": the letters of a column counted from 0; `out` needs 8 bytes. Returns `out`.
 */
char *nf_column_letters(unsigned column, char *out);

#endif
