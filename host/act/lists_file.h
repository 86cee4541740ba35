/* SPDX-License-Identifier: Apache-2.0 */
/* lists_file.h: the structs behind lists.h, for the files of this module only. */
#ifndef NF_ACT_LISTS_FILE_H
#define NF_ACT_LISTS_FILE_H

#include "act/lists.h"
#include "act/lists_load.h"
#include "act/lists_path.h"

#include <uthash.h>

struct nf_lists {
    nf_loop *loop;
    char *reader;
    struct nf_list_file *queue; /* files that wait for their turn to be read */
    unsigned reading;
};

struct nf_list_folder {
    nf_lists *lists;
    char *dir, *country; /* country may be NULL */
    struct nf_list_file *files;
};

/*
 * One file that was asked for. Invariants: at most one of `load`, `queued` and an installing `job`
 * at a time; a waiter exists only while something is under way that will wake it; without a book
 * and with nothing under way, `err` says why.
 */
typedef struct nf_list_file {
    nf_list_folder *folder;
    char *name;
    const char *kind;
    nf_book *book;           /* what look-ups use, or NULL */
    nf_file_version version; /* of the last attempt to read it */
    nf_error err;            /* of that attempt */
    uint64_t next_check_ms;  /* loop time */
    bool missing;            /* it was not there at the last check */
    bool queued;
    nf_list_load *load;
    struct nf_index_job *job;
    nf_find *waiters;
    unsigned round; /* raised each time the waiters are looked at */
    struct nf_list_file *queue_prev, *queue_next;
    UT_hash_handle hh;
} nf_list_file;

struct nf_find {
    nf_list_file *file;
    nf_list_query query; /* of a waiter: copies; value is NULL */
    nf_list_key key;
    nf_list_done *done;
    void *ctx;
    unsigned round;
    nf_find *prev, *next;
};

/** Look at the file anew if it is time to; starts reading when it has changed. NULL with `err` set:
 * there is none. */
nf_list_file *nf_list_file_get(nf_list_folder *folder, const char *name, nf_error *err);

/** Stop everything under way and free; the waiters end with NF_E_CANCELLED. */
void nf_list_file_free(nf_list_file *file);

/** Is something under way that will wake the waiters? */
bool nf_list_file_busy(const nf_list_file *file);

/** Make the index of a column: at once for a small table, else on another thread. False: it will be
 * there later. */
bool nf_list_file_index(nf_list_file *file, const nf_table *table, size_t column,
                        nf_list_index **index, nf_error *err);

/** Try the waiters again (lists.c). */
void nf_list_wake(nf_list_file *file);

/** End all waiters with NF_E_CANCELLED (lists.c). */
void nf_list_cancel(nf_list_file *file);

#endif
