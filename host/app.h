/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app.h: the running host: every part built in order, and taken down in reverse.
 */
#ifndef NF_APP_H
#define NF_APP_H

#include "config/config.h"
#include "loop/loop.h"
#include "nf/table.h"

typedef struct nf_app nf_app;

typedef struct nf_app_options {
    const nf_config *config;    /* borrowed for the app's life */
    const char *worker_program; /* nimflow-worker */
    const char *reader_program; /* nimflow-reader */
    const nf_action *const *actions;
    const nf_trigger *const *triggers;
} nf_app_options;

/** Open everything; `app` is not ready yet, only under way. All errors name what and where. */
nf_status nf_app_open(nf_loop *loop, const nf_app_options *options, nf_app **app, nf_error *err);

/** The port of the listener. */
int nf_app_port(const nf_app *app);

/** Look at all flow files again. */
void nf_app_rescan(nf_app *app);

/**
 * Refuse new events with 503, start no more runs, wait for those under way (as long as the configuration says), then
 * call `drained`. What is left goes on after the next start.
 */
void nf_app_drain(nf_app *app, void (*drained)(void *ctx), void *ctx);

/** Close everything. NULL is allowed. */
void nf_app_close(nf_app *app);

/** The path of the admin socket in a data folder, owned by the caller. */
char *nf_app_socket_path(const char *data);

#endif
