/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dedupe.h: has this notification come before?
 *
 * Nimbus gives its notifications no id, so a repeated delivery is recognised by subscription and SHA-256 of the body
 * within 60 s. Parameter updates may rightly be equal (on, off, on): they are compared with the task's last event only.
 */
#ifndef NF_TENANT_DEDUPE_H
#define NF_TENANT_DEDUPE_H

#include "tenant/event.h"

typedef struct nf_dedupe nf_dedupe;

/* The window, and the most that is remembered: above 8,700 events a second for a whole minute the
 * window gets shorter. */
enum { NF_DEDUPE_MS = 60000, NF_DEDUPE_MOST = 1 << 19 };

/** An empty memory. */
nf_dedupe *nf_dedupe_new(void);
void nf_dedupe_free(nf_dedupe *dedupe);

/** The id of the same event within the window, or 0. */
int64_t nf_dedupe_find(nf_dedupe *dedupe, const nf_event *event);

/** Remember an event (its row's id, subscription, hash and time). */
void nf_dedupe_add(nf_dedupe *dedupe, const nf_event *event);

/** Remember an event of before the restart. */
void nf_dedupe_add_row(nf_dedupe *dedupe, const nf_event_row *row);

/** Forget an event that was refused after all. */
void nf_dedupe_forget(nf_dedupe *dedupe, const nf_event *event);

#endif
