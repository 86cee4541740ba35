/* SPDX-License-Identifier: Apache-2.0 */
/*
 * silence.h: has a service gone quiet? Nimbus tells nobody when it stops to notify.
 *
 * For each service the usual number of events in each hour of the week is learned (the newest week counts half). A
 * service is silent when so many were to be expected since its last event that none is no chance any more: with 8
 * expected, 3 times in 10,000. Times are given by the caller, so that a test can let weeks pass.
 */
#ifndef NF_TENANT_SILENCE_H
#define NF_TENANT_SILENCE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

enum { NF_SILENCE_EXPECTED = 8, NF_SILENCE_SERVICES = 10000 };

typedef struct nf_silence nf_silence;

/** `after_ms`: silent after so long in any case; 0: by what is usual only. */
nf_silence *nf_silence_new(uint64_t after_ms);

/** Free it. NULL is allowed. */
void nf_silence_free(nf_silence *silence);

/** An event of a service came. Returns whether it had been told to be silent. */
int nf_silence_note(nf_silence *silence, const char *service, int64_t now_ms);

/** Events of a service are no longer wanted: it cannot be silent. */
void nf_silence_forget(nf_silence *silence, const char *service);

/**
 * Look at all services: `silent` is called once for each that has become silent, with the events that were to be
 * expected and when the last one came.
 */
void nf_silence_look(nf_silence *silence, int64_t now_ms,
                     void (*silent)(void *ctx, const char *service, double expected,
                                    int64_t last_ms),
                     void *ctx);

/** What was learned of each service that changed since the last call, as JSON text, for the store. */
void nf_silence_save(nf_silence *silence,
                     void (*save)(void *ctx, const char *service, const char *text, size_t len),
                     void *ctx);

/** Take over what was learned before. Text that is none is ignored. */
void nf_silence_load(nf_silence *silence, const char *service, const char *text, size_t len);

#endif
