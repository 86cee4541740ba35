/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_client.c: see http_client.h. Requests wait in lines per host; each link of a host carries one at a time.
 *
 * Invariants: a request is in a line of its host or on exactly one link; a host has at most max_per_host links; a link
 * in `idle` has no request, and nothing was read from it that nobody asked for.
 */
#include "net/http_client.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/macros.h"
#include "base/secret.h"
#include "base/strbuf.h"
#include "net/http_link.h"
#include "net/http_reply.h"
#include "net/http_turns.h"
#include "net/http_wire.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

enum {
    DEFAULT_TIMEOUT_MS = 30000,
    DEFAULT_BODY = 1 << 20,
    READ_CHUNK = 64 << 10,
    MOST_SENT = 64 << 20,
    MOST_TRIES = 3,
    FRESH_MS =
        2000 /* a link idle for longer may have been dropped by something in between, without a word */
};

typedef struct line_link {
    struct host *host;
    nf_http_link *link;
    nf_http_request *request; /* NULL while it connects or is idle */
    nf_http_reply reply;
    nf_timer *timer;  /* of the request on it */
    uint64_t idle_ns; /* since when it has been idle */
    bool opened,
        used; /* used: it carried a request before, so the server may have closed it meanwhile */
    struct line_link *prev, *next;
} line_link;

struct host {
    nf_http_client *client;
    char *key; /* "https://name:port" or "unix:PATH" */
    char *unix_socket;
    unsigned links, connecting;
    line_link *opening, *busy, *idle; /* idle: the one used last is first */
    nf_turns turns;                   /* the lines, and who of the busy is whose */
    nf_http_request *refused;         /* cannot be sent at all; told so in the next round */
    UT_hash_handle hh;
};

struct nf_http_request {
    nf_turn turn; /* first: a turn is its request */
    struct host *host;
    line_link *on; /* NULL while it waits */
    nf_strbuf wire;
    size_t sent, max_body;
    uint64_t timeout_ms;
    unsigned tries;
    bool write, repeatable, secret;
    nf_timer *timer; /* only of a refused one */
    void (*done)(void *ctx, const nf_http_result *result);
    void *ctx;
    nf_http_request *prev, *next;
};

struct nf_http_client {
    nf_loop *loop;
    nf_http_links *links;
    unsigned max_per_host;
    struct host *hosts;
    char *chunk;
};

static void pump(struct host *host);

/* ---- ends of requests ---- */

static void free_request(nf_http_request *r)
{
    nf_timer_close(r->timer);
    if (r->wire.bytes)
        nf_secret_wipe(r->wire.bytes, r->wire.len); /* the token is in there */
    nf_strbuf_release(&r->wire);
    free(r);
}

static void report(nf_http_request *r, const nf_http_result *result)
{
    r->done(r->ctx, result);
    free_request(r);
}

static void fail(nf_http_request *r, nf_status status, const char *text)
{
    nf_http_result result = {.body = ""};
    bool maybe_done = r->write && r->sent > 0;
    nf_error_set(&result.error, maybe_done ? NF_E_UNKNOWN : status, "%s: %s%s", r->host->key, text,
                 maybe_done ? "; whether the request took effect is not known" : "");
    report(r, &result);
}

/* ---- links ---- */

static void close_link(line_link *l)
{
    struct host *host = l->host;
    if (!l->opened) {
        DL_DELETE(host->opening, l);
        host->connecting--;
    } else if (l->request) {
        DL_DELETE(host->busy, l);
    } else {
        DL_DELETE(host->idle, l);
    }
    host->links--;
    if (l->link)
        nf_http_link_close(l->link);
    nf_timer_close(l->timer);
    nf_http_reply_release(&l->reply);
    free(l);
}

/* Take the request off its link and close the link: what may still come is of no use. */
static nf_http_request *cut(line_link *l)
{
    nf_http_request *r = l->request;
    r->on = NULL;
    close_link(l);
    return r;
}

/* The same, and it will not go out again. */
static nf_http_request *cut_for_good(line_link *l)
{
    nf_turns *turns = &l->host->turns;
    nf_http_request *r = cut(l);
    nf_turns_end(turns, &r->turn);
    return r;
}

static nf_http_request *request_of(nf_turn *turn)
{
    return (nf_http_request *)(void *)turn;
}

/* The server closed a kept link as we sent on it: that is no failure of the request, if it may be sent again. */
static void lost(line_link *l)
{
    struct host *host = l->host;
    bool again =
        l->used && l->reply.status == 0 && l->request->repeatable && l->request->tries < MOST_TRIES;
    nf_http_request *r = cut(l);
    if (again) {
        r->sent = 0;
        nf_turns_again(&host->turns, &r->turn);
    } else {
        nf_turns_end(&host->turns, &r->turn);
        fail(r, NF_E_UNREACHABLE, "the connection was closed before the answer");
    }
    pump(host);
}

static void answered(line_link *l)
{
    struct host *host = l->host;
    nf_http_request *r = l->request;
    nf_http_result result = {
        .status = l->reply.status,
        .body = nf_strbuf_text(&l->reply.body),
        .len = l->reply.body.len,
        .location = l->reply.location,
        .retry_after_ms = l->reply.retry_after_ms,
    };
    bool secret = r->secret;
    r->on = NULL;
    nf_turns_end(&host->turns, &r->turn);
    nf_timer_stop(l->timer);
    report(r, &result); /* the link stays busy meanwhile: the answer is in its memory */
    if (secret) {
        nf_secret_wipe(host->client->chunk, READ_CHUNK);
        nf_secret_wipe(l->reply.body.bytes, l->reply.body.len);
    }
    if (!l->reply.keep_alive) {
        close_link(l);
    } else {
        DL_DELETE(host->busy, l);
        l->request = NULL;
        l->used = true;
        l->idle_ns = nf_clock_ns();
        free(l->reply.location);
        l->reply.location = NULL;
        DL_PREPEND(host->idle, l);
    }
    pump(host);
}

static void read_answer(line_link *l)
{
    nf_http_client *client = l->host->client;
    const char *why = NULL;
    for (;;) {
        size_t n;
        nf_http_io io = nf_http_link_read(l->link, client->chunk, READ_CHUNK, &n);
        if (io == NF_HTTP_IO_AGAIN)
            return;
        if (!l->request) { /* idle: closed, or something nobody asked for */
            close_link(l);
            return;
        }
        if (io == NF_HTTP_IO_CLOSED && !nf_http_reply_end(&l->reply)) {
            lost(l);
            return;
        }
        if (io == NF_HTTP_IO_DONE && !nf_http_reply_feed(&l->reply, client->chunk, n, &why)) {
            struct host *host = l->host;
            nf_status status = l->reply.body.overflow ? NF_E_LIMIT : NF_E_PROTOCOL;
            fail(cut_for_good(l), status, why);
            pump(host);
            return;
        }
        if (l->reply.done) {
            answered(l);
            return;
        }
    }
}

/* An error of sending shows when the answer is read. */
static void send_rest(line_link *l)
{
    nf_http_request *r = l->request;
    size_t sent;
    nf_http_io io =
        nf_http_link_send(l->link, r->wire.bytes + r->sent, r->wire.len - r->sent, &sent);
    r->sent += sent;
    nf_http_link_want_write(l->link, io == NF_HTTP_IO_AGAIN);
}

static void on_ready(void *ctx, bool writable)
{
    line_link *l = ctx;
    if (writable && l->request)
        send_rest(l);
    read_answer(l);
}

static void on_opened(void *ctx, const nf_error *err)
{
    line_link *l = ctx;
    struct host *host = l->host;
    if (!err) {
        DL_DELETE(host->opening, l);
        host->connecting--;
        l->opened = true;
        l->idle_ns = nf_clock_ns();
        DL_PREPEND(host->idle, l);
    } else {
        l->link = NULL; /* closed already */
        close_link(l);
        nf_turn *first = nf_turns_first(&host->turns);
        if (first) {
            nf_http_result result = {.error = *err, .body = ""};
            nf_turns_leave(&host->turns, first);
            report(request_of(first), &result);
        }
    }
    pump(host);
}

static const nf_http_link_events link_events = {on_opened, on_ready};

static void on_timer(void *ctx)
{
    line_link *l = ctx;
    struct host *host = l->host;
    fail(cut_for_good(l), NF_E_TIMEOUT, "no answer in time");
    pump(host);
}

static void open_link(struct host *host)
{
    line_link *l = nf_alloc(sizeof *l);
    l->host = host;
    l->timer = nf_timer_new(host->client->loop, on_timer, l);
    DL_APPEND(host->opening, l);
    l->reply.name = l->reply.value = l->reply.body = nf_strbuf_new(DEFAULT_BODY);
    host->links++;
    host->connecting++;
    const char *url = host->unix_socket ? "http://localhost" : host->key;
    l->link = nf_http_link_open(host->client->links, url, host->unix_socket, &link_events, l);
}

/* ---- the line ---- */

static void put_on(line_link *l, nf_http_request *r)
{
    struct host *host = l->host;
    DL_DELETE(host->idle, l);
    nf_turns_take(&host->turns, &r->turn);
    DL_APPEND(host->busy, l);
    l->request = r;
    r->on = l;
    r->tries++;
    nf_http_reply_init(&l->reply, r->max_body);
    nf_timer_start(l->timer, r->timeout_ms, 0);
    send_rest(l);
}

/* Fit for a request that must not be sent twice? */
static bool is_fresh(const line_link *l)
{
    return nf_clock_ns() - l->idle_ns < (uint64_t)FRESH_MS * 1000000;
}

/* As many requests as there are links for; as many links as there are requests for, up to the limit. */
static void pump(struct host *host)
{
    nf_turn *next;
    while (host->idle && (next = nf_turns_next(&host->turns))) {
        if (is_fresh(host->idle) || request_of(next)->repeatable)
            put_on(host->idle, request_of(next));
        else /* the others have been idle for longer */
            close_link(host->idle);
    }
    unsigned waiting = nf_turns_ready(&host->turns, host->client->max_per_host);
    while (host->connecting < waiting && host->links < host->client->max_per_host)
        open_link(host);
}

void nf_http_request_cancel(nf_http_request *r)
{
    struct host *host = r->host;
    if (r->on)
        cut_for_good(r->on);
    else if (r->timer)
        DL_DELETE(host->refused, r);
    else
        nf_turns_leave(&host->turns, &r->turn);
    free_request(r);
    pump(host);
}

/* ---- start ---- */

static void on_refused(void *ctx)
{
    nf_http_request *r = ctx;
    DL_DELETE(r->host->refused, r);
    fail(r, NF_E_ARG, "not an address that can be asked");
}

static struct host *host_of(nf_http_client *client, const nf_http_spec *spec)
{
    char *key = spec->unix_socket ? nf_format("unix:%s", spec->unix_socket)
                                  : nf_memdup(spec->url, nf_http_origin_length(spec->url));
    struct host *host;
    HASH_FIND_STR(client->hosts, key, host);
    if (host) {
        free(key);
        return host;
    }
    host = nf_alloc(sizeof *host);
    host->client = client;
    host->turns.links = client->max_per_host;
    host->key = key;
    host->unix_socket = nf_strdup(spec->unix_socket);
    HASH_ADD_KEYPTR(hh, client->hosts, host->key, strlen(host->key), host);
    return host;
}

nf_http_request *nf_http_request_start(nf_http_client *client, const nf_http_spec *spec,
                                       void (*done)(void *ctx, const nf_http_result *result),
                                       void *ctx)
{
    nf_http_request *r = nf_alloc(sizeof *r);
    r->host = host_of(client, spec);
    r->wire = nf_strbuf_new(MOST_SENT);
    r->write = spec->write;
    r->secret = spec->secret;
    r->repeatable = strcmp(spec->method, "POST") != 0; /* RFC 9110, 9.2.2 */
    r->timeout_ms = spec->timeout_ms ? spec->timeout_ms : DEFAULT_TIMEOUT_MS;
    r->max_body = spec->max_body ? spec->max_body : DEFAULT_BODY;
    r->done = done;
    r->ctx = ctx;
    if (nf_http_sendable(spec)) {
        nf_http_write(&r->wire, spec);
        nf_turns_add(&r->host->turns, &r->turn, spec->share);
        pump(r->host);
    } else { /* told from the loop, as every end */
        r->timer = nf_timer_new(client->loop, on_refused, r);
        DL_APPEND(r->host->refused, r);
        nf_timer_start(r->timer, 0, 0);
    }
    return r;
}

/* ---- life ---- */

nf_status nf_http_client_open(nf_loop *loop, unsigned max_per_host, nf_http_client **out,
                              nf_error *err)
{
    nf_http_client *client = nf_alloc(sizeof *client);
    nf_status status = nf_http_links_open(loop, &client->links, err);
    if (status != NF_OK) {
        free(client);
        return status;
    }
    client->loop = loop;
    client->max_per_host = max_per_host;
    client->chunk = nf_alloc(READ_CHUNK);
    *out = client;
    return NF_OK;
}

static void close_host(struct host *host)
{
    nf_http_request *r;
    nf_turn *turn;
    while ((turn = nf_turns_first(&host->turns))) {
        nf_turns_leave(&host->turns, turn);
        free_request(request_of(turn));
    }
    while ((r = host->refused)) {
        DL_DELETE(host->refused, r);
        free_request(r);
    }
    while (host->busy)
        free_request(cut_for_good(host->busy));
    while (host->opening)
        close_link(host->opening);
    while (host->idle)
        close_link(host->idle);
}

void nf_http_client_close(nf_http_client *client)
{
    struct host *host, *next;
    if (!client)
        return;
    HASH_ITER (hh, client->hosts, host, next) {
        close_host(host);
        HASH_DEL(client->hosts, host);
        free(host->key);
        free(host->unix_socket);
        free(host);
    }
    nf_http_links_close(client->links);
    free(client->chunk);
    free(client);
}
