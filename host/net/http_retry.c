/* SPDX-License-Identifier: Apache-2.0 */
/* http_retry.c: see http_retry.h. */
#include "net/http_retry.h"

#include <stddef.h>

nf_retry nf_retry_standard(void)
{
    return (nf_retry){NF_RETRY_TIMES, NF_RETRY_BACKOFF_MS, NF_RETRY_LONGEST_MS, NF_RETRY_OBEYED_MS};
}

nf_retry nf_retry_over(const nf_retry *general, const nf_retry *special)
{
    nf_retry all = general ? *general : (nf_retry){0};
    if (!special)
        return all;
    all.times = special->times ? special->times : all.times;
    all.backoff_ms = special->backoff_ms ? special->backoff_ms : all.backoff_ms;
    all.longest_ms = special->longest_ms ? special->longest_ms : all.longest_ms;
    all.obeyed_ms = special->obeyed_ms ? special->obeyed_ms : all.obeyed_ms;
    return all;
}

nf_attempt_end nf_attempt_judge(nf_status status, int http_status)
{
    if (status == NF_E_UNREACHABLE)
        return NF_ATTEMPT_REFUSED;
    if (status != NF_OK) /* what is no HTTP came from something in between */
        return nf_status_retryable(status) || status == NF_E_PROTOCOL ? NF_ATTEMPT_UNKNOWN
                                                                      : NF_ATTEMPT_FINAL;
    switch (http_status) {
    case 429:
    case 503:
        return NF_ATTEMPT_REFUSED; /* before anything was done */
    case 501:
    case 505:
        return NF_ATTEMPT_FINAL; /* it will never be able to */
    case 408:
        return NF_ATTEMPT_UNKNOWN;
    default:
        return http_status >= 500 ? NF_ATTEMPT_UNKNOWN : NF_ATTEMPT_FINAL;
    }
}

/* backoff, twice that, …, up to the longest. */
static uint64_t step_ms(const nf_retry *retry, unsigned number)
{
    uint64_t step = retry->backoff_ms;
    for (unsigned i = 1; i < number && step < retry->longest_ms; i++)
        step *= 2;
    return step < retry->longest_ms ? step : retry->longest_ms;
}

nf_retry_verdict nf_retry_decide(const nf_retry *retry, const nf_attempt *a, uint16_t jitter,
                                 uint64_t *wait_ms)
{
    nf_attempt_end end = nf_attempt_judge(a->status, a->http_status);
    *wait_ms = 0;
    if (end == NF_ATTEMPT_FINAL)
        return NF_RETRY_USELESS;
    if (end == NF_ATTEMPT_UNKNOWN && !a->repeatable)
        return NF_RETRY_UNSAFE;
    if (a->number >= retry->times)
        return NF_RETRY_EXHAUSTED;
    if (a->retry_after_ms > retry->obeyed_ms)
        return NF_RETRY_TOO_LONG;
    uint64_t step = step_ms(retry, a->number);
    *wait_ms = step / 2 + step * jitter / (2 * 65536);
    if (a->retry_after_ms > *wait_ms)
        *wait_ms = a->retry_after_ms;
    return *wait_ms < a->left_ms ? NF_RETRY_AGAIN : NF_RETRY_NO_TIME;
}
