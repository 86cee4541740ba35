/* SPDX-License-Identifier: Apache-2.0 */
/* alarm.c: see alarm.h. */
#include "tenant/alarm.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/secret.h"
#include "log/log.h"
#include "tenant/tenant.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { MOMENT_MS = 24 * 3600 * 1000, MOST_ALARMS = 1000 };

typedef struct raised {
    nf_alarm_kind kind;
    char *subject, *text;
    int64_t since_ms, last_ms;
    struct raised *prev, *next;
} raised;

struct nf_alarms {
    nf_tenant *tenant;
    raised *all;
    unsigned lasting[NF_ALARM_KINDS];
    uint64_t raised[NF_ALARM_KINDS];
};

const char *nf_alarm_name(nf_alarm_kind kind)
{
    static const char *const names[] = {
#define X(name, text, doc) text,
        NF_ALARM_MAP(X)
#undef X
    };
    return names[kind];
}

static bool is_moment(nf_alarm_kind kind)
{
    return kind == NF_ALARM_SUBSCRIPTION_REMOVED || kind == NF_ALARM_EVENTS_LOST;
}

nf_alarms *nf_alarms_new(nf_tenant *tenant)
{
    nf_alarms *alarms = nf_alloc(sizeof *alarms);
    alarms->tenant = tenant;
    return alarms;
}

static void drop(nf_alarms *alarms, raised *a)
{
    alarms->lasting[a->kind]--;
    DL_DELETE(alarms->all, a);
    free(a->subject);
    free(a->text);
    free(a);
}

void nf_alarms_free(nf_alarms *alarms)
{
    if (!alarms)
        return;
    while (alarms->all)
        drop(alarms, alarms->all);
    free(alarms);
}

static raised *find(const nf_alarms *alarms, nf_alarm_kind kind, const char *subject)
{
    raised *a;
    DL_FOREACH (alarms->all, a) {
        if (a->kind == kind && strcmp(a->subject, subject) == 0)
            return a;
    }
    return NULL;
}

static void forget_moments(nf_alarms *alarms)
{
    int64_t now = nf_clock_wall_ms();
    raised *a, *next;
    DL_FOREACH_SAFE (alarms->all, a, next) {
        if (is_moment(a->kind) && now - a->last_ms > MOMENT_MS)
            drop(alarms, a);
    }
}

/* Tell the flows that listen. */
static void tell(nf_tenant *t, const raised *a, bool begins)
{
    char since[NF_TIME_TEXT];
    nf_clock_text(a->since_ms, since);
    json_t *event =
        json_pack("{s:s, s:s, s:s, s:b, s:s}", "kind", nf_alarm_name(a->kind), "subject",
                  a->subject, "text", a->text, "raised", (int)begins, "since", since);
    nf_tenant_raise(t, NF_FROM_ALARM, event);
    json_decref(event);
}

void nf_tenant_alarm(nf_tenant *t, nf_alarm_kind kind, const char *subject, const char *text)
{
    nf_alarms *alarms = t->alarms;
    forget_moments(alarms);
    raised *a = find(alarms, kind, subject);
    if (a) {
        a->last_ms = nf_clock_wall_ms();
        free(a->text);
        a->text = nf_strdup(text);
        return;
    }
    size_t count = 0;
    for (int i = 0; i < NF_ALARM_KINDS; i++)
        count += alarms->lasting[i];
    nf_log_warn("alarm", "%s: %s: %s: %s", t->config->name, nf_alarm_name(kind), subject, text);
    alarms->raised[kind]++;
    if (count >= MOST_ALARMS)
        return;
    a = nf_alloc(sizeof *a);
    a->kind = kind;
    a->subject = nf_strdup(subject);
    a->text = nf_strdup(text);
    a->since_ms = a->last_ms = nf_clock_wall_ms();
    alarms->lasting[kind]++;
    DL_APPEND(alarms->all, a);
    tell(t, a, true);
}

void nf_tenant_calm(nf_tenant *t, nf_alarm_kind kind, const char *subject)
{
    raised *a = find(t->alarms, kind, subject);
    if (!a)
        return;
    nf_log_info("alarm", "%s: %s: %s: over", t->config->name, nf_alarm_name(kind), subject);
    tell(t, a, false);
    drop(t->alarms, a);
}

bool nf_alarms_has(const nf_alarms *alarms, nf_alarm_kind kind, const char *subject)
{
    return find(alarms, kind, subject) != NULL;
}

unsigned nf_alarms_lasting(const nf_alarms *alarms, nf_alarm_kind kind)
{
    return alarms->lasting[kind];
}

uint64_t nf_alarms_raised(const nf_alarms *alarms, nf_alarm_kind kind)
{
    return alarms->raised[kind];
}

json_t *nf_alarms_json(nf_alarms *alarms)
{
    json_t *list = json_array();
    const raised *a;
    forget_moments(alarms);
    DL_FOREACH (alarms->all, a) {
        char since[NF_TIME_TEXT];
        nf_clock_text(a->since_ms, since);
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:s, s:s}", "kind", nf_alarm_name(a->kind),
                                        "subject", a->subject, "text", a->text, "since", since));
    }
    return list;
}
