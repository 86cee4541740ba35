/* SPDX-License-Identifier: Apache-2.0 */
/* quiet.c: a tenant's services are listened to (silence.h): alarms, and what was learned is kept. */
#include "base/alloc.h"
#include "base/clock.h"
#include "tenant/tenant.h"

#include <stdlib.h>
#include <string.h>

/* What was learned is kept with what flows remember, under a name that no tenant can have. */
static char *silence_name(const nf_tenant *t)
{
    return nf_format("%s/silence", t->config->name);
}

struct saved {
    nf_kv_row row;
    char *tenant, *key, *value;
};

static void on_saved(void *ctx, const nf_error *err)
{
    struct saved *saved = ctx;
    (void)err; /* it is saved again in an hour */
    free(saved->tenant);
    free(saved->key);
    free(saved->value);
    free(saved);
}

static void save_service(void *ctx, const char *service, const char *text, size_t len)
{
    nf_tenant *t = ctx;
    struct saved *saved = nf_alloc(sizeof *saved);
    saved->tenant = silence_name(t);
    saved->key = nf_strdup(service);
    saved->value = nf_memdup(text, len);
    saved->row =
        (nf_kv_row){.tenant = saved->tenant, .key = saved->key, .value = saved->value, .len = len};
    nf_store_put_kv(t->host->store, &saved->row, on_saved, saved);
}

static void load_service(void *ctx, const char *service, const char *text, size_t len,
                         int64_t expires_ms)
{
    nf_tenant *t = ctx;
    (void)expires_ms;
    nf_silence_load(t->silence, service, text, len);
}

nf_status nf_tenant_open_silence(nf_tenant *t, nf_error *err)
{
    char *name = silence_name(t);
    t->silence = nf_silence_new(t->config->silence_ms);
    nf_status status = nf_store_each_kv(t->host->store, name, load_service, t, err);
    free(name);
    return status;
}

static void on_silent(void *ctx, const char *service, double expected, int64_t last_ms)
{
    nf_tenant *t = ctx;
    char at[NF_TIME_TEXT];
    char *text = nf_format("no event since %s; usual would have been %.0f; look at the service's "
                           "workflow and the connection's rights",
                           nf_clock_text(last_ms, at), expected);
    nf_tenant_alarm(t, NF_ALARM_SERVICE_SILENT, service, text);
    free(text);
}

void nf_tenant_listen_in(void *ctx)
{
    nf_tenant *t = ctx;
    nf_silence_look(t->silence, nf_clock_wall_ms(), on_silent, t);
    nf_silence_save(t->silence, save_service, t);
}

void nf_tenant_heard(nf_tenant *t, const nf_event *event)
{
    const nf_filter *filters = event->trigger->filters;
    nf_pickup_event(t->pickup, event);
    for (size_t i = 0; i < NF_EVENT_FILTERS && filters[i].name; i++) {
        bool owner = event->trigger->owner && strcmp(filters[i].field, event->trigger->owner) == 0;
        if (owner && event->values[i]
            && nf_silence_note(t->silence, event->values[i], event->row.received_ms))
            nf_tenant_calm(t, NF_ALARM_SERVICE_SILENT, event->values[i]);
    }
}
