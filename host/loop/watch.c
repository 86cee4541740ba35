/* SPDX-License-Identifier: Apache-2.0 */
/* watch.c: see watch.h. */
#include "loop/watch.h"

#include "base/alloc.h"

#include <stdlib.h>

enum { QUIET_MS = 200 };

struct nf_watch {
    uv_fs_event_t uv;
    nf_timer *quiet;
};

static void on_event(uv_fs_event_t *uv, const char *file, int events, int status)
{
    nf_watch *watch = uv->data;
    (void)file;
    (void)events;
    (void)status;
    nf_timer_start(watch->quiet, QUIET_MS, 0);
}

static void free_watch(uv_handle_t *handle)
{
    free(handle->data);
}

nf_watch *nf_watch_new(nf_loop *loop, const char *folder, void (*changed)(void *ctx), void *ctx,
                       nf_error *err)
{
    nf_watch *watch = nf_alloc(sizeof *watch);
    uv_fs_event_init(&loop->uv, &watch->uv);
    watch->uv.data = watch;
    watch->quiet = nf_timer_new(loop, changed, ctx);
    int rc = uv_fs_event_start(&watch->uv, on_event, folder, 0);
    if (rc == 0)
        return watch;
    nf_uv_error(err, rc, folder);
    nf_watch_close(watch);
    return NULL;
}

void nf_watch_close(nf_watch *watch)
{
    if (!watch)
        return;
    nf_timer_close(watch->quiet);
    uv_close((uv_handle_t *)&watch->uv, free_watch);
}
