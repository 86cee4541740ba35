/* SPDX-License-Identifier: Apache-2.0 */
/*
 * line.c: which requests of a connection may go out now, and which wait: for the rate, for the end of a pause that
 * Nimbus asked for, or for the breaker to close.
 *
 * Invariants: a request that may go does not wait; urgent ones (lower priority) go first, equal ones in the order they
 * came; nobody waits beyond the time it has, or when it is certain that this time will not be enough.
 */
#include "nimbus/internal.h"

#include "base/clock.h"
#include "base/macros.h"

#include <utlist.h>

#define NS_PER_MS 1000000u

/* What holds the line up, and for how long at least. */
typedef struct gate {
    enum { GATE_OPEN, GATE_RATE, GATE_PAUSE, GATE_BREAKER } by;
    uint64_t wait_ms;
} gate;

static gate gate_of(nf_nimbus *nimbus, uint64_t now)
{
    if (!nf_breaker_lets(&nimbus->breaker, now))
        return (gate){GATE_BREAKER, nf_breaker_wait_ms(&nimbus->breaker, now)};
    if (now < nimbus->paused_until_ns)
        return (gate){GATE_PAUSE, (nimbus->paused_until_ns - now) / NS_PER_MS + 1};
    if (nf_window_sum(&nimbus->sent, now) >= nimbus->rate)
        return (gate){GATE_RATE, NF_MAX(nf_window_wait_ms(&nimbus->sent, now), 1)};
    return (gate){GATE_OPEN, 0};
}

uint64_t nf_line_left_ms(const nf_nimbus_request *r, uint64_t now)
{
    if (r->until_ns == 0)
        return UINT64_MAX;
    return r->until_ns > now ? (r->until_ns - now) / NS_PER_MS : 0;
}

/* ---- who goes ---- */

/* A probe may fail, so it must not be one that cannot be repeated. */
static nf_nimbus_request *next_to_go(nf_nimbus *nimbus)
{
    nf_nimbus_request *r = nimbus->line;
    while (r && nimbus->breaker.open && r->class == NF_UNSAFE)
        r = r->line_next;
    return r;
}

static void send_what_may_go(nf_nimbus *nimbus)
{
    nf_nimbus_request *r;
    while (gate_of(nimbus, nf_clock_ns()).by == GATE_OPEN && (r = next_to_go(nimbus))) {
        nf_line_leave(r);
        nf_nimbus_send_now(r);
    }
    if (nimbus->breaker.open && gate_of(nimbus, nf_clock_ns()).by == GATE_OPEN)
        nf_nimbus_probe(nimbus);
}

/* ---- who gives up ---- */

/* It does not wait for the breaker: nobody has time for it, or it is not to be tried again. */
static bool is_impatient(const nf_nimbus_request *r)
{
    return r->until_ns == 0 || r->retry.times <= NF_MAX(r->attempt, 1);
}

static bool gives_up(const nf_nimbus_request *r, const gate *g, uint64_t now)
{
    if (g->by == GATE_BREAKER && is_impatient(r))
        return true;
    return r->until_ns && now + g->wait_ms * NS_PER_MS >= r->until_ns;
}

static void give_up(nf_nimbus_request *r, const gate *g, uint64_t now)
{
    const nf_nimbus *nimbus = r->nimbus;
    nf_error err = {0};
    char time[96] = "";
    nf_status status = g->by == GATE_BREAKER ? NF_E_UNREACHABLE : NF_E_RATE;
    if (r->until_ns)
        snprintf(time, sizeof time, ", and only %llu ms of the run's wall time are left",
                 (unsigned long long)nf_line_left_ms(r, now));
    if (g->by == GATE_BREAKER)
        nf_error_set(
            &err, status,
            "not sent%s: the last %u requests to %s failed (%s), so only a probe goes out, "
            "the next one in %llu ms%s",
            r->attempt ? " again" : "", nimbus->breaker.failures, nimbus->cluster,
            nimbus->last_failure ? nimbus->last_failure : "no answer",
            (unsigned long long)g->wait_ms, time);
    else if (g->by == GATE_PAUSE)
        nf_error_set(&err, status,
                     "not sent%s: Nimbus asked this connection for a pause (429), which lasts %llu "
                     "ms more%s",
                     r->attempt ? " again" : "", (unsigned long long)g->wait_ms, time);
    else
        nf_error_set(&err, status,
                     "not sent%s: it waited for its turn among the requests_per_second of this "
                     "connection%s",
                     r->attempt ? " again" : "", time);
    if (r->maybe_done) {
        err.status = NF_E_UNKNOWN;
        nf_error_prefix(&err, "an earlier attempt may have taken effect");
    }
    nf_line_leave(r);
    nf_nimbus_fail(r, &err);
}

/* ---- the line ---- */

static void set_timer(nf_nimbus *nimbus, uint64_t now, uint64_t at)
{
    nimbus->next_ns = at;
    nf_timer_start(nimbus->next, at > now ? (at - now) / NS_PER_MS + 1 : 0, 0);
}

/* When must the line be looked at because of the gate? */
static uint64_t gate_ns(nf_nimbus *nimbus, uint64_t now)
{
    gate g = gate_of(nimbus, now);
    if (g.by == GATE_BREAKER && nimbus->breaker.probing)
        return UINT64_MAX; /* its end looks at the line */
    if (!nimbus->line && !nimbus->breaker.open)
        return UINT64_MAX;
    return now + g.wait_ms * NS_PER_MS;
}

static void plan(nf_nimbus *nimbus)
{
    uint64_t now = nf_clock_ns(), at = gate_ns(nimbus, now);
    const nf_nimbus_request *r;
    DL_FOREACH2(nimbus->line, r, line_next)
    {
        if (r->until_ns)
            at = NF_MIN(at, r->until_ns);
    }
    if (at == UINT64_MAX) {
        nimbus->next_ns = UINT64_MAX;
        nf_timer_stop(nimbus->next);
    } else {
        set_timer(nimbus, now, at);
    }
}

void nf_line_move(void *ctx)
{
    nf_nimbus *nimbus = ctx;
    send_what_may_go(nimbus);
    for (;;) { /* who is told may join or leave the line */
        uint64_t now = nf_clock_ns();
        gate g = gate_of(nimbus, now);
        nf_nimbus_request *r;
        DL_FOREACH2(nimbus->line, r, line_next)
        {
            if (gives_up(r, &g, now))
                break;
        }
        if (!r)
            break;
        give_up(r, &g, now);
    }
    plan(nimbus);
}

void nf_line_look(nf_nimbus *nimbus)
{
    if (nimbus->line || nimbus->breaker.open)
        set_timer(nimbus, 0, 0);
}

void nf_line_leave(nf_nimbus_request *r)
{
    DL_DELETE2(r->nimbus->line, r, line_prev, line_next);
    r->in_line = false;
    r->nimbus->waiting--;
}

static void insert(nf_nimbus_request *r)
{
    nf_nimbus *nimbus = r->nimbus;
    nf_nimbus_request *before = nimbus->line ? nimbus->line->line_prev : NULL; /* the last */
    while (before && before->priority > r->priority)
        before = before == nimbus->line ? NULL : before->line_prev;
    if (!nimbus->line)
        DL_APPEND2(nimbus->line, r, line_prev, line_next);
    else if (before)
        DL_APPEND_ELEM2(nimbus->line, before, r, line_prev, line_next);
    else
        DL_PREPEND2(nimbus->line, r, line_prev, line_next);
    r->in_line = true;
    nimbus->waiting++;
}

void nf_line_join(nf_nimbus_request *r)
{
    nf_nimbus *nimbus = r->nimbus;
    uint64_t now = nf_clock_ns();
    gate g = gate_of(nimbus, now);
    if (!nimbus->line && g.by == GATE_OPEN && !(nimbus->breaker.open && r->class == NF_UNSAFE)) {
        nf_nimbus_send_now(r);
        return;
    }
    insert(r);
    uint64_t at = gives_up(r, &g, now) ? 0 : gate_ns(nimbus, now);
    at = r->until_ns ? NF_MIN(at, r->until_ns) : at;
    if (at < nimbus->next_ns) /* told from the timer: never from inside */
        set_timer(nimbus, now, at);
}

/* ---- for people ---- */

const char *nf_nimbus_waits(const nf_nimbus_request *r)
{
    if (r->in_line) {
        switch (gate_of(r->nimbus, nf_clock_ns()).by) {
        case GATE_BREAKER:
            return "until Nimbus answers again: the breaker of the connection is open";
        case GATE_PAUSE:
            return "for the end of a pause that Nimbus asked for (429)";
        default:
            return r->nimbus->breaker.open
                       ? "until Nimbus answers again: the breaker of the connection is open"
                       : "in line: requests_per_second of the connection";
        }
    }
    if (r->wait)
        return "for the sign-in of its connection";
    return r->http ? NULL : "before the next attempt";
}
