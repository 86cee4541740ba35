/* SPDX-License-Identifier: Apache-2.0 */
/* watch.h: be told when something in a folder changes. */
#ifndef NF_LOOP_WATCH_H
#define NF_LOOP_WATCH_H

#include "loop/loop.h"

typedef struct nf_watch nf_watch;

/**
 * Call `changed` on the loop after something in `folder` changed and was then quiet for a fifth of a second (editors
 * write a file in several steps). NULL with `err` set when it cannot be watched.
 */
nf_watch *nf_watch_new(nf_loop *loop, const char *folder, void (*changed)(void *ctx), void *ctx,
                       nf_error *err);

/** Stop for good and free. NULL is allowed. */
void nf_watch_close(nf_watch *watch);

#endif
