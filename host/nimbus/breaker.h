/* SPDX-License-Identifier: Apache-2.0 */
/*
 * breaker.h: does a connection send at all, after many failures in a row? Pure: the time is an argument.
 *
 *   closed ── so many failures in a row ──> open ── a probe is answered ──> closed
 *
 * While it is open one request at a time goes out, the probe, and one per interval at most. Any answer that is no
 * failure of the other side closes it. Times are nf_clock_ns.
 */
#ifndef NF_NIMBUS_BREAKER_H
#define NF_NIMBUS_BREAKER_H

#include "nf/error.h"

typedef struct nf_breaker {
    unsigned most;     /* failures in a row that open it; 0: never */
    uint64_t probe_ms; /* between two probes */
    /* kept by the functions below */
    unsigned failures; /* in a row */
    bool open, probing;
    uint64_t next_ns; /* when the next probe may go */
    uint64_t opened;  /* how often it has opened */
} nf_breaker;

enum { NF_BREAKER_FAILURES = 20, NF_BREAKER_PROBE_MS = 5000 };

/** Is this end of a request a failure of the other side? (No answer, a failing one; not 429, which is its order.) */
bool nf_breaker_counts(nf_status status, int http_status);

/** May a request go out now? */
bool nf_breaker_lets(const nf_breaker *breaker, uint64_t now_ns);

/** One goes out. */
void nf_breaker_sent(nf_breaker *breaker, uint64_t now_ns);

/**
 * One ended; `probe`: it went out while the breaker was open. True when the breaker opened or closed by that. Those
 * that were on their way when it opened can close it too: an answer is an answer.
 */
bool nf_breaker_ended(nf_breaker *breaker, bool probe, bool failed, uint64_t now_ns);

/** The probe under way will not end. */
void nf_breaker_lost(nf_breaker *breaker);

/** In how many ms the next one may go, at the earliest; 0: now. */
uint64_t nf_breaker_wait_ms(const nf_breaker *breaker, uint64_t now_ns);

#endif
