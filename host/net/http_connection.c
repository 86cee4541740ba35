/* SPDX-License-Identifier: Apache-2.0 */
/* http_connection.c: see http_connection.h for the phases. One read and one write per request in
 * the usual case. */
#include "net/http_connection.h"

#include "base/alloc.h"
#include "base/fault.h"
#include "base/macros.h"
#include "log/log.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum {
    DRAIN_MS = 1000,
    WAITING_MAX = 65536,   /* bytes that may wait behind a pending request before reading stops */
    KEPT_CAPACITY = 65536, /* larger buffers are given back */
};

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf);
static void write_rest(nf_http_connection *c, size_t sent);
static void go_on(nf_http_connection *c);

/* ---- end ---- */

static void maybe_free(nf_http_connection *c)
{
    nf_http_server *server = c->server;
    if (!c->stream_closed || c->exchange.open)
        return;
    nf_http_message_release(&c->message);
    nf_strbuf_release(&c->in);
    nf_strbuf_release(&c->out);
    free(c);
    server->count--;
    nf_http_server_maybe_free(server);
}

static void on_closed(uv_handle_t *handle)
{
    nf_http_connection *c = handle->data;
    c->stream_closed = true;
    maybe_free(c);
}

static void close_now(nf_http_connection *c)
{
    if (c->phase == NF_HTTP_CLOSED)
        return;
    c->phase = NF_HTTP_CLOSED;
    DL_DELETE(c->server->connections, c);
    uv_close((uv_handle_t *)&c->uv.stream, on_closed);
    nf_timer_close(c->deadline);
}

/* ---- reading on and off ---- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    nf_http_connection *c = handle->data;
    *buf = uv_buf_init(c->server->read_buffer, sizeof c->server->read_buffer);
}

static void set_reading(nf_http_connection *c, bool on)
{
    if (c->reading == on || c->phase == NF_HTTP_CLOSED)
        return;
    c->reading = on;
    if (on)
        uv_read_start(&c->uv.stream, on_alloc, on_read);
    else
        uv_read_stop(&c->uv.stream);
}

/* ---- phases and deadlines ---- */

static void enter(nf_http_connection *c, nf_http_phase phase)
{
    const nf_http_options *o = &c->server->options;
    uint64_t ms = phase == NF_HTTP_HEAD                            ? o->head_ms
                  : phase == NF_HTTP_BODY || phase == NF_HTTP_LAST ? o->body_ms
                  : phase == NF_HTTP_DRAIN                         ? DRAIN_MS
                                                                   : o->idle_ms;
    c->phase = phase;
    if (phase != NF_HTTP_PENDING) /* the handler's time is the handler's */
        nf_timer_start(c->deadline, ms, 0);
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
    (void)request;
    (void)status;
}

/* Half-close and wait for the peer to have read the answer: closing over unread bytes would destroy
 * it on its way. */
static void drain(nf_http_connection *c)
{
    bool nothing_unread = c->server->closing && !c->in.len && c->message.progress == NF_HTTP_DONE;
    nf_strbuf_release(&c->in);
    if (c->eof || nothing_unread || uv_shutdown(&c->shutdown, &c->uv.stream, on_shutdown) != 0) {
        close_now(c);
        return;
    }
    enter(c, NF_HTTP_DRAIN);
    set_reading(c, true);
}

/* ---- writing ---- */

static void after_write(nf_http_connection *c)
{
    if (c->out.capacity > KEPT_CAPACITY)
        nf_strbuf_release(&c->out);
    else
        nf_strbuf_clear(&c->out);
    if (!c->keep || c->server->closing) {
        drain(c);
        return;
    }
    nf_http_message_reset(&c->message);
    c->phase = NF_HTTP_IDLE; /* its deadline is set when nothing more waits in the buffer */
}

static void on_written(uv_write_t *request, int status)
{
    nf_http_connection *c = request->data;
    if (c->phase == NF_HTTP_CLOSED)
        return;
    if (status != 0) {
        close_now(c);
        return;
    }
    after_write(c);
    go_on(c);
}

/* Send `out`: at once if the socket takes it, the rest later. */
static void send_out(nf_http_connection *c, nf_http_phase phase)
{
    uv_buf_t buf = uv_buf_init(c->out.bytes, (unsigned)c->out.len);
    nf_fault_point("answer.before");
    int sent = uv_try_write(&c->uv.stream, &buf, 1);
    nf_fault_point("answer.after");
    if (sent < 0 && sent != UV_EAGAIN) {
        close_now(c);
        return;
    }
    if (sent > 0 && (size_t)sent == c->out.len) {
        after_write(c);
        return;
    }
    enter(c, phase);
    write_rest(c, sent > 0 ? (size_t)sent : 0);
}

static void write_rest(nf_http_connection *c, size_t sent)
{
    uv_buf_t buf = uv_buf_init(c->out.bytes + sent, (unsigned)(c->out.len - sent));
    c->write.data = c;
    if (uv_write(&c->write, &c->uv.stream, &buf, 1, on_written) != 0)
        close_now(c);
}

static void refuse(nf_http_connection *c, int status, const char *why)
{
    char body[256];
    int len = snprintf(body, sizeof body, "{\"error\":\"%s\"}", why);
    c->keep = false;
    nf_http_answer_write(&c->out,
                         &(nf_http_answer_spec){.status = status,
                                                .type = "application/json",
                                                .body = body,
                                                .len = (size_t)len,
                                                .close = true},
                         &c->server->date);
    send_out(c, NF_HTTP_LAST);
}

static void on_deadline(void *ctx)
{
    nf_http_connection *c = ctx;
    if (c->phase == NF_HTTP_PENDING)
        return;
    if (c->phase == NF_HTTP_HEAD)
        refuse(c, 408, "the head of the request did not arrive in time");
    else if (c->phase == NF_HTTP_BODY)
        refuse(c, 408, "the body of the request did not arrive in time");
    else
        close_now(c);
}

/* ---- requests ---- */

static void dispatch(nf_http_connection *c)
{
    enter(c, NF_HTTP_PENDING);
    nf_fault_point("request.received");
    c->keep = c->message.keep_alive;
    c->exchange.open = true;
    c->server->handler(&c->exchange, c->server->ctx);
}

static void send_continue(nf_http_connection *c)
{
    static char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    uv_buf_t buf = uv_buf_init(text, sizeof text - 1);
    if (uv_try_write(&c->uv.stream, &buf, 1) != (int)buf.len)
        close_now(c); /* a socket that takes not even this has a peer that does not read */
}

static void want_body(nf_http_connection *c, bool got_some)
{
    if (c->phase == NF_HTTP_BODY)
        return;
    enter(c, NF_HTTP_BODY);
    if (c->message.head.expects_continue && !got_some)
        send_continue(c);
}

/* Take requests from the bytes as long as they are complete and answered at once. Returns the bytes
 * done with. */
static size_t take_requests(nf_http_connection *c, const char *bytes, size_t len)
{
    size_t used = 0, taken;
    c->in_loop = true;
    while (used < len && c->phase < NF_HTTP_PENDING) {
        switch (nf_http_message_feed(&c->message, bytes + used, len - used, &taken)) {
        case NF_HTTP_MORE_HEAD:
            if (c->phase == NF_HTTP_IDLE)
                enter(c, NF_HTTP_HEAD);
            c->in_loop = false;
            return used;
        case NF_HTTP_MORE_BODY:
            used += taken;
            want_body(c, c->message.wire > 0);
            break;
        case NF_HTTP_DONE:
            used += taken;
            dispatch(c);
            break;
        case NF_HTTP_REFUSED:
            refuse(c, c->message.refusal.status, c->message.refusal.why);
            break;
        }
    }
    c->in_loop = false;
    return used;
}

static bool is_finished(const nf_http_connection *c)
{
    return c->phase < NF_HTTP_PENDING && (c->eof || c->server->closing);
}

/* After bytes or an answer: decide what to wait for. */
static void settle(nf_http_connection *c)
{
    if (c->phase == NF_HTTP_CLOSED || c->phase == NF_HTTP_DRAIN)
        return;
    if (is_finished(c)) {
        close_now(c);
        return;
    }
    if (c->phase == NF_HTTP_IDLE && !c->eof)
        enter(c, NF_HTTP_IDLE);
    set_reading(c, !c->eof && (c->phase < NF_HTTP_PENDING || c->in.len < WAITING_MAX));
}

/* Go on with the bytes that wait. */
static void go_on(nf_http_connection *c)
{
    if (c->phase == NF_HTTP_IDLE && c->in.len)
        nf_strbuf_shift(&c->in, take_requests(c, c->in.bytes, c->in.len));
    settle(c);
}

static void take_bytes(nf_http_connection *c, const char *bytes, size_t len)
{
    if (c->phase == NF_HTTP_DRAIN)
        return;
    if (c->phase >= NF_HTTP_PENDING || c->in.len) {
        nf_strbuf_add(&c->in, bytes, len);
        if (c->phase < NF_HTTP_PENDING)
            nf_strbuf_shift(&c->in, take_requests(c, c->in.bytes, c->in.len));
    } else {
        size_t used = take_requests(c, bytes, len);
        if (used < len && c->phase < NF_HTTP_LAST)
            nf_strbuf_add(&c->in, bytes + used, len - used);
    }
    if (!c->in.len && c->in.capacity > KEPT_CAPACITY)
        nf_strbuf_release(&c->in);
    settle(c);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf)
{
    nf_http_connection *c = stream->data;
    if (count > 0) {
        take_bytes(c, buf->base, (size_t)count);
    } else if (count == UV_EOF && c->phase != NF_HTTP_DRAIN) {
        c->eof =
            true; /* it may have closed its sending side only: a pending answer is still sent */
        settle(c);
    } else if (count < 0) {
        close_now(c);
    }
}

/* ---- from outside ---- */

void nf_http_connection_answer(nf_http_connection *c, nf_http_answer_spec *spec)
{
    if (c->phase == NF_HTTP_CLOSED) {
        maybe_free(c);
        return;
    }
    c->keep = c->keep && !c->server->closing;
    spec->close = !c->keep;
    spec->keep_told = c->message.head.minor == 0;
    spec->head_only = strcmp(c->message.head.method, "HEAD") == 0;
    nf_http_answer_write(&c->out, spec, &c->server->date);
    send_out(c, NF_HTTP_WRITING);
    if (!c->in_loop)
        go_on(c);
}

void nf_http_connection_cut(nf_http_connection *c, const void *bytes, size_t len)
{
    if (c->phase == NF_HTTP_CLOSED) {
        maybe_free(c);
        return;
    }
    c->keep = false;
    nf_strbuf_add(&c->out, bytes, len);
    if (len)
        send_out(c, NF_HTTP_LAST);
    else
        close_now(c);
}

void nf_http_connection_wind_down(nf_http_connection *c)
{
    if (c->phase < NF_HTTP_PENDING)
        close_now(c);
}

/* ---- beginning ---- */

/* On a unix socket the kernel tells who connected. */
static void set_local_peer(nf_http_connection *c)
{
    struct ucred who;
    socklen_t size = sizeof who;
    uv_os_fd_t fd;
    if (uv_fileno((uv_handle_t *)&c->uv, &fd) == 0
        && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0)
        snprintf(c->peer, sizeof c->peer, "uid %u", who.uid);
    else
        strcpy(c->peer, "unix");
}

static void set_peer(nf_http_connection *c)
{
    struct sockaddr_storage address;
    int size = sizeof address;
    strcpy(c->peer, "unknown");
    if (c->server->is_unix)
        set_local_peer(c);
    else if (uv_tcp_getpeername(&c->uv.tcp, (struct sockaddr *)&address, &size) == 0)
        uv_ip_name((struct sockaddr *)&address, c->peer, sizeof c->peer);
    if (strncmp(c->peer, "::ffff:", 7) == 0 && strchr(c->peer, '.'))
        memmove(c->peer, c->peer + 7, strlen(c->peer + 7) + 1);
}

static nf_http_connection *new_connection(nf_http_server *server)
{
    nf_http_connection *c = nf_alloc(sizeof *c);
    c->server = server;
    c->exchange.connection = c;
    c->in = nf_strbuf_new(server->options.max_head + 2 * WAITING_MAX + NF_HTTP_READ_SIZE);
    c->out = nf_strbuf_new(SIZE_MAX / 2);
    nf_http_message_init(&c->message, server->options.max_head, server->options.max_body);
    if (server->is_unix)
        uv_pipe_init(&server->loop->uv, &c->uv.pipe, 0);
    else
        uv_tcp_init(&server->loop->uv, &c->uv.tcp);
    c->deadline = nf_timer_new(server->loop, on_deadline, c);
    c->uv.stream.data = c;
    server->count++;
    DL_APPEND(server->connections, c);
    return c;
}

void nf_http_connection_accept(nf_http_server *server)
{
    nf_http_connection *c = new_connection(server);
    bool too_many = server->count > server->options.max_connections;
    if (uv_accept(&server->listener.stream, &c->uv.stream) != 0 || too_many) {
        if (too_many)
            nf_log_warn("http", "refused a connection: %u are open",
                        server->options.max_connections);
        close_now(c);
        return;
    }
    if (!server->is_unix)
        uv_tcp_nodelay(&c->uv.tcp, 1);
    set_peer(c);
    enter(c, NF_HTTP_IDLE);
    set_reading(c, true);
}
