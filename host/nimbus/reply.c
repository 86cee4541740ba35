/* SPDX-License-Identifier: Apache-2.0 */
/* reply.c: what an answer that is not 2xx means, in words. */
#include "nimbus/connection.h"

static const struct {
    int http;
    nf_status status;
    const char *meaning;
} meanings[] = {
    {400, NF_E_ARG, "Nimbus refused the request as wrong"},
    {401, NF_E_SIGN_IN, "the token was refused; renew the token of this connection"},
    {403, NF_E_DENIED,
     "the connection's user has no right to this; check the role and the organization unit"},
    {404, NF_E_NOT_FOUND, "no such thing, or it has ended"},
    {429, NF_E_RATE, "too many requests"},
    {504, NF_E_SERVER, "Nimbus gave no answer in time"},
};

nf_status nf_nimbus_reply_error(const char *method, const char *path, const nf_reply *reply,
                                bool changes, nf_error *err)
{
    nf_status status = reply->status >= 500   ? NF_E_SERVER
                       : reply->status >= 400 ? NF_E_ARG
                                              : NF_E_PROTOCOL;
    const char *meaning = reply->status >= 500   ? "Nimbus failed"
                          : reply->status >= 400 ? "Nimbus refused the request"
                                                 : "an answer that the API does not have";
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
        if (meanings[i].http == reply->status) {
            status = meanings[i].status;
            meaning = meanings[i].meaning;
        }
    }
    if (reply->status == 504 && changes)
        status = NF_E_UNKNOWN;
    if (err && err->status == NF_OK) {
        err->http_status = reply->status;
        err->retry_after_ms = reply->retry_after_ms;
    }
    return nf_error_set(err, status, "%s %s answered %d: %s%s%s", method, path, reply->status,
                        meaning, reply->note ? "; " : "", reply->note ? reply->note : "");
}
