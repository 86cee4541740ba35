/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_retry.h: is a failed request tried again, and when? Pure.
 *
 * What may be repeated follows from what is known of the failed attempt: one that was certainly refused or never sent
 * may be repeated always, one whose outcome is unknown only when doing it twice is the same as once.
 */
#ifndef NF_NET_HTTP_RETRY_H
#define NF_NET_HTTP_RETRY_H

#include "nf/error.h"

/** How a request is repeated. A 0 means: not said here. */
typedef struct nf_retry {
    uint32_t times;      /* attempts in all, the first included */
    uint32_t backoff_ms; /* the wait after the first; it doubles after each */
    uint32_t longest_ms; /* the longest wait of our own */
    uint32_t obeyed_ms;  /* the longest Retry-After that is obeyed; a longer one ends it */
} nf_retry;

enum {
    NF_RETRY_TIMES = 6,
    NF_RETRY_BACKOFF_MS = 250,
    NF_RETRY_LONGEST_MS = 5000,
    NF_RETRY_OBEYED_MS = 60000,
    NF_RETRY_TIMES_MAX = 100,
    NF_RETRY_WAIT_MAX_MS = 900000, /* no wait may be set longer: no run lives longer */
};

/** What holds when nobody says anything. */
nf_retry nf_retry_standard(void);

/** Each field of `special` that is said, else that of `general`. NULL says nothing. */
nf_retry nf_retry_over(const nf_retry *general, const nf_retry *special);

/** What is known after an attempt. */
typedef enum nf_attempt_end {
    NF_ATTEMPT_FINAL,   /* an answer that stands: repeating gives the same */
    NF_ATTEMPT_REFUSED, /* certainly not done: never sent, 429, 503 */
    NF_ATTEMPT_UNKNOWN, /* it may have been done: no answer, cut off, 500, 502, 504 */
} nf_attempt_end;

/** Judge an attempt: `status` NF_OK: there was an answer, with `http_status`. */
nf_attempt_end nf_attempt_judge(nf_status status, int http_status);

/** What is known of one attempt. */
typedef struct nf_attempt {
    unsigned number;         /* 1 for the first */
    bool repeatable;         /* doing it twice is the same as once */
    nf_status status;        /* NF_OK: there was an answer */
    int http_status;         /* of the answer */
    uint32_t retry_after_ms; /* the other side's wish, 0: none */
    uint64_t left_ms;        /* how long the asker can wait at all; UINT64_MAX: any time */
} nf_attempt;

typedef enum nf_retry_verdict {
    NF_RETRY_AGAIN,
    NF_RETRY_USELESS,   /* the answer stands */
    NF_RETRY_UNSAFE,    /* it may have been done, and twice is wrong */
    NF_RETRY_EXHAUSTED, /* it was tried as often as it may be */
    NF_RETRY_TOO_LONG,  /* the other side asks for a longer wait than is obeyed */
    NF_RETRY_NO_TIME,   /* the asker cannot wait so long */
} nf_retry_verdict;

/**
 * What now? With NF_RETRY_AGAIN and NF_RETRY_NO_TIME `*wait_ms` is the wait before the next attempt: the step of the
 * policy, of which the random `jitter` (0 to 65535) gives half to all, or a longer Retry-After. `retry` is whole.
 */
nf_retry_verdict nf_retry_decide(const nf_retry *retry, const nf_attempt *attempt, uint16_t jitter,
                                 uint64_t *wait_ms);

#endif
