/* SPDX-License-Identifier: Apache-2.0 */
/* http_retry.c: see http_retry.h. */
#include "net/http_retry.h"

enum { FIRST_MS = 250, LONGEST_STEP_MS = 5000 };

static bool worth_it(const nf_attempt *a)
{
    if (a->status != NF_OK)
        return a->status == NF_E_UNREACHABLE || (a->repeatable && nf_status_retryable(a->status));
    switch (a->http_status) {
    case 429:
    case 503:
        return true; /* refused before anything was done */
    case 500:
    case 502:
    case 504:
        return a->repeatable;
    default:
        return false;
    }
}

long nf_retry_wait(const nf_attempt *a, uint16_t jitter)
{
    if (a->number >= NF_RETRY_ATTEMPTS || !worth_it(a) || a->retry_after_ms > NF_RETRY_MOST_MS)
        return -1;
    long step = FIRST_MS << (a->number - 1);
    if (step > LONGEST_STEP_MS)
        step = LONGEST_STEP_MS;
    long wait = step / 2 + step * jitter / (2 * 65536);
    return a->retry_after_ms > wait ? (long)a->retry_after_ms : wait;
}
