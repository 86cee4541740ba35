/* SPDX-License-Identifier: Apache-2.0 */
/* breaker.c: see breaker.h. */
#include "nimbus/breaker.h"

#define NS_PER_MS 1000000u

bool nf_breaker_counts(nf_status status, int http_status)
{
    if (status != NF_OK)
        return nf_status_retryable(status) || status == NF_E_PROTOCOL;
    return http_status >= 500 && http_status != 501 && http_status != 505;
}

bool nf_breaker_lets(const nf_breaker *b, uint64_t now_ns)
{
    return !b->open || (!b->probing && now_ns >= b->next_ns);
}

void nf_breaker_sent(nf_breaker *b, uint64_t now_ns)
{
    if (!b->open)
        return;
    b->probing = true;
    b->next_ns = now_ns + b->probe_ms * NS_PER_MS;
}

bool nf_breaker_ended(nf_breaker *b, bool probe, bool failed, uint64_t now_ns)
{
    if (probe)
        b->probing = false;
    if (!failed) {
        bool was = b->open;
        b->failures = 0;
        b->open = false;
        return was;
    }
    if (b->failures < UINT32_MAX)
        b->failures++;
    if (b->open || b->most == 0 || b->failures < b->most)
        return false;
    b->open = true;
    b->opened++;
    b->next_ns = now_ns + b->probe_ms * NS_PER_MS;
    return true;
}

void nf_breaker_lost(nf_breaker *b)
{
    b->probing = false;
}

uint64_t nf_breaker_wait_ms(const nf_breaker *b, uint64_t now_ns)
{
    if (!b->open || now_ns >= b->next_ns)
        return 0;
    return (b->next_ns - now_ns) / NS_PER_MS + 1;
}
