/* SPDX-License-Identifier: Apache-2.0 */
/* loop.c: see loop.h. */
#include "loop/loop.h"

#include "base/alloc.h"
#include "base/macros.h"

#include <stdlib.h>
#include <utlist.h>

enum { LAST_WAIT_MS = 5000 };

static void on_prepare(uv_prepare_t *prepare)
{
    nf_loop *loop = prepare->data;
    nf_end_hook *hook, *next;
    LL_FOREACH_SAFE (loop->hooks, hook, next)
        hook->run(hook->ctx);
}

nf_status nf_loop_open(nf_loop *loop, nf_error *err)
{
    int rc = uv_loop_init(&loop->uv);
    if (rc != 0)
        return nf_uv_error(err, rc, "start the event loop");
    loop->hooks = NULL;
    loop->prepare.data = loop;
    uv_prepare_init(&loop->uv, &loop->prepare);
    uv_prepare_start(&loop->prepare, on_prepare);
    uv_unref((uv_handle_t *)&loop->prepare);
    return NF_OK;
}

void nf_loop_run(nf_loop *loop)
{
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void nf_loop_stop(nf_loop *loop)
{
    uv_stop(&loop->uv);
}

static void report_open(uv_handle_t *handle, void *guard)
{
    if (!uv_is_closing(handle) && handle != guard)
        nf_bug("a %s handle is still open at the end of the loop",
               uv_handle_type_name(handle->type));
}

static void on_guard(uv_timer_t *guard)
{
    uv_walk(guard->loop, report_open, guard);
}

void nf_loop_close(nf_loop *loop)
{
    uv_timer_t guard; /* children that were killed are waited for, but not for ever */
    uv_close((uv_handle_t *)&loop->prepare, NULL);
    uv_timer_init(&loop->uv, &guard);
    uv_timer_start(&guard, on_guard, LAST_WAIT_MS, LAST_WAIT_MS);
    uv_unref((uv_handle_t *)&guard);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    uv_walk(&loop->uv, report_open, &guard);
    uv_close((uv_handle_t *)&guard, NULL);
    while (uv_run(&loop->uv, UV_RUN_NOWAIT))
        ;
    int rc = uv_loop_close(&loop->uv);
    if (rc != 0)
        nf_bug("the loop is still busy: %s", uv_strerror(rc));
}

void nf_loop_before_sleep(nf_loop *loop, nf_end_hook *hook)
{
    LL_APPEND(loop->hooks, hook);
}

void nf_loop_forget(nf_loop *loop, nf_end_hook *hook)
{
    LL_DELETE(loop->hooks, hook);
}

/*
 * Most timers are limits that are set, and lifted or set anew, thousands of times a second, and hardly ever come. So a
 * running uv timer is left as it is, if it fires early enough: it then looks whether it is due.
 */
struct nf_timer {
    uv_timer_t uv; /* active whenever the timer is armed, perhaps when it is not; never due later */
    bool armed;
    uint64_t due_ms, repeat_ms; /* in the loop's clock */
    void (*fire)(void *ctx);
    void *ctx;
};

static void on_timer(uv_timer_t *uv)
{
    nf_timer *timer = uv->data;
    uint64_t now = uv_now(uv->loop);
    if (!timer->armed)
        return;
    if (now < timer->due_ms) {
        uv_timer_start(uv, on_timer, timer->due_ms - now, timer->repeat_ms);
        return;
    }
    timer->armed = timer->repeat_ms != 0;
    timer->due_ms = now + timer->repeat_ms;
    timer->fire(timer->ctx);
}

nf_timer *nf_timer_new(nf_loop *loop, void (*fire)(void *ctx), void *ctx)
{
    nf_timer *timer = nf_alloc(sizeof *timer);
    uv_timer_init(&loop->uv, &timer->uv);
    timer->uv.data = timer;
    timer->fire = fire;
    timer->ctx = ctx;
    return timer;
}

void nf_timer_start(nf_timer *timer, uint64_t ms, uint64_t repeat_ms)
{
    uv_timer_t *uv = &timer->uv;
    uv_update_time(uv->loop); /* the loop's own clock may be a whole busy round old */
    timer->armed = true;
    timer->due_ms = uv_now(uv->loop) + ms;
    timer->repeat_ms = repeat_ms;
    uv_ref((uv_handle_t *)uv);
    if (!uv_is_active((uv_handle_t *)uv) || uv_timer_get_due_in(uv) > ms
        || uv_timer_get_repeat(uv) != repeat_ms)
        uv_timer_start(uv, on_timer, ms, repeat_ms);
}

void nf_timer_stop(nf_timer *timer)
{
    timer->armed = false;
    if (timer->repeat_ms)
        uv_timer_stop(&timer->uv);
    uv_unref((uv_handle_t *)&timer->uv); /* the loop need not wait for it */
}

static void free_handle(uv_handle_t *handle)
{
    free(handle->data);
}

void nf_timer_close(nf_timer *timer)
{
    if (timer)
        uv_close((uv_handle_t *)&timer->uv, free_handle);
}

struct nf_signal {
    uv_signal_t uv;
    void (*fire)(void *ctx);
    void *ctx;
};

static void on_signal(uv_signal_t *uv, int number)
{
    (void)number;
    nf_signal *s = uv->data;
    s->fire(s->ctx);
}

nf_signal *nf_signal_new(nf_loop *loop, int number, void (*fire)(void *ctx), void *ctx)
{
    nf_signal *s = nf_alloc(sizeof *s);
    uv_signal_init(&loop->uv, &s->uv);
    s->uv.data = s;
    s->fire = fire;
    s->ctx = ctx;
    uv_signal_start(&s->uv, on_signal, number);
    uv_unref((uv_handle_t *)&s->uv);
    return s;
}

void nf_signal_close(nf_signal *s)
{
    if (s)
        uv_close((uv_handle_t *)&s->uv, free_handle);
}

nf_status nf_uv_error(nf_error *err, int uv_code, const char *operation)
{
    nf_status status = uv_code == UV_ETIMEDOUT                                    ? NF_E_TIMEOUT
                       : uv_code == UV_ECONNREFUSED || uv_code == UV_EHOSTUNREACH ? NF_E_UNREACHABLE
                       : uv_code == UV_EADDRINUSE || uv_code == UV_EACCES         ? NF_E_CONFIG
                                                                                  : NF_E_IO;
    return nf_error_set(err, status, "%s: %s", operation, uv_strerror(uv_code));
}
