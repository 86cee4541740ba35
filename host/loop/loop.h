/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop.h: the one event loop of a process, its timers and its signals.
 *
 * Everything of the broker but the store's thread runs on this loop. An object that was started here is closed by its
 * owner and freed in its close callback, never before; nf_loop_close checks that nothing is left open.
 */
#ifndef NF_LOOP_LOOP_H
#define NF_LOOP_LOOP_H

#include "nf/error.h"

#include <stdint.h>
#include <uv.h>

typedef struct nf_loop {
    uv_loop_t uv;
    struct nf_end_hook *hooks; /* run before the loop sleeps, see nf_loop_before_sleep */
    uv_prepare_t prepare;
} nf_loop;

/** Initialise a loop. */
nf_status nf_loop_open(nf_loop *loop, nf_error *err);

/** Run until nf_loop_stop, or until nothing is left to wait for. */
void nf_loop_run(nf_loop *loop);

/** Make nf_loop_run return after the current round. */
void nf_loop_stop(nf_loop *loop);

/** Let pending close callbacks run and wait for children that were killed, then free. An object still open is a bug. */
void nf_loop_close(nf_loop *loop);

/** One function called before each sleep of the loop, when everything readable was handled: batches are sent here. */
typedef struct nf_end_hook {
    void (*run)(void *ctx);
    void *ctx;
    struct nf_end_hook *next;
} nf_end_hook;

/** Add a hook; it is owned by the caller and stays valid until nf_loop_forget. */
void nf_loop_before_sleep(nf_loop *loop, nf_end_hook *hook);

/** Remove a hook. */
void nf_loop_forget(nf_loop *loop, nf_end_hook *hook);

/** A timer of its owner. */
typedef struct nf_timer nf_timer;

/** A stopped timer. Owned by the caller; ends with nf_timer_close. */
nf_timer *nf_timer_new(nf_loop *loop, void (*fire)(void *ctx), void *ctx);

/** Fire once in `ms` (0: in the next round), then every `repeat_ms` (0: only once). A running timer is set anew. */
void nf_timer_start(nf_timer *timer, uint64_t ms, uint64_t repeat_ms);

/** Do not fire; may be started again. */
void nf_timer_stop(nf_timer *timer);

/** Stop for good and free. NULL is allowed. */
void nf_timer_close(nf_timer *timer);

/** A signal handler on the loop; the same life as a timer. */
typedef struct nf_signal nf_signal;

/** Call `fire` on the loop whenever the process gets `number`. */
nf_signal *nf_signal_new(nf_loop *loop, int number, void (*fire)(void *ctx), void *ctx);

/** Stop for good and free. NULL is allowed. */
void nf_signal_close(nf_signal *signal);

/** "address in use", "connection refused" …: the text of a libuv error, with the operation in front. Sets `err`. */
nf_status nf_uv_error(nf_error *err, int uv_code, const char *operation);

#endif
