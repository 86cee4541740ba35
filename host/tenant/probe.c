/* SPDX-License-Identifier: Apache-2.0 */
/* probe.c: see probe.h. */
#include "tenant/probe.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/secret.h"
#include "tenant/alarm.h"
#include "tenant/sign_ins.h"
#include "tenant/tenant.h"

#include <stdlib.h>

enum { EVERY_MS = 180000, SPREAD_MS = 60000 };

struct nf_probe {
    nf_timer *timer;
    nf_nimbus_request *request;
    int64_t at_ms; /* of the last answer, 0: none yet */
    int status;    /* HTTP status, 0: no answer */
    char *text;    /* what it means, or NULL: good */
};

bool nf_probe_refused(const nf_reply *reply, nf_error *err)
{
    if (reply->status != 401 && reply->status != 403)
        return false;
    nf_nimbus_reply_error("GET", NF_PROBE_PATH, reply, false, err);
    return true;
}

/* `refused`: it is the connection's trouble, and an alarm. */
static void note(nf_connection *c, int status, const char *text, bool refused)
{
    struct nf_probe *p = c->probe;
    p->at_ms = nf_clock_wall_ms();
    p->status = status;
    free(p->text);
    p->text = nf_strdup(text);
    nf_connection_set_trouble(c, &c->probe_trouble, refused ? text : NULL);
    if (refused)
        nf_tenant_alarm(c->tenant, NF_ALARM_RIGHT_LOST, c->name, text);
}

/* No answer is not the user's trouble: subscriptions and effects tell by themselves when Nimbus cannot be reached. */
static void on_answer(void *ctx, const nf_error *failure, const nf_reply *reply,
                      const char *location)
{
    nf_connection *c = ctx;
    nf_error err = {0};
    (void)location;
    c->probe->request = NULL;
    if (failure)
        note(c, 0, failure->text, false);
    else if (nf_probe_refused(reply, &err))
        note(c, reply->status, err.text, true);
    else if (reply->status >= 300) {
        nf_nimbus_reply_error("GET", NF_PROBE_PATH, reply, false, &err);
        note(c, reply->status, err.text, false);
    } else {
        note(c, reply->status, NULL, false);
    }
}

static void ask(void *ctx)
{
    nf_connection *c = ctx;
    if (!c->probe->request && c->credential && c->credential->sign_in && !c->gone)
        c->probe->request =
            nf_nimbus_send(c->nimbus, "GET", NF_PROBE_PATH, NULL, NF_READ, on_answer, c);
}

void nf_probe_start(nf_connection *c)
{
    uint16_t random;
    nf_random(&random, sizeof random);
    if (!c->probe) {
        c->probe = nf_alloc(sizeof *c->probe);
        c->probe->timer = nf_timer_new(c->tenant->host->loop, ask, c);
    } else {
        ask(c);
    }
    uint64_t every = EVERY_MS + (uint64_t)SPREAD_MS * random / UINT16_MAX;
    nf_timer_start(c->probe->timer, every, every);
}

void nf_probe_close(nf_connection *c)
{
    if (!c->probe)
        return;
    if (c->probe->request)
        nf_nimbus_cancel(c->probe->request);
    nf_timer_close(c->probe->timer);
    free(c->probe->text);
    free(c->probe);
    c->probe = NULL;
}

json_t *nf_probe_status(const nf_connection *c)
{
    const struct nf_probe *p = c->probe;
    if (!p || !p->at_ms)
        return json_null();
    return json_pack("{s:i, s:s?, s:I}", "status", p->status, "error", p->text, "age_s",
                     (json_int_t)((nf_clock_wall_ms() - p->at_ms) / 1000));
}
