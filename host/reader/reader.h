/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader.h: what nimflow-reader writes, and the limits it keeps.
 *
 * The program reads one list from standard input and writes JSON, one value per line, to standard
 * output:
 *   {"sheet": text or null, "table": text or null, "columns": [text, ...]}     one per table,
 * before its rows
 *   {"sheet": ..., "table": ..., "columns": null, "problem": text}             a table that cannot
 * be used [value, ...]                    one per row, as many values as columns: text, number,
 * true, false or null
 *   {"end": true, "rows": n}        last line when all went well, or
 *   {"error": text, "kind": text}   last line when the file cannot be used at all
 * A sheet with named tables is given by these tables only; any other sheet has its column names in
 * its first row that is not empty. Rows without any value are left out. In a .csv file every value
 * is text, so that leading zeros stay.
 */
#ifndef NF_READER_READER_H
#define NF_READER_READER_H

#include "nf/error.h"

#include <stddef.h>
#include <stdint.h>

enum {
    NF_READ_FILE_MAX = 64 << 20,          /* bytes of the file */
    NF_READ_OUTPUT_MAX = 256 << 20,       /* bytes of the result */
    NF_READ_ROWS_MAX = 1000000,           /* rows of the file */
    NF_READ_CELLS_MAX = 20000000,         /* cells that hold a value */
    NF_READ_COLUMNS_MAX = 1000,           /* columns of a table */
    NF_READ_CELL_MAX = 128 << 10,         /* bytes of a cell */
    NF_READ_NAME_MAX = 512,               /* bytes of a column's, sheet's or table's name */
    NF_READ_TABLES_MAX = 200,             /* sheets and named tables */
    NF_READ_PARTS_MAX = 10000,            /* files in a workbook's archive */
    NF_READ_PART_MAX = 512 << 20,         /* bytes of one of them, unpacked */
    NF_READ_UNPACKED_MAX = 1 << 30,       /* bytes of all of them, unpacked */
    NF_READ_RATIO_MAX = 250,              /* unpacked to packed, beyond NF_READ_RATIO_FROM */
    NF_READ_RATIO_FROM = 8 << 20,         /* bytes */
    NF_READ_STRINGS_MAX = 4000000,        /* texts in a workbook's string table */
    NF_READ_STRING_BYTES_MAX = 192 << 20, /* bytes of them */
    NF_READ_STYLES_MAX = 100000,          /* cell formats */
    NF_READ_DEPTH_MAX = 200,              /* nesting of XML */
};

/** Where the result goes; a buffer in front of a file descriptor. */
typedef struct nf_output {
    int fd; /* -1: thrown away, for tests */
    size_t len;
    uint64_t total, rows, cells;
    char buffer[64 << 10];
} nf_output;

/** Is there room for a line of this size? Asked before a line is begun, so that an error never
 * comes inside of one. */
nf_status nf_output_room(const nf_output *out, size_t bytes, nf_error *err);

/** Append bytes. Fails when nobody reads the result any more. */
nf_status nf_output_add(nf_output *out, const char *bytes, size_t len, nf_error *err);

/** Append a JSON string. */
nf_status nf_output_text(nf_output *out, const char *text, size_t len, nf_error *err);

/** Write out what is buffered. */
nf_status nf_output_flush(nf_output *out, nf_error *err);

/** The last line: the end, or the error if there is one; then flush. */
void nf_output_close(nf_output *out, const nf_error *err);

/** Read a .csv file. `bytes` is borrowed; `name` is the file's name for messages. */
nf_status nf_read_csv(const char *bytes, size_t len, const char *name, nf_output *out,
                      nf_error *err);

/** Read an .xlsx workbook. */
nf_status nf_read_xlsx(const char *bytes, size_t len, const char *name, nf_output *out,
                       nf_error *err);

/**
 * Give up everything but memory, CPU and writing to open files: limits, no new privileges, a system
 * call filter that kills. After it no file can be opened. Fails when the system refuses; the caller
 * then must not go on.
 */
nf_status nf_reader_lock_down(nf_error *err);

#endif
