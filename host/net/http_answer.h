/* SPDX-License-Identifier: Apache-2.0 */
/* http_answer.h: the bytes of an answer. */
#ifndef NF_NET_HTTP_ANSWER_H
#define NF_NET_HTTP_ANSWER_H

#include "base/strbuf.h"

#include <stdint.h>

typedef struct nf_http_answer_spec {
    int status;
    const char *type;    /* Content-Type, or NULL */
    const char *headers; /* complete lines, or NULL */
    const void *body;
    size_t len;
    bool head_only; /* the request was HEAD: the length is told, the body is not sent */
    bool close;     /* the connection ends with this answer */
    bool keep_told; /* HTTP/1.0 wants to hear that it does not */
} nf_http_answer_spec;

/** The text of the header Date, written anew once per second; starts as {0}. */
typedef struct nf_http_date {
    int64_t second;
    char text[32];
} nf_http_date;

/** Append an answer to `out`. */
void nf_http_answer_write(nf_strbuf *out, const nf_http_answer_spec *spec, nf_http_date *date);

/** The words for a status, e.g. "Not Found"; "Status" for a number without any. Static. */
const char *nf_http_reason(int status);

#endif
