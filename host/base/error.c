/* SPDX-License-Identifier: Apache-2.0 */
/* error.c: the names and texts of nf/error.h. Invariant: a set error is never overwritten. */
#include "nf/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

nf_status nf_error_set(nf_error *err, nf_status status, const char *format, ...)
{
    if (!err || err->status != NF_OK)
        return status;
    va_list args;
    va_start(args, format);
    err->status = status;
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    return status;
}

void nf_error_prefix(nf_error *err, const char *format, ...)
{
    if (!err || err->status == NF_OK)
        return;
    char old[NF_ERROR_TEXT];
    memcpy(old, err->text, sizeof old);
    va_list args;
    va_start(args, format);
    int n = vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    int room = (int)sizeof err->text - n - 3;
    if (n >= 0 && room > 0)
        snprintf(err->text + n, (size_t)room + 3, ": %.*s", room, old);
}

static const char *const kinds[NF_STATUS_COUNT] = {"ok",
#define X(name, kind, retryable) kind,
                                                   NF_STATUS_MAP(X)
#undef X
};

static const bool retryables[NF_STATUS_COUNT] = {false,
#define X(name, kind, retryable) retryable,
                                                 NF_STATUS_MAP(X)
#undef X
};

static int index_of(nf_status status)
{
    int i = -(int)status;
    return i >= 0 && i < NF_STATUS_COUNT ? i : NF_ORDER_PROTOCOL;
}

const char *nf_status_kind(nf_status status)
{
    return kinds[index_of(status)];
}

bool nf_status_retryable(nf_status status)
{
    return retryables[index_of(status)];
}
