/* SPDX-License-Identifier: Apache-2.0 */
/* percent.h: percent encoding of one path segment or query value (RFC 3986, 2.1). */
#ifndef NF_BASE_PERCENT_H
#define NF_BASE_PERCENT_H

#include "base/strbuf.h"

/** Append `text` with everything but unreserved characters encoded. */
bool nf_percent_encode(nf_strbuf *out, const char *text);

/** Decode in place; returns the new length, or -1 on a broken escape or a NUL. '+' stays '+'. */
long nf_percent_decode(char *text);

#endif
