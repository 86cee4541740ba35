/* SPDX-License-Identifier: Apache-2.0 */
/* http_wire.h: a request as the bytes that go out. Pure. */
#ifndef NF_NET_HTTP_WIRE_H
#define NF_NET_HTTP_WIRE_H

#include "base/strbuf.h"
#include "net/http_client.h"

/** Can it be sent: does no text in it break the head apart? */
bool nf_http_sendable(const nf_http_spec *spec);

/** Length of "scheme://authority" in front of a URL. */
size_t nf_http_origin_length(const char *url);

/** Head and body of a sendable request, at the end of `wire`. */
void nf_http_write(nf_strbuf *wire, const nf_http_spec *spec);

#endif
