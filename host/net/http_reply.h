/* SPDX-License-Identifier: Apache-2.0 */
/* http_reply.h: one answer being read, by llhttp. Pure: no I/O, no clock. */
#ifndef NF_NET_HTTP_REPLY_H
#define NF_NET_HTTP_REPLY_H

#include "base/strbuf.h"

#include <llhttp.h>

typedef struct nf_http_reply {
    int status;
    nf_strbuf body;
    char *location;          /* header Location, or NULL */
    uint32_t retry_after_ms; /* header Retry-After; 0: none; at most one day */
    bool done, keep_alive;
    /* private */
    size_t head; /* bytes of the header lines so far */
    nf_strbuf name, value;
    bool in_value;
    llhttp_t parser;
} nf_http_reply;

/** Prepare for an answer of at most `max_body` bytes. */
void nf_http_reply_init(nf_http_reply *reply, size_t max_body);

/** Free everything inside. */
void nf_http_reply_release(nf_http_reply *reply);

/**
 * Read on. False with `why` (static text) when it is no answer or too large. `done` is set at its end; bytes behind it
 * are an error, since nothing was asked for yet.
 */
bool nf_http_reply_feed(nf_http_reply *reply, const char *bytes, size_t len, const char **why);

/** The server closed the connection. True when that is where the answer ends. */
bool nf_http_reply_end(nf_http_reply *reply);

#endif
