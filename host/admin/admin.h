/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admin.h: what people and their tools ask the host: is it alive, is it ready, what did the runs do.
 *
 *   GET /healthz               on both listeners: the loop turns
 *   GET /readyz                on both: every tenant is registered as its flows want; else 503 with the reasons
 *   GET /v1/status             tenants, flows with their errors, counts
 *   GET /v1/runs?tenant=&handler=&flow=&outcome=&open=&dead=&by_flow=&since=&until=&before=&limit=
 *   GET /v1/runs/ID            one run with its event, effects, usage, log, split of its time
 *   POST /v1/runs/ID/cancel    end it, whatever it does or waits for
 *   POST /v1/runs/ID/release   {"done": true, "result": …} or {"repeat": true}: a held run goes on
 *   POST /v1/runs/dismiss      {"runs": [ID…]}, {"flow": NAME, "tenant": NAME} or {"all": true}: they were seen
 *   GET /v1/tail?after=N&tenant=&flow=&outcome=     ends of runs as they come (tail.h)
 *   GET /v1/tenants/NAME/limits     every limit with its value, who set it, what is used of it
 *   POST /v1/tenants/NAME/limits    {"set": {"cpu": "250ms"}, "reset": ["memory"]}; at once, kept, audited
 *   GET /v1/tenants/NAME/connections       its connections, without secrets
 *   POST /v1/tenants/NAME/connections      {"name": "nimbus", "how": "device" or "browser", "redirect": URL}: somebody
 *                                          signs in; answers what to show to that person, with an id
 *   GET /v1/tenants/NAME/sign-ins/ID       how far that is; POST {"state", "code"}: what came back to `redirect`
 *   DELETE /v1/tenants/NAME/connections/CONNECTION
 *   POST /v1/tenants/NAME/start     {"handler": NAME, "event": {...}}: start a run by hand
 *   GET /v1/recorded, /v1/source; POST /v1/replay      admin/replay.h
 *   POST /v1/tenants/NAME/erase     {"number", "email", "after", "dry_run"}: take a person out (privacy.h)
 *   GET /metrics               figures for Prometheus, also on the listener metrics_listen
 *   GET /v1/audit?tenant=&limit=    who changed what
 *   GET /v1/why?tenant=&upn=&operation=&entity=     may this user do that, and why
 *   GET /v1/why?tenant=&subject=    a run: what it waits for or why it ended; an event, by id, hash or text: its fate
 *   GET /v1/fates?tenant=&fate=     events that started no run (filtered, denied, duplicate, refused), newest first
 *   GET /v1/denied?tenant=     those that the user of a connection may not have
 *   POST /v1/reload            look at the flow files again
 *
 * The /v1 part answers on the admin socket only, whose file has mode 600.
 */
#ifndef NF_ADMIN_ADMIN_H
#define NF_ADMIN_ADMIN_H

#include "net/http_server.h"
#include "tenant/tenant.h"

/** What the admin interface shows. Borrowed. */
typedef struct nf_admin {
    nf_store *store;
    nf_tenant **tenants;
    size_t tenant_count;
    struct nf_pipeline *pipeline;
    struct nf_tail *tail; /* made by nf_admin_open */
    bool ending;          /* the host takes no new events any more */
} nf_admin;

/** Before the first question, and after the last: who still waits for ends of runs is answered. */
void nf_admin_open(nf_admin *admin, nf_loop *loop);
void nf_admin_close(nf_admin *admin);

/** Handler of the admin socket; `ctx` is the nf_admin. */
void nf_admin_receive(nf_http_exchange *x, void *ctx);

/** The browser of somebody who signs in comes back to the public listener; false: it is another path. */
bool nf_admin_come_back(const nf_admin *admin, nf_http_exchange *x);

/** Answer /healthz and /readyz; false: the path is another one, and nothing was answered. */
bool nf_admin_probe(const nf_admin *admin, nf_http_exchange *x);

#endif
