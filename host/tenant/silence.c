/* SPDX-License-Identifier: Apache-2.0 */
/* silence.c: see silence.h. Hours are counted from 1970 in UTC; hour % 168 is the hour of the week. */
#include "tenant/silence.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/macros.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

enum { HOUR_MS = 3600000, WEEK = 168, DAY = 24, LONGEST_LOOK = 2 * WEEK };

typedef struct service {
    float usual[WEEK]; /* events in that hour of the week; below 0: not learned yet */
    int64_t hour;      /* the one that is counted */
    unsigned count;
    int64_t last_ms;
    int told, changed;
    UT_hash_handle hh;
    char name[];
} service;

struct nf_silence {
    service *services;
    uint64_t after_ms;
};

nf_silence *nf_silence_new(uint64_t after_ms)
{
    nf_silence *s = nf_alloc(sizeof *s);
    s->after_ms = after_ms;
    return s;
}

static void drop(nf_silence *s, service *v)
{
    HASH_DEL(s->services, v);
    free(v);
}

void nf_silence_free(nf_silence *s)
{
    if (!s)
        return;
    while (s->services)
        drop(s, s->services);
    free(s);
}

static service *get(nf_silence *s, const char *name, int64_t now_ms)
{
    service *v;
    HASH_FIND_STR(s->services, name, v);
    if (v || HASH_COUNT(s->services) >= NF_SILENCE_SERVICES)
        return v;
    v = nf_alloc(sizeof *v + strlen(name) + 1);
    strcpy(v->name, name);
    for (int i = 0; i < WEEK; i++)
        v->usual[i] = -1;
    v->hour = now_ms / HOUR_MS;
    v->last_ms = now_ms;
    HASH_ADD_STR(s->services, name, v);
    return v;
}

/* Learn from the hours that are over. The one in which the service was first seen was not whole. */
static void pass_hours(service *v, int64_t now_ms)
{
    int64_t hour = now_ms / HOUR_MS;
    if (hour > v->hour + LONGEST_LOOK) { /* nobody looked for long: the host was down */
        v->hour = hour;
        v->count = 0;
    }
    for (; v->hour < hour; v->hour++, v->count = 0) {
        float *usual = &v->usual[v->hour % WEEK];
        /* a silence that was told is no habit */
        if (!v->told)
            *usual = *usual < 0 ? (float)v->count : (*usual + (float)v->count) / 2;
        v->changed = 1;
    }
}

/* What is usual in an hour: that of the week, else the mean of the same hour on other days. */
static double usual_in(const service *v, int64_t hour)
{
    if (v->usual[hour % WEEK] >= 0)
        return (double)v->usual[hour % WEEK];
    double sum = 0;
    int days = 0;
    for (int64_t h = hour % DAY; h < WEEK; h += DAY) {
        /* 1970 began on a Thursday at hour 0, so hours of the day are aligned */
        if (v->usual[h] >= 0) {
            sum += (double)v->usual[h];
            days++;
        }
    }
    return days ? sum / days : 0;
}

/* Events to be expected between the last one and now. */
static double expected_since(const service *v, int64_t now_ms)
{
    double sum = 0;
    int64_t from = NF_MAX(v->last_ms, now_ms - (int64_t)LONGEST_LOOK * HOUR_MS);
    while (from < now_ms) {
        int64_t hour = from / HOUR_MS, end = NF_MIN((hour + 1) * HOUR_MS, now_ms);
        sum += usual_in(v, hour) * (double)(end - from) / HOUR_MS;
        from = end;
    }
    return sum;
}

int nf_silence_note(nf_silence *s, const char *name, int64_t now_ms)
{
    service *v = get(s, name, now_ms);
    if (!v)
        return 0;
    pass_hours(v, now_ms);
    int told = v->told;
    v->told = 0;
    v->count++;
    v->last_ms = now_ms;
    return told;
}

void nf_silence_forget(nf_silence *s, const char *name)
{
    service *v;
    HASH_FIND_STR(s->services, name, v);
    if (v)
        drop(s, v);
}

void nf_silence_look(nf_silence *s, int64_t now_ms,
                     void (*silent)(void *ctx, const char *service, double expected,
                                    int64_t last_ms),
                     void *ctx)
{
    service *v, *next;
    HASH_ITER (hh, s->services, v, next) {
        double expected = v->told ? 0 : expected_since(v, now_ms);
        bool long_ago = s->after_ms && now_ms - v->last_ms > (int64_t)s->after_ms;
        if (!v->told && (expected >= NF_SILENCE_EXPECTED || long_ago)) {
            v->told = 1;
            silent(ctx, v->name, expected, v->last_ms);
        }
        pass_hours(v, now_ms);
    }
}

/* ---- what was learned ---- */

void nf_silence_save(nf_silence *s,
                     void (*save)(void *ctx, const char *service, const char *text, size_t len),
                     void *ctx)
{
    service *v, *next;
    HASH_ITER (hh, s->services, v, next) {
        if (!v->changed)
            continue;
        json_t *usual = json_array();
        for (int i = 0; i < WEEK; i++)
            json_array_append_new(usual, json_real((double)v->usual[i]));
        json_t *all = json_pack("{s:I, s:o}", "last", (json_int_t)v->last_ms, "usual", usual);
        char *text = json_dumps(all, JSON_COMPACT | JSON_REAL_PRECISION(4));
        save(ctx, v->name, text, strlen(text));
        free(text);
        json_decref(all);
        v->changed = 0;
    }
}

void nf_silence_load(nf_silence *s, const char *name, const char *text, size_t len)
{
    json_t *all = json_loadb(text, len, 0, NULL);
    const json_t *usual = json_object_get(all, "usual");
    int64_t last = nf_json_integer(all, "last", 0);
    service *v = last > 0 && json_array_size(usual) == WEEK ? get(s, name, last) : NULL;
    for (size_t i = 0; v && i < WEEK; i++)
        v->usual[i] = (float)json_number_value(json_array_get(usual, i));
    json_decref(all);
}
