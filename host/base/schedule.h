/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schedule.h: when a scheduled handler is due: even intervals, or the times of a calendar in a time zone.
 *
 * Pure: the same options give the same times on every host. Intervals are counted from 1970-01-01T00:00:00Z, so a
 * restart does not shift them. How a calendar behaves when clocks change: base/cron.h.
 */
#ifndef NF_BASE_SCHEDULE_H
#define NF_BASE_SCHEDULE_H

#include "nf/error.h"

#include <jansson.h>

/** What becomes of the times that passed while the host was down. */
typedef enum nf_catch_up {
    NF_CATCH_UP_NONE, /* they are over */
    NF_CATCH_UP_LAST, /* the latest of them is made up for; it tells how many there were */
    NF_CATCH_UP_ALL,  /* each, one after the other, at most NF_CATCH_UP_MOST */
} nf_catch_up;

enum { NF_CATCH_UP_MOST = 1000 };

typedef struct nf_schedule nf_schedule;

/**
 * From the options {"interval"} or {"schedule", "zone"?}, both with "catch_up"?. NULL with `err` set, naming the
 * option. Owned by the caller.
 */
nf_schedule *nf_schedule_new(const json_t *options, nf_error *err);

/** Free it. NULL is allowed. */
void nf_schedule_free(nf_schedule *schedule);

/** Are the options right? */
nf_status nf_schedule_check(const json_t *options, nf_error *err);

/** The first time it is due after `after_s` (seconds since 1970); 0: never again. */
int64_t nf_schedule_next(const nf_schedule *schedule, int64_t after_s);

/** What is to be made up for. */
nf_catch_up nf_schedule_catch_up(const nf_schedule *schedule);

#endif
