/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lists.h: address lists (.xlsx, .csv) as tables in memory, looked up by any column.
 *
 * A file is read by nimflow-reader, a locked-down process, when it is first asked for. It stays in
 * memory; whether it has changed (time, size, inode) is checked at most once a second, when it is
 * asked for. While a new version is read, or when it turns out to be broken, the old one stays in
 * use.
 *
 * When are two values the same? Both are text: numbers without ".0", true and false as such, blanks
 * at the ends taken off. If both read as telephone numbers (base/phone.h, with the tenant's
 * country) they are compared as E.164, else as text, upper and lower case being the same. An empty
 * cell equals nothing, and so does an empty or absent value.
 */
#ifndef NF_ACT_LISTS_H
#define NF_ACT_LISTS_H

#include "loop/loop.h"
#include "nf/error.h"

#include <jansson.h>
#include <stddef.h>

enum {
    NF_LISTS_FILE_MAX = 64 << 20,    /* bytes of one file */
    NF_LISTS_MEMORY_MAX = 256 << 20, /* bytes of all tables and indexes of one folder */
    NF_LISTS_FILES_MAX = 200,        /* files in use of one folder */
    NF_LISTS_READ_MS = 60000,        /* longest time to read a file */
};

/** All lists of this process: how they are read. */
typedef struct nf_lists nf_lists;

/** The lists of one tenant. */
typedef struct nf_list_folder nf_list_folder;

/** A look-up under way. */
typedef struct nf_find nf_find;

/** What to look up. All strings and `value` are borrowed during the call. */
typedef struct nf_list_query {
    const char *file;    /* name in the folder, e.g. "Addressbook.xlsx" */
    const char *column;  /* exact name */
    const json_t *value; /* text, number or boolean */
    const char *table;   /* a named table, or NULL */
    const char *sheet;   /* a sheet, or NULL: its first named table, else its rows below the first.
                            Both NULL: the first   named table of the file, else its first sheet */
} nf_list_query;

/** The first row that matches, in the order of the file. Borrowed until the callback returns. */
typedef struct nf_list_match {
    const char *row; /* a JSON object with every column, absent cells null; NULL: no row matches */
    size_t row_len;
    size_t matches; /* how many rows match */
} nf_list_match;

/** The end of a look-up: `err` is set, or `match`. The other one is NULL. */
typedef void nf_list_done(void *ctx, const nf_error *err, const nf_list_match *match);

/** `reader` is the path of nimflow-reader; copied. The loop outlives the lists. */
nf_lists *nf_lists_new(nf_loop *loop, const char *reader);

/** Free; all folders must be freed before. Children that still run are killed. NULL is allowed. */
void nf_lists_free(nf_lists *lists);

/** The folder `dir` with the country of its telephone numbers ("CH", or NULL: international ones
 * only). Both are copied. */
nf_list_folder *nf_list_folder_new(nf_lists *lists, const char *dir, const char *country);

/** Begin to read the small files of the folder (a few, up to 4 MiB each), so that the first look-up
 * need not wait. */
void nf_lists_prepare(nf_list_folder *folder);

/** Free; look-ups under way end with NF_E_CANCELLED. NULL is allowed. */
void nf_list_folder_free(nf_list_folder *folder);

/**
 * Look up a row. `done` is called exactly once: inside this call when the list is in memory (or at
 * an error), which takes microseconds, else later from the loop. Returns NULL in the first case,
 * else the look-up, valid until `done`.
 */
nf_find *nf_lists_find(nf_list_folder *folder, const nf_list_query *query, nf_list_done *done,
                       void *ctx);

/** Do not call `done` any more. */
void nf_lists_forget(nf_find *find);

/** {"row": {...}, "matches": n} or null as a new reference, for those who want a tree. */
json_t *nf_list_match_json(const nf_list_match *match);

#endif
