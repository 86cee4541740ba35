/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zone.c: TZif bytes to a table, and the table asked.
 *
 * Invariants after nf_zone_parse: times ascend strictly, every kind named by a change is there, every offset is within
 * the range of RFC 8536 (less than 26 hours), which nf_zone_local relies on.
 */
#include "base/zone.h"

#include "base/alloc.h"
#include "base/macros.h"
#include "base/zone_rule.h"

#include <stdlib.h>
#include <string.h>

enum {
    HEADER = 44,
    MOST_KINDS = 256,
    LEAST_OFFSET = -89999, /* RFC 8536, 3.2: what a file should stay within */
    MOST_OFFSET = 93599,
    FARTHEST = 26 * 3600
};

#define YEAR_1    INT64_C(-62135596800)
#define YEAR_9999 INT64_C(253402300799)

typedef struct kind {
    int32_t offset_s;
    bool dst;
} kind;

typedef struct change {
    int64_t at;
    uint8_t kind;
} change;

struct nf_zone {
    kind *kinds;     /* the first holds before the first change */
    change *changes; /* NULL without any */
    size_t count;
    bool has_rule; /* without, the last kind goes on */
    nf_zone_rule rule;
};

typedef struct reader {
    const uint8_t *at;
    size_t left;
} reader;

/* the counts of a header, in the order of the file */
typedef struct counts {
    uint32_t universal, standard, leaps, times, kinds, letters;
} counts;

static uint32_t u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static const uint8_t *take(reader *r, uint64_t len)
{
    if (len > r->left)
        return NULL;
    const uint8_t *at = r->at;
    r->at += len;
    r->left -= (size_t)len;
    return at;
}

static bool read_header(reader *r, uint8_t *version, counts *out)
{
    const uint8_t *at = take(r, HEADER);
    if (!at || memcmp(at, "TZif", 4) != 0)
        return false;
    *version = at[4];
    *out = (counts){u32(at + 20), u32(at + 24), u32(at + 28),
                    u32(at + 32), u32(at + 36), u32(at + 40)};
    return true;
}

/* bytes behind the names: leap seconds and the two kinds of indicators, which nobody needs here */
static uint64_t tail_size(const counts *n, unsigned time_size)
{
    return (uint64_t)n->leaps * (time_size + 4) + n->standard + n->universal;
}

static uint64_t block_size(const counts *n, unsigned time_size)
{
    return (uint64_t)n->times * (time_size + 1) + (uint64_t)n->kinds * 6 + n->letters
           + tail_size(n, time_size);
}

static const char *read_kinds(nf_zone *zone, const uint8_t *at, const counts *n)
{
    zone->kinds = nf_alloc(n->kinds * sizeof *zone->kinds);
    for (uint32_t i = 0; i < n->kinds; i++, at += 6) {
        int32_t offset = (int32_t)u32(at);
        if (offset < LEAST_OFFSET || offset > MOST_OFFSET)
            return "has an offset of more than a day";
        if (at[4] > 1 || at[5] >= n->letters)
            return "has a wrong kind of local time";
        zone->kinds[i] = (kind){offset, at[4] == 1};
    }
    return NULL;
}

static const char *read_changes(nf_zone *zone, const uint8_t *times, const counts *n)
{
    if (n->times == 0)
        return NULL;
    const uint8_t *kinds = times + (size_t)n->times * 8;
    zone->changes = nf_alloc(n->times * sizeof *zone->changes);
    zone->count = n->times;
    for (uint32_t i = 0; i < n->times; i++, times += 8) {
        int64_t at = (int64_t)((uint64_t)u32(times) << 32 | u32(times + 4));
        if (i > 0 && at <= zone->changes[i - 1].at)
            return "has changes that are not in order";
        if (kinds[i] >= n->kinds)
            return "names a kind of local time that it does not have";
        zone->changes[i] = (change){at, kinds[i]};
    }
    return NULL;
}

static const char *read_rule(nf_zone *zone, reader *r)
{
    const uint8_t *first = take(r, 1);
    const char *text = (const char *)r->at;
    const char *end = first && *first == '\n' && r->left ? memchr(text, '\n', r->left) : NULL;
    if (!end)
        return "has no line with the rule for later years";
    zone->has_rule = end > text;
    if (zone->has_rule && !nf_zone_rule_parse(text, (size_t)(end - text), &zone->rule))
        return "has a rule for later years that cannot be read";
    return NULL;
}

/* NULL, or what is wrong with the file */
static const char *read_file(nf_zone *zone, reader *r)
{
    uint8_t version;
    counts n;
    if (!read_header(r, &version, &n))
        return "is not a time zone file";
    if (version < '2')
        return "is of version 1, which ends in 2037; install a current tzdata";
    if (!take(r, block_size(&n, 4)) || !read_header(r, &version, &n))
        return "is cut short";
    if (n.leaps != 0)
        return "counts leap seconds, which no schedule does; leave out 'right/'";
    if (n.kinds < 1 || n.kinds > MOST_KINDS || n.letters < 1
        || (n.standard != 0 && n.standard != n.kinds)
        || (n.universal != 0 && n.universal != n.kinds))
        return "has wrong counts";
    const uint8_t *times = take(r, (uint64_t)n.times * 9);
    const uint8_t *kinds = times ? take(r, (uint64_t)n.kinds * 6 + n.letters) : NULL;
    if (!kinds || !take(r, tail_size(&n, 8)))
        return "is cut short";
    const char *wrong = read_kinds(zone, kinds, &n);
    if (!wrong)
        wrong = read_changes(zone, times, &n);
    return wrong ? wrong : read_rule(zone, r);
}

nf_zone *nf_zone_parse(const void *bytes, size_t len, const char *name, nf_error *err)
{
    reader r = {bytes, len};
    nf_zone *zone = nf_alloc(sizeof *zone);
    const char *wrong = read_file(zone, &r);
    if (!wrong)
        return zone;
    nf_zone_close(zone);
    nf_error_set(err, NF_E_PARSE, "time zone '%s': its file %s", name, wrong);
    return NULL;
}

nf_zone *nf_zone_utc(void)
{
    nf_zone *zone = nf_alloc(sizeof *zone);
    zone->kinds = nf_alloc(sizeof *zone->kinds);
    return zone;
}

void nf_zone_close(nf_zone *zone)
{
    if (!zone)
        return;
    free(zone->kinds);
    free(zone->changes);
    free(zone);
}

/* how many changes are at or before an instant */
static size_t changes_until(const nf_zone *zone, int64_t utc_s)
{
    size_t low = 0, high = zone->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (zone->changes[middle].at <= utc_s)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int64_t within(int64_t time_s)
{
    return NF_MIN(NF_MAX(time_s, YEAR_1), YEAR_9999);
}

/* the instants asked here may be FARTHEST outside the years that count */
static int32_t offset_at(const nf_zone *zone, int64_t utc_s, bool *dst)
{
    size_t i = changes_until(zone, utc_s);
    if (i == zone->count && zone->has_rule)
        return nf_zone_rule_offset(&zone->rule, utc_s, dst);
    kind found = zone->kinds[i ? zone->changes[i - 1].kind : 0];
    if (dst)
        *dst = found.dst;
    return found.offset_s;
}

static int64_t change_after(const nf_zone *zone, int64_t utc_s)
{
    size_t i = changes_until(zone, utc_s);
    if (i < zone->count)
        return zone->changes[i].at;
    return zone->has_rule ? nf_zone_rule_change(&zone->rule, utc_s) : INT64_MAX;
}

int32_t nf_zone_offset(const nf_zone *zone, int64_t utc_s, bool *dst)
{
    return offset_at(zone, within(utc_s), dst);
}

int64_t nf_zone_change(const nf_zone *zone, int64_t utc_s)
{
    return change_after(zone, within(utc_s));
}

/*
 * Walk the stretches of one offset around the time. Local time runs from before `local_s` to behind it, so it either
 * meets it in a stretch or jumps over it at the end of one.
 */
nf_local nf_zone_local(const nf_zone *zone, int64_t local_s)
{
    local_s = within(local_s);
    nf_local found = {.kind = NF_LOCAL_GAP};
    int met = 0;
    int64_t begin = local_s - FARTHEST, last = local_s + FARTHEST, gap = 0;
    for (bool jumped = false; begin <= last && met < 2;) {
        int32_t offset = offset_at(zone, begin, NULL);
        int64_t end = change_after(zone, begin), at = local_s - offset;
        if (at >= begin && at < end) {
            *(met ? &found.second : &found.first) = at;
            met++;
        } else if (at >= end && !jumped && local_s < end + offset_at(zone, end, NULL)) {
            jumped = true;
            gap = end;
        }
        begin = end;
    }
    if (met == 0)
        found.first = gap;
    else
        found.kind = met == 1 ? NF_LOCAL_ONCE : NF_LOCAL_TWICE;
    if (met < 2)
        found.second = found.first;
    return found;
}
