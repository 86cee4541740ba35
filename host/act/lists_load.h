/* SPDX-License-Identifier: Apache-2.0 */
/* lists_load.h: one file read by one nimflow-reader process. */
#ifndef NF_ACT_LISTS_LOAD_H
#define NF_ACT_LISTS_LOAD_H

#include "act/lists_table.h"
#include "loop/loop.h"

typedef struct nf_list_load nf_list_load;

/** The end: a book, whose one user is now the callee, or NULL and an error that names the file. The
 * load is gone. */
typedef void nf_list_loaded(void *ctx, nf_book *book, const nf_error *err);

/** Start the reader on `fd` (borrowed). NULL with `err` set when it cannot be started; `done` is
 * then not called. */
nf_list_load *nf_list_load_start(nf_loop *loop, const char *reader, int fd, const char *kind,
                                 const char *name, size_t memory, nf_list_loaded *done, void *ctx,
                                 nf_error *err);

/** Kill the reader; `done` is not called any more. */
void nf_list_load_stop(nf_list_load *load);

#endif
