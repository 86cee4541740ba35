/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zone.h: the time zones of the IANA database ("Europe/Zurich"), any number of them at once.
 *
 * A zone is a table of changes (TZif, RFC 8536) and a rule for the time after it; it never changes once opened, so
 * threads may share it. Instants are seconds since 1970 UTC. A local time is written as the instant it would be, were
 * the clock on UTC. Both count within the years 1 to 9999; what is outside is taken as the nearest instant inside.
 */
#ifndef NF_BASE_ZONE_H
#define NF_BASE_ZONE_H

#include "nf/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct nf_zone nf_zone;

/**
 * Open a zone by its name, from the folder that the environment variable TZDIR names, else from /usr/share/zoneinfo.
 * The caller closes it. "UTC" needs no file. NULL with NF_E_ARG for what is no name, NF_E_NOT_FOUND for an unknown one
 * (with the nearest known), NF_E_IO, NF_E_PARSE and NF_E_LIMIT for a file that cannot be used.
 */
nf_zone *nf_zone_open(const char *name, nf_error *err);

/** The same from the bytes of a TZif file; nothing of them is kept. `name` is for messages. NULL with NF_E_PARSE. */
nf_zone *nf_zone_parse(const void *bytes, size_t len, const char *name, nf_error *err);

/** The zone that is always UTC, without any file. The caller closes it. */
nf_zone *nf_zone_utc(void);

/** Free a zone; NULL is nothing. */
void nf_zone_close(nf_zone *zone);

/** Seconds that local time is ahead of UTC at an instant; `*dst` (may be NULL): is it daylight saving time? */
int32_t nf_zone_offset(const nf_zone *zone, int64_t utc_s, bool *dst);

/** The first change after an instant (the offset may stay the same); INT64_MAX when there is none. */
int64_t nf_zone_change(const nf_zone *zone, int64_t utc_s);

typedef enum nf_local_kind {
    NF_LOCAL_ONCE,
    NF_LOCAL_GAP,  /* the clock was put forward over it */
    NF_LOCAL_TWICE /* the clock was put back behind it */
} nf_local_kind;

/** What a local time is as an instant. */
typedef struct nf_local {
    nf_local_kind kind;
    int64_t first;  /* the instant; in a gap its end, when the clock was put forward */
    int64_t second; /* the second occurrence; elsewhere the same as `first` */
} nf_local;

/** The instants at which a local time is on the clock. */
nf_local nf_zone_local(const nf_zone *zone, int64_t local_s);

#endif
