/* SPDX-License-Identifier: Apache-2.0 */
/* http_client_error.h: from libcurl's result codes to our statuses, in one place. */
#ifndef NF_NET_HTTP_CLIENT_ERROR_H
#define NF_NET_HTTP_CLIENT_ERROR_H

#include "nf/error.h"

#include <curl/curl.h>

/**
 * Word a failed transfer: `detail` is curl's own text, `host` names the other side, `maybe_done` says that a request
 * that changes something may have arrived (then the outcome is unknown), `too_large` that we refused the answer's size.
 */
void nf_http_client_error(nf_error *err, CURLcode code, const char *detail, const char *host,
                          bool maybe_done, bool too_large);

#endif
