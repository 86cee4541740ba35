/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lists_table.h: the tables of one file in memory, and their indexes. Pure: no loop, no files.
 *
 * A book is built from what nimflow-reader writes (host/reader/reader.h), every byte of which is
 * checked as hostile. After that its rows never change. Rows are kept as the JSON text they came
 * as; an index maps the key of a cell to the first row with it and to the number of such rows.
 * Indexes are made when they are first needed, on any thread, and added on the loop's thread.
 */
#ifndef NF_ACT_LISTS_TABLE_H
#define NF_ACT_LISTS_TABLE_H

#include "act/lists_key.h"
#include "base/strbuf.h"
#include "nf/error.h"

typedef struct nf_table {
    char *sheet, *name; /* NULL: none */
    char *problem;      /* why it cannot be used, or NULL */
    char **columns;     /* ends with NULL */
    char **quoted; /* each column's name as a JSON key with what comes before it: {"A": or ,"B": */
    size_t column_count;
    uint32_t *start; /* of each row in the book's text; one more than rows */
    size_t rows, room;
} nf_table;

typedef struct nf_list_slot {
    uint64_t hash;
    uint32_t row, count; /* the first row with this key; 0 rows: the slot is free */
} nf_list_slot;

typedef struct nf_list_index {
    const nf_table *table;
    size_t column;
    nf_list_slot *slots;
    size_t mask;
    struct nf_list_index *next;
} nf_list_index;

typedef struct nf_book {
    nf_strbuf text; /* the rows */
    nf_table *tables;
    size_t table_count;
    nf_list_index *indexes;
    size_t limit, bytes; /* of everything; `bytes` is kept by the functions below */
    bool ended;
    nf_strbuf line; /* the part of a line that came so far */
    int users;      /* the book is freed when the last one lets go */
} nf_book;

/** An empty book of at most `limit` bytes, with one user. */
nf_book *nf_book_new(size_t limit);

/** One more user. Returns `book`. */
nf_book *nf_book_ref(nf_book *book);

/** One user less; the last one frees. NULL is allowed. */
void nf_book_unref(nf_book *book);

/** Take more of the reader's output. An error line of the reader becomes the error; anything
 * unexpected is NF_E_PROTOCOL. */
nf_status nf_book_feed(nf_book *book, const char *bytes, size_t len, nf_error *err);

/** No more comes: was the last line seen? */
nf_status nf_book_finish(nf_book *book, nf_error *err);

/** The table meant by the names (either may be NULL), or NULL with `err` set. Borrowed from the
 * book. */
const nf_table *nf_book_table(const nf_book *book, const char *table, const char *sheet,
                              nf_error *err);

/** The number of a column, or -1 with `err` set. */
long nf_table_column(const nf_table *table, const char *name, nf_error *err);

/** The index of a column when it was made, or NULL. */
nf_list_index *nf_book_index(const nf_book *book, const nf_table *table, size_t column);

/** Make an index. Reads the book only, so it may run on another thread while the book has a user.
 */
nf_list_index *nf_list_index_make(const nf_book *book, const nf_table *table, size_t column,
                                  const char *country);

/** Hand an index over to the book. NF_E_LIMIT (and the index freed) when the book grows beyond its
 * limit. */
nf_status nf_book_add_index(nf_book *book, nf_list_index *index, nf_error *err);

/** Free an index that no book has. */
void nf_list_index_free(nf_list_index *index);

/** The first row with this key, or -1; `*matches` gets the number of them. */
long nf_list_index_find(const nf_book *book, const nf_list_index *index, const nf_list_key *key,
                        const char *country, size_t *matches);

/** Append a row as a JSON object with every column. */
void nf_table_row_json(const nf_book *book, const nf_table *table, size_t row, nf_strbuf *out);

#endif
