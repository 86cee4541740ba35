/* SPDX-License-Identifier: Apache-2.0 */
/* http_retry.h: is a failed request tried again, and when? Pure. */
#ifndef NF_NET_HTTP_RETRY_H
#define NF_NET_HTTP_RETRY_H

#include "nf/error.h"

enum { NF_RETRY_ATTEMPTS = 4, NF_RETRY_MOST_MS = 60000 };

/** What is known of one attempt. */
typedef struct nf_attempt {
    unsigned number;         /* 1 for the first */
    bool repeatable;         /* doing it twice is the same as once */
    nf_status status;        /* NF_OK: there was an answer */
    int http_status;         /* of the answer */
    uint32_t retry_after_ms; /* the other side's wish, 0: none */
} nf_attempt;

/**
 * The wait in ms before the next attempt, or -1: do not try again. Exponential from 250 ms to 5 s with the random part
 * `jitter` (0 to 65535: half to whole of the step); a Retry-After of up to NF_RETRY_MOST_MS is obeyed, a longer one
 * ends it. What was certainly not sent, and 429 and 503, may be repeated always; everything else only if `repeatable`.
 */
long nf_retry_wait(const nf_attempt *attempt, uint16_t jitter);

#endif
