/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker_process.h: one worker process as the broker sees it: started, spoken to in frames, seen to die.
 *
 * Every byte from a worker is hostile: a frame that is too large or of an unknown type ends the worker. Frames to it
 * are collected and written once per round of the loop.
 */
#ifndef NF_CHANNEL_WORKER_PROCESS_H
#define NF_CHANNEL_WORKER_PROCESS_H

#include "channel/protocol.h"
#include "loop/loop.h"

#include <stddef.h>

typedef struct nf_worker nf_worker;

typedef struct nf_worker_events {
    /** The worker is locked down and takes work. */
    void (*ready)(void *ctx, nf_worker *worker);
    /** One frame; `payload` (frame->size bytes) is borrowed during the call. */
    void (*frame)(void *ctx, nf_worker *worker, const nf_frame *frame, const char *payload);
    /** It is gone: the last call. `running` is the run it had on the CPU, or 0; `reason` for the log. */
    void (*gone)(void *ctx, nf_worker *worker, uint64_t running, const char *reason);
} nf_worker_events;

/** What every worker of this host is started with. All borrowed for the worker's life. */
typedef struct nf_worker_options {
    const char *program; /* path of nimflow-worker */
    const char *surface; /* SETUP's JSON */
    const void *filter;  /* LOCKDOWN's program; NULL: none */
    size_t filter_len;
} nf_worker_options;

/** Start a process and send it SETUP and LOCKDOWN. `events` and `ctx` are borrowed until gone. */
nf_status nf_worker_start(nf_loop *loop, const nf_worker_options *options,
                          const nf_worker_events *events, void *ctx, nf_worker **worker,
                          nf_error *err);

/** Change who is told (a spare that got its tenant). */
void nf_worker_set_owner(nf_worker *worker, const nf_worker_events *events, void *ctx);

/** Send a frame; `head` (may be NULL) and `body` become the payload. Copied. */
void nf_worker_send(nf_worker *worker, nf_msg type, uint16_t aux, uint64_t id, const void *head,
                    size_t head_len, const void *body, size_t body_len);

/** Process id, for the log and for tests. */
int nf_worker_pid(const nf_worker *worker);

/** CPU time of the process in ns, or 0 when it is gone. */
uint64_t nf_worker_cpu_ns(const nf_worker *worker);

/** Close its channel: it exits by itself; `gone` follows. */
void nf_worker_dismiss(nf_worker *worker);

/** SIGKILL it, with the reason that `gone` will report. */
void nf_worker_kill(nf_worker *worker, const char *reason);

/** Own data of whoever owns the worker now. */
void *nf_worker_data(const nf_worker *worker);
void nf_worker_set_data(nf_worker *worker, void *data);

#endif
