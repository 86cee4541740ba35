/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_server.h: HTTP/1.1 in (RFC 9110, RFC 9112) on the loop.
 *
 * One exchange = one request and its one answer. A connection handles its requests one after the
 * other; pipelined ones wait. The answer may come later (the 202 of an event waits for the disk):
 * the exchange stays valid until it was answered. When the client goes away first, the exchange
 * lives on and its answer is dropped.
 *
 * Every limit is absolute: a peer that sends a byte now and then gains nothing (http_guard.h has
 * the rules of the head).
 */
#ifndef NF_NET_HTTP_SERVER_H
#define NF_NET_HTTP_SERVER_H

#include "loop/loop.h"

typedef struct nf_http_server nf_http_server;
typedef struct nf_http_exchange nf_http_exchange;

typedef struct nf_http_options {
    size_t max_head;          /* bytes of request line and headers; 0: 32 KiB */
    size_t max_body;          /* bytes; 0: 1 MiB */
    uint64_t head_ms;         /* from the first byte of a request to the end of its head; 0: 5 s */
    uint64_t body_ms;         /* for the body; 0: 10 s */
    uint64_t idle_ms;         /* keep-alive between requests; 0: 60 s */
    unsigned max_connections; /* 0: 1,024; one more is closed at once */
} nf_http_options;

/** Called once per complete request, on the loop. It must answer `x`, now or later, exactly once.
 */
typedef void nf_http_handler(nf_http_exchange *x, void *ctx);

/**
 * Listen on "HOST:PORT" (HOST an address or "localhost"; port 0 chooses one) or "unix:PATH" (mode
 * 0600, an old socket nobody listens on is replaced). The error names the address and the reason.
 */
nf_status nf_http_server_open(nf_loop *loop, const char *address, const nf_http_options *options,
                              nf_http_handler *handler, void *ctx, nf_http_server **server,
                              nf_error *err);

/** The port it listens on (useful after port 0), or 0 on a unix socket. */
int nf_http_server_port(const nf_http_server *server);

/** Stop accepting and close idle connections; busy ones end after their answer. Frees the server
 * when the last is gone. */
void nf_http_server_close(nf_http_server *server);

/** Request method, e.g. "POST". Borrowed until the answer, as all below. */
const char *nf_http_method(const nf_http_exchange *x);

/** The path as sent, without the query: "/v1/tasks/7d0f". Not decoded. */
const char *nf_http_path(const nf_http_exchange *x);

/** The query without '?', or "". Not decoded. */
const char *nf_http_query(const nf_http_exchange *x);

/** A header by its lower-case name, or NULL. Repeated ones are joined with ", ". */
const char *nf_http_header(const nf_http_exchange *x, const char *name);

/** The body; never NULL, NUL-terminated. */
const char *nf_http_body(const nf_http_exchange *x, size_t *len);

/** Who asks: the address as text, "127.0.0.1"; on a unix socket the user id, "uid 1000". */
const char *nf_http_peer(const nf_http_exchange *x);

/**
 * Answer. `type` NULL: no content type. `headers` NULL or complete lines ("Location: /x\r\n"). The
 * body is copied. Ends the exchange: `x` must not be touched afterwards.
 */
void nf_http_answer(nf_http_exchange *x, int status, const char *type, const char *headers,
                    const void *body, size_t len);

/** End the exchange without an answer: the connection is cut. For simulators and for peers that
 * deserve nothing better. */
void nf_http_drop(nf_http_exchange *x);

/** End the exchange by sending these bytes as they are, then close the connection. For simulators.
 */
void nf_http_answer_raw(nf_http_exchange *x, const void *bytes, size_t len);

/** Answer with {"error": text} and the status; the text is for people and must hold no secret. */
void nf_http_answer_error(nf_http_exchange *x, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Answer with a JSON value and a status. Steals `value`. */
struct json_t;
void nf_http_answer_json(nf_http_exchange *x, int status, struct json_t *value);

#endif
