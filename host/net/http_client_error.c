/* SPDX-License-Identifier: Apache-2.0 */
/* http_client_error.c: see http_client_error.h. */
#include "net/http_client_error.h"

static nf_status status_of(CURLcode code, bool maybe_done)
{
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
        return NF_E_UNREACHABLE;
    case CURLE_OPERATION_TIMEDOUT:
        return maybe_done ? NF_E_UNKNOWN : NF_E_TIMEOUT;
    case CURLE_WRITE_ERROR:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
        return maybe_done ? NF_E_UNKNOWN : NF_E_PROTOCOL;
    default:
        return maybe_done ? NF_E_UNKNOWN : NF_E_UNREACHABLE;
    }
}

void nf_http_client_error(nf_error *err, CURLcode code, const char *detail, const char *host,
                          bool maybe_done, bool too_large)
{
    nf_status status = status_of(code, maybe_done);
    const char *text = too_large   ? "the answer is larger than allowed"
                       : detail[0] ? detail
                                   : curl_easy_strerror(code);
    nf_error_set(err, status, "%s: %s%s", host, text,
                 status == NF_E_UNKNOWN ? "; whether the request took effect is not known" : "");
}
