/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop.c: see loop.h.
 *
 * Invariant: a message is handled completely before the next one is looked at; a message only
 * changes lists and buffers, Lua runs between messages, in slices. What a message made ready runs before the next
 * message: its memory is warm then, and a run that ends leaves warm memory to the next one.
 */
#include "loop.h"

#include "cpu.h"
#include "end.h"
#include "fail.h"
#include "group.h"
#include "program.h"
#include "slot.h"

#include <string.h>
#include <unistd.h>
#include <utlist.h>

enum { IDLE_MS = 1000, NS_PER_MS = 1000000, ROUND_NS = 5 * NS_PER_MS, FRAMES_NS = 20 * NS_PER_MS };

static nf_image *find_image(nf_worker *w, uint64_t version)
{
    nf_image *image;
    LL_SEARCH_SCALAR(w->images, image, version, version);
    if (image && image != w->images) {
        LL_DELETE(w->images, image);
        LL_PREPEND(w->images, image);
    }
    return image;
}

static void unload(nf_worker *w, uint64_t version)
{
    nf_image *image = find_image(w, version);
    if (!image)
        return;
    LL_DELETE(w->images, image);
    nf_image_free(image);
}

/* NULL: there is no memory for it, and the broker was told. */
static nf_run *new_run(nf_worker *w, const nf_frame *frame, nf_run_kind kind)
{
    if (nf_runs_count() == NF_WORKER_RUNS_MAX)
        nf_fail_protocol("more than %d runs at one time", NF_WORKER_RUNS_MAX);
    nf_run *run = nf_run_new(frame->id, kind);
    if (!run)
        nf_end_refused(&w->port, frame);
    return run;
}

/* The fixed part of a payload; moves on to what follows. */
static void take(void *out, size_t size, const char **payload, size_t *len)
{
    if (*len < size)
        nf_fail_protocol("a payload of %zu bytes is too short", *len);
    memcpy(out, *payload, size);
    *payload += size;
    *len -= size;
}

static void on_load(nf_worker *w, const nf_frame *frame, const char *payload)
{
    nf_msg_load load;
    size_t len = frame->size;
    take(&load, sizeof load, &payload, &len);
    if (load.name_len > len || load.name_len >= NF_FILE_NAME_MAX
        || memchr(payload, '\0', load.name_len))
        nf_fail_protocol("a file name of %u bytes", load.name_len);
    unload(w, frame->id);
    nf_run *run = new_run(w, frame, NF_RUN_LOAD);
    if (!run)
        return;
    nf_image_copy(w->base, run);
    nf_image_seed(w->base, run, (const uint64_t[4]){0});
    run->version = frame->id;
    run->flags = load.flags;
    memcpy(run->file, payload, load.name_len);
    run->file[load.name_len] = '\0';
    run->source_len = len - load.name_len;
    nf_run_input(run, payload + load.name_len, run->source_len);
    nf_arena_limit(run->arena, load.limits.of[NF_BUDGET_MEMORY]);
    nf_run_begin(run, nf_program_load, &load.limits, load.now_ms);
}

static void on_start(nf_worker *w, const nf_frame *frame, const char *payload)
{
    nf_msg_start start;
    size_t len = frame->size;
    take(&start, sizeof start, &payload, &len);
    nf_image *image = find_image(w, start.version);
    if (!image || start.handler >= image->handlers)
        nf_fail_protocol("start of run %llu: no handler %u of version %llu",
                         (unsigned long long)frame->id, start.handler,
                         (unsigned long long)start.version);
    if (frame->id == 0 || nf_run_find(frame->id))
        nf_fail_protocol("start of run %llu, which exists", (unsigned long long)frame->id);
    nf_run *run = new_run(w, frame, NF_RUN_HANDLER);
    if (!run)
        return;
    nf_image_copy(image, run);
    nf_image_seed(image, run, start.seed);
    run->handler = start.handler;
    run->trigger = start.trigger;
    nf_run_input(run, payload, len);
    nf_arena_limit(run->arena, start.limits.of[NF_BUDGET_MEMORY]);
    nf_run_begin(run, nf_program_handler, &start.limits, start.now_ms);
}

static void on_result(const nf_frame *frame, const char *payload)
{
    nf_msg_result result;
    size_t len = frame->size;
    take(&result, sizeof result, &payload, &len);
    nf_run *run = nf_run_find(frame->id);
    if (!run) /* ended meanwhile */
        return;
    if (!nf_run_result(run, result.number, payload, len, frame->aux == 1))
        nf_fail_protocol("a result %u that run %llu does not wait for", result.number,
                         (unsigned long long)frame->id);
    run->now_ms = result.now_ms;
}

static void on_cancel(nf_worker *w, const nf_frame *frame)
{
    nf_run *run = nf_run_find(frame->id);
    if (frame->aux == NF_OUTCOME_NONE || frame->aux >= NF_OUTCOME_COUNT)
        nf_fail_protocol("cancel with the outcome %u", frame->aux);
    if (!run)
        return;
    nf_run_cancel(run, (nf_outcome)frame->aux);
    nf_end_run(&w->port, run);
}

static void on_limits(const nf_frame *frame, const char *payload)
{
    nf_limits limits;
    size_t len = frame->size;
    if (len != sizeof limits)
        nf_fail_protocol("limits of %zu bytes", len);
    take(&limits, sizeof limits, &payload, &len);
    nf_run *run = nf_run_find(frame->id);
    if (run)
        nf_run_limit(run, &limits);
}

static void on_pause(const nf_frame *frame)
{
    if (frame->aux > 1)
        nf_fail_protocol("a pause of %u", frame->aux);
    nf_runs_pause(frame->aux == 1);
}

static void on_frame(nf_worker *w, const nf_frame *frame, const char *payload)
{
    switch (frame->type) {
    case NF_MSG_LOAD:
        on_load(w, frame, payload);
        break;
    case NF_MSG_UNLOAD:
        unload(w, frame->id);
        break;
    case NF_MSG_START:
        on_start(w, frame, payload);
        break;
    case NF_MSG_RESULT:
        on_result(frame, payload);
        break;
    case NF_MSG_CANCEL:
        on_cancel(w, frame);
        break;
    case NF_MSG_LIMITS:
        on_limits(frame, payload);
        break;
    case NF_MSG_PAUSE:
        on_pause(frame);
        break;
    default:
        nf_fail_protocol("a message of type %u", frame->type);
    }
}

/* Nobody hears what we say any more: that is how a worker is told to end. */
NF_NORETURN static void peer_gone(void)
{
    _exit(0);
}

static void flush(nf_worker *w)
{
    if (!nf_port_flush(&w->port))
        peer_gone();
}

/* Until the largest frame fits. The broker always reads. */
static void make_room(nf_worker *w)
{
    flush(w);
    while (!nf_port_has_room(&w->port)) {
        nf_port_wait(&w->port, -1);
        flush(w);
    }
}

static void put_effect(nf_worker *w, const nf_run *run)
{
    size_t where_len = strlen(run->where);
    nf_msg_effect effect = {.number = run->number, .action = run->action, .given = run->given};
    effect.where_len = (uint32_t)where_len;
    nf_port_begin(&w->port, NF_MSG_EFFECT, run->state == NF_RUN_WAITING, run->id,
                  sizeof effect + where_len + run->payload.len);
    nf_port_put(&w->port, &effect, sizeof effect);
    nf_port_put(&w->port, run->where, where_len);
    nf_port_put(&w->port, run->payload.at, run->payload.len);
}

/* A branch ended and the others wait: perhaps for so long that the broker wants to put the run away. */
static void put_waits(nf_worker *w, const nf_run *run)
{
    nf_msg_waits waits = {.given = run->given};
    nf_port_begin(&w->port, NF_MSG_WAITS, 0, run->id, sizeof waits);
    nf_port_put(&w->port, &waits, sizeof waits);
}

static void finish(nf_worker *w, nf_run *run)
{
    if (run->kind == NF_RUN_HANDLER) {
        nf_end_run(&w->port, run);
        return;
    }
    if (run->outcome == NF_OUTCOME_DONE) {
        nf_image *image = nf_image_take(run, w->base->random_at);
        if (!image)
            nf_fail_start("no memory for a flow's image");
        image->handlers = run->handler;
        LL_PREPEND(w->images, image);
    }
    nf_end_load(&w->port, run);
}

/* One slice for the run that was ready first. */
static void run_slice(nf_worker *w)
{
    if (!nf_port_has_room(&w->port))
        make_room(w);
    nf_run *run = nf_run_slice();
    if (run->asked == NF_RUN_WAITING)
        put_effect(w, run);
    else if (run->asked == NF_RUN_ENDED)
        finish(w, run);
    else if (run->asked == NF_RUN_JOINED && run->state == NF_RUN_WAITING)
        put_waits(w, run);
}

/* Is there a run for the CPU, and time left in this round? */
static bool may_run(uint64_t until)
{
    return nf_runs_ready() > 0 && nf_cpu_now() < until;
}

static void end_overdue(nf_worker *w, uint64_t now)
{
    nf_run *run;
    while ((run = nf_run_overdue(now))) {
        if (!nf_port_has_room(&w->port))
            make_room(w);
        finish(w, run);
    }
}

/* The broker takes a worker that computes and says nothing for one that hangs. */
static void say_alive(nf_worker *w, bool computed, uint64_t now)
{
    if (!nf_port_unsent(&w->port)) {
        if (!computed || now - w->said < (uint64_t)NF_ALIVE_MS * NS_PER_MS)
            return;
        nf_port_begin(&w->port, NF_MSG_ALIVE, 0, 0, 0);
    }
    w->said = now;
}

/* Sleep until something is to be done; after a second without any run, give memory back. */
static void sleep_until_needed(nf_worker *w)
{
    uint64_t before = nf_cpu_now(), deadline = nf_runs_deadline();
    bool idle = nf_runs_count() == 0;
    int timeout = -1;
    if (deadline != UINT64_MAX)
        timeout = deadline > before ? (int)((deadline - before) / NS_PER_MS + 1) : 0;
    else if (idle && !w->trimmed)
        timeout = IDLE_MS;
    nf_port_wait(&w->port, timeout);
    w->said = nf_cpu_now();
    uint64_t slept = w->said - before;
    nf_cpu_slept(slept);
    if (idle && !w->trimmed && slept >= (uint64_t)IDLE_MS * NS_PER_MS) {
        nf_slots_trim();
        nf_groups_trim();
        w->trimmed = true;
    } else if (!idle) {
        w->trimmed = false;
    }
}

void nf_worker_build(nf_worker *w, const char *description, size_t len)
{
    nf_limits limits = {.of = {[NF_BUDGET_CPU] = 60000, [NF_BUDGET_WALL] = 900000}};
    nf_run *run = nf_run_new(0, NF_RUN_BASE);
    if (!run)
        nf_fail_start("no memory for a run");
    nf_run_input(run, description, len);
    nf_run_begin(run, nf_program_base, &limits, 0);
    nf_run_slice();
    if (run->outcome != NF_OUTCOME_DONE)
        nf_fail_protocol("the surface: %.*s", (int)run->error.len, run->error.at);
    w->base = nf_image_take(run, nf_program_random_at(run));
    if (!w->base)
        nf_fail_start("no memory for the base image");
    nf_run_free(run);
}

/*
 * What was read, with a slice after each frame, then more slices, until the round is over: then what was said goes out
 * and the broker's next frames come first. Frames alone may take longer, but not for ever: a run's memory takes a
 * while, and there may be thousands to begin. `more`: there may be frames left. Was anything done?
 */
static bool make_round(nf_worker *w, bool *more)
{
    nf_frame frame;
    const char *payload;
    uint64_t began = nf_cpu_now(), until = began + ROUND_NS;
    bool computed = false;
    while ((*more = nf_cpu_now() < began + FRAMES_NS)
           && nf_port_frame(&w->port, &frame, &payload)) {
        if (!nf_port_has_room(&w->port))
            make_room(w);
        on_frame(w, &frame, payload);
        computed = true;
        if (may_run(until))
            run_slice(w);
    }
    *more = !*more;
    for (; may_run(until); computed = true)
        run_slice(w);
    return computed;
}

/* The first frames may have been read together with the set-up, so it begins with those. */
void nf_worker_run(nf_worker *w)
{
    w->said = nf_cpu_now();
    for (;;) {
        bool more, computed = make_round(w, &more);
        uint64_t now = nf_cpu_now();
        end_overdue(w, now);
        say_alive(w, computed, now);
        flush(w);
        if (nf_runs_ready() == 0 && !more)
            sleep_until_needed(w);
        if (!nf_port_read(&w->port))
            peer_gone();
    }
}
