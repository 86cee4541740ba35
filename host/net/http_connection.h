/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_connection.h: one accepted connection, inside the server only.
 *
 *           bytes         head whole         body whole           answered
 *   IDLE ────────▶ HEAD ────────────▶ BODY ────────────▶ PENDING ──────────▶ WRITING ──▶ IDLE
 *    │ deadline:    │ deadline: 408    │ deadline: 408   (handler at work)    │ last answer
 *    ▼ closed       ▼                  ▼                                      ▼
 *  CLOSED ◀─────── LAST (refusal is being written) ──▶ DRAIN (what still comes is thrown away, for a second)
 *
 * Invariants: the deadline is set when a phase is entered and never moved by bytes that arrive. The
 * memory is freed when both handles are closed and the exchange is answered. While a request is
 * pending or an answer is being written, bytes that arrive wait in `in`, and reading stops when
 * there are too many.
 */
#ifndef NF_NET_HTTP_CONNECTION_H
#define NF_NET_HTTP_CONNECTION_H

#include "net/http_answer.h"
#include "net/http_message.h"
#include "net/http_server.h"

enum { NF_HTTP_READ_SIZE = 65536, NF_HTTP_PEER_TEXT = 64 };

typedef enum nf_http_phase {
    NF_HTTP_IDLE,
    NF_HTTP_HEAD,
    NF_HTTP_BODY,
    NF_HTTP_PENDING,
    NF_HTTP_WRITING,
    NF_HTTP_LAST,
    NF_HTTP_DRAIN,
    NF_HTTP_CLOSED,
} nf_http_phase;

struct nf_http_server {
    nf_loop *loop;
    nf_http_options options;
    nf_http_handler *handler;
    void *ctx;
    union {
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } listener;
    bool is_unix, closing, listener_closed;
    unsigned count;                         /* connections whose memory is not freed yet */
    struct nf_http_connection *connections; /* those not closed */
    nf_http_date date;
    char read_buffer[NF_HTTP_READ_SIZE]; /* used within one read callback only, so one serves all */
};

typedef struct nf_http_connection nf_http_connection;

/** A request and its answer. A connection has one at a time, so it lives in there. */
struct nf_http_exchange {
    nf_http_connection *connection;
    bool open;                /* handed to the handler and not answered yet */
    struct nf_joined *joined; /* values of repeated headers, built when asked for */
};

struct nf_http_connection {
    nf_http_server *server;
    nf_http_connection *prev, *next;
    union {
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    nf_timer *deadline; /* runs on while a handler is at work, and then does nothing */
    bool stream_closed;
    nf_http_phase phase;
    bool reading, eof, in_loop, keep;
    nf_http_message message;
    nf_http_exchange exchange;
    nf_strbuf in;  /* bytes that wait */
    nf_strbuf out; /* the answer under way */
    uv_write_t write;
    uv_shutdown_t shutdown;
    char peer[NF_HTTP_PEER_TEXT];
};

/** Accept one connection from the server's listener. Closes it at once beyond the limit. */
void nf_http_connection_accept(nf_http_server *server);

/** Send the answer of its exchange and go on. */
void nf_http_connection_answer(nf_http_connection *c, nf_http_answer_spec *spec);

/** End its exchange with these bytes (none: nothing at all) and close the connection. */
void nf_http_connection_cut(nf_http_connection *c, const void *bytes, size_t len);

/** The server closes: close what is idle; the others follow after their answer. */
void nf_http_connection_wind_down(nf_http_connection *c);

/** Free the server if nothing of it is left. */
void nf_http_server_maybe_free(nf_http_server *server);

#endif
