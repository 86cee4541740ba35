/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_message.h: one request being read, from bytes to head and body. Pure: no I/O, no clock.
 *
 * The guard collects and checks the head, the parser (llhttp) decides where the body ends, and both
 * must agree: the parser has to find the end of the head exactly where the guard did. Cutting the
 * bytes into other pieces never changes the outcome (tests/fuzz/fuzz_http.c holds it to that).
 */
#ifndef NF_NET_HTTP_MESSAGE_H
#define NF_NET_HTTP_MESSAGE_H

#include "base/strbuf.h"
#include "net/http_guard.h"

#include <llhttp.h>
#include <stdint.h>

typedef enum nf_http_progress {
    NF_HTTP_MORE_HEAD, /* the head is not complete: call again with these bytes and more behind them
                        */
    NF_HTTP_MORE_BODY, /* the head is there, the body is not: call again with the bytes that follow
                        */
    NF_HTTP_DONE,
    NF_HTTP_REFUSED, /* see `refusal`; what follows on the connection means nothing */
} nf_http_progress;

typedef struct nf_http_message {
    size_t max_head, max_body;
    nf_http_head head;
    nf_strbuf body;
    nf_http_refusal refusal;
    bool keep_alive; /* set when done */
    /* private */
    nf_http_progress progress;
    nf_http_lines lines;
    size_t scanned;         /* bytes of the head that the guard has seen */
    nf_strbuf text;         /* own copy of the head, split */
    uint64_t wire;          /* bytes of the body as sent, framing included */
    const char *framing;    /* bytes since here were not part of the body's content */
    bool saw_head, saw_end; /* what the parser reported */
    llhttp_t parser;
} nf_http_message;

/** Prepare for the first request. Limits in bytes. */
void nf_http_message_init(nf_http_message *message, size_t max_head, size_t max_body);

/** Free everything inside. */
void nf_http_message_release(nf_http_message *message);

/** Forget the request, keep the memory unless it is much: ready for the next one. */
void nf_http_message_reset(nf_http_message *message);

/** Read on. `*used` is how many of the bytes are done with; what is behind the end of the message
 * is not. */
nf_http_progress nf_http_message_feed(nf_http_message *message, const char *bytes, size_t len,
                                      size_t *used);

#endif
