/* SPDX-License-Identifier: Apache-2.0 */
/*
 * internal.h: the state of the simulated cluster, shared by the files of this folder.
 *
 *   identity.c  device codes, codes  identity_page.c  where people sign in
 *   sim.c       life, lists          auth.c    tokens and sign-in       api.c     the published
 * operations route.c     request to function  fault.c   failures on demand       update.c  checking
 * and merging an update task.c      workflow of a task   call.c    beginning a task deliver.c
 * events to callbacks control.c   /sim                 state.c   /sim/state               watch.c
 * waiting for a change
 *
 * Invariants: a delivery belongs to its task and a task with deliveries under way is never dropped.
 * Subscriptions are named by id, never by pointer, from anything that lives longer than one call.
 */
#ifndef NF_SIM_INTERNAL_H
#define NF_SIM_INTERNAL_H

#include "base/secret.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "sim/sim.h"

#include <jansson.h>
#include <uthash.h>

enum {
    SIM_MAX_SUBSCRIPTIONS = 1000,
    SIM_MAX_TOKENS = 1000,
    SIM_MAX_FAULTS = 100,
    SIM_MAX_HISTORY = 200, /* events of one task that are kept */
    SIM_MAX_BURST = 1000,  /* calls begun by one request */
    SIM_MAX_BODY = 256 * 1024,
    SIM_MAX_PARAMETERS = 500, /* of one task */
};

typedef struct sim_service {
    char *upn, *name, *tel_number;
    char id[NF_UUID_TEXT];
} sim_service;

typedef struct sim_user {
    char *upn, *name, *password;
    char id[NF_UUID_TEXT];
} sim_user;

typedef struct sim_value {
    char *value, *name;
} sim_value;

typedef struct sim_token {
    struct sim_token *prev, *next;
    const sim_user *user;
    char *text;
    uint64_t expires_ns; /* 0: never */
    bool refresh;        /* buys a new token, opens nothing */
    unsigned family;     /* of one sign-in; 0: given at the start */
    unsigned generation; /* grows with each refresh */
    bool used;
} sim_token;

/** A device code, or an authorization code, until it buys tokens. */
typedef struct sim_grant {
    struct sim_grant *prev, *next;
    char code[NF_SECRET_TEXT], user_code[10]; /* user_code: of a device code, else "" */
    char *client, *scope, *redirect, *challenge;
    const sim_user *user; /* who said yes, or NULL */
    bool denied;
    uint64_t expires_ns, polled_ns;
} sim_grant;

typedef struct sim_subscription {
    UT_hash_handle hh;
    char id[NF_UUID_TEXT];
    const sim_user *user;
    char *url;
    json_t *services, *events, *modalities,
        *directions; /* arrays of strings; the last two may be NULL: any */
    int64_t created_ms;
    unsigned delivered, failed;
} sim_subscription;

typedef enum sim_delivery_state {
    SIM_WAITING,
    SIM_DELIVERED,
    SIM_FAILED,
    SIM_DROPPED
} sim_delivery_state;

/** One event on its way to one callback. */
typedef struct sim_delivery {
    struct sim_delivery *prev, *next;
    struct sim_task *task;
    char subscription[NF_UUID_TEXT];
    char *body; /* freed when it is over */
    sim_delivery_state state;
    int status; /* of the last answer, or 0 */
    unsigned attempts;
    uint64_t began_ns, took_ms; /* took_ms: of the last attempt */
    char why[128];              /* of the last failure */
    nf_timer *timer;
    nf_http_request *request;
    bool first_accept; /* the event that context is expected for */
} sim_delivery;

/** One event of a task's history. */
typedef struct sim_event {
    struct sim_event *prev, *next;
    char *event,
        *detail; /* detail: what changed, or NULL; an event in parentheses is none, just a note */
    int64_t at_ms;
    sim_delivery *deliveries;
} sim_event;

typedef struct sim_task {
    UT_hash_handle hh; /* hash order is the order of creation */
    struct nf_sim *sim;
    char id[NF_UUID_TEXT];
    const sim_service *service;
    json_t *data;        /* TaskEventData without event and taskInformation */
    json_t *information; /* TaskInformation, complete */
    int step;            /* the last nf_sim_step reached, -1: none yet */
    bool ended;
    nf_sim_timeline timeline;
    nf_timer *timer;
    int64_t created_ms;
    uint64_t began_ns;
    uint64_t accept_sent_ns; /* the first SystemAccepted left, 0: not yet */
    double context_ms;       /* from then to the first update that changed something, -1: none */
    unsigned updates, in_flight, history_count;
    bool has_user; /* somebody was connected */
    sim_event *history;
} sim_task;

typedef enum sim_fault_mode {
    SIM_FAULT_STATUS,       /* answer with the status */
    SIM_FAULT_STATUS_AFTER, /* take effect, then answer with the status */
    SIM_FAULT_SLOW,         /* answer rightly, later */
    SIM_FAULT_GARBAGE,      /* answer with something that is no HTTP */
    SIM_FAULT_CLOSE,        /* cut the connection */
    SIM_FAULT_CLOSE_AFTER,  /* take effect, then cut the connection */
    SIM_FAULT_DUPLICATE,    /* of deliveries: send each twice */
    SIM_FAULT_MODES
} sim_fault_mode;

typedef struct sim_fault {
    struct sim_fault *prev, *next;
    char *operation; /* "PUT /v1/tasks/{taskId}", "deliver", or "*" for all published operations */
    sim_fault_mode mode;
    int status;
    int64_t retry_after; /* seconds, -1: no header */
    uint64_t delay_ms;
    json_int_t left; /* requests it still hits; -1: any number */
} sim_fault;

/** A request that waits for a change of the state. */
typedef struct sim_watcher {
    struct sim_watcher *prev, *next;
    nf_http_exchange *x;
    unsigned limit;
} sim_watcher;

/** A request whose answer is delayed by a fault. */
typedef struct sim_held {
    struct sim_held *prev, *next;
    struct nf_sim *sim;
    nf_http_exchange *x;
    nf_timer *timer;
    sim_fault fault; /* a copy; `operation` is not part of it */
} sim_held;

struct nf_sim {
    nf_loop *loop;
    nf_http_server *server;
    nf_http_client *client;
    char *host, *url;
    bool remote;
    sim_service *services; /* these five end with an entry of NULL members */
    sim_user *users;
    sim_value *events, *modalities, *directions;
    nf_sim_timeline timeline;
    unsigned speed, max_tasks;
    uint64_t token_ms, retry_ms, delivery_ms;
    char tenant_id[NF_UUID_TEXT];
    sim_token *tokens;
    sim_grant *grants;
    struct {
        unsigned families, refreshes, reuses, polls; /* counted since the start */
        unsigned interval_s, code_s;                 /* of device codes */
    } identity;
    sim_subscription *subscriptions;
    sim_task *tasks;
    sim_fault *faults;
    sim_held *held;
    sim_watcher *watchers;
    nf_timer *wake, *expire;
    bool waking;      /* the timer `wake` runs */
    uint64_t version; /* of everything that /sim/state shows */
};

/** One request to the simulator and the answer it is going to get. */
typedef struct sim_call {
    nf_sim *sim;
    nf_http_exchange *x;
    const char *method;
    char *path;           /* decoded as far as the match needed it; NULs between segments */
    const char *param;    /* the value of the {name} in the route, or NULL */
    const sim_user *user; /* whose token it was, or NULL */
    int status;
    json_t *json;     /* the body of the answer, or NULL */
    char header[512]; /* complete lines, or "" */
    bool taken;       /* the function keeps the exchange and answers later */
} sim_call;

/* route.c */

/** The handler of the HTTP server; `ctx` is the nf_sim. */
void sim_route(nf_http_exchange *x, void *ctx);

/** Set the answer to {"error": text}. */
void sim_fail(sim_call *call, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** The JSON body of a request, a new reference; NULL when it is not JSON (the answer is set).
 * `empty_ok`: {} instead. */
json_t *sim_body(sim_call *call, bool empty_ok);

/** Refuse fields of an object that are not in `known` (ends with NULL). False: the answer is set.
 */
bool sim_only(sim_call *call, const json_t *object, const char *what, const char *const *known);

/* auth.c */

/** Whom the request's bearer token stands for, or NULL: then the answer is 401. */
const sim_user *sim_authenticate(sim_call *call);

/** POST /{tenant}/oauth2/token and /{tenant}/oauth2/v2.0/token */
void sim_sign_in(sim_call *call);

/** A token that is accepted until `ttl_ms` are over (0: for ever). */
sim_token *sim_token_add(nf_sim *sim, const char *text, const sim_user *user, uint64_t ttl_ms,
                         bool refresh);

/** Answer a sign-in with tokens; `family` 0: a new one. `audience` and `scope` may be NULL. */
void sim_issue(sim_call *call, const sim_user *user, unsigned family, unsigned generation,
               const char *audience, const char *scope);

/** Answer a sign-in with an error as Entra ID words it. */
void sim_refuse(sim_call *call, const char *error, int code, const char *text);

/** The decoded value of a field of a form or query, owned by the caller; NULL if absent or broken. */
char *sim_form_value(const char *form, const char *name);

/** The user with this UPN, or NULL. */
const sim_user *sim_user_find(const nf_sim *sim, const char *upn);

/* identity.c: device codes and authorization codes */
void sim_device_code(sim_call *call);
void sim_sign_in_by_device(sim_call *call, const char *form);
void sim_sign_in_by_code(sim_call *call, const char *form);
sim_grant *sim_grant_new(sim_call *call, const char *form, unsigned life_s);
sim_grant *sim_grant_of_user_code(nf_sim *sim, const char *user_code);
void sim_grant_drop(nf_sim *sim, sim_grant *grant);

/** GET and POST /sim/identity */
void sim_identity_state(sim_call *call);
void sim_identity_set(sim_call *call);

/* identity_page.c: what a person sees who signs in */
void sim_authorize_page(sim_call *call);
void sim_authorize(sim_call *call);
void sim_device_page(sim_call *call);
void sim_device_answer(sim_call *call);

void sim_token_drop(nf_sim *sim, sim_token *token);

/* api.c: one function per published operation */
void sim_test_connection(sim_call *call);
void sim_list_services(sim_call *call);
void sim_list_events(sim_call *call);
void sim_list_modalities(sim_call *call);
void sim_list_directions(sim_call *call);
void sim_list_users(sim_call *call);
void sim_subscribe(sim_call *call);
void sim_unsubscribe(sim_call *call);
void sim_update_task(sim_call *call);
void sim_subscription_free(nf_sim *sim, sim_subscription *subscription);

/* update.c */

/** Is `value` a TaskInformation? The reason goes to `why`. */
bool sim_information_check(const json_t *value, char *why, size_t size);

/**
 * Put what `update` holds into the task. Adds the names of parameters that changed to `parameters`
 * (a JSON array) and of all changed fields to `changed`. Returns whether anything changed.
 */
bool sim_information_merge(sim_task *task, const json_t *update, json_t *parameters,
                           json_t *changed);

/* task.c */
sim_task *sim_task_find(nf_sim *sim, const char *id);

/** Begin the life of a task whose data is complete: its first step is taken in the next round of
 * the loop. */
void sim_task_start(sim_task *task);

/** Take the next step now (NF_SIM_USER_ACCEPTED or NF_SIM_TERMINATED), as a person asked for it. */
void sim_task_step(sim_task *task, nf_sim_step step, const sim_user *user);

/** Add a line to the history that is no event, e.g. an update. `detail` may be NULL. */
void sim_task_note(sim_task *task, const char *what, const char *detail);

/** Raise an event: note it in the history and deliver it. `detail` may be NULL. */
void sim_task_raise(sim_task *task, const char *event, const char *detail);

/** Free a task with everything that hangs on it. */
void sim_task_free(sim_task *task);

/** The value of the step's event, e.g. "SystemAccepted"; NULL when the cluster's list has no such
 * event. */
const char *sim_step_event(const nf_sim *sim, nf_sim_step step);

/* call.c */

/** A task from the body of POST /sim/calls; NULL: the answer is set. */
sim_task *sim_task_new(sim_call *call, const json_t *wanted);

/** Room for one more task? Drops the oldest ended one if need be. */
bool sim_task_room(nf_sim *sim);

/* deliver.c */

/** Send the event to all whose filter matches. */
void sim_deliver(sim_task *task, sim_event *event);

/** Stop and free. */
void sim_delivery_free(sim_delivery *delivery);

/* fault.c */

/** Does a fault hit this operation now? Counts it down; `hit` gets a copy without `operation`. */
bool sim_fault_take(nf_sim *sim, const char *operation, sim_fault *hit);
void sim_fault_add(sim_call *call);
void sim_fault_clear(sim_call *call);
void sim_fault_free(nf_sim *sim, sim_fault *fault);
const char *sim_fault_mode_name(sim_fault_mode mode);

/* control.c and state.c: the control interface */

/** May this request come in, by its Host, Origin, content type and token? If not, the answer is
 * set. */
bool sim_control_check(sim_call *call);
void sim_control_call(sim_call *call);
void sim_control_accept(sim_call *call);
void sim_control_hang_up(sim_call *call);
void sim_control_state(sim_call *call);
void sim_control_task(sim_call *call);

/** Everything the page shows; at most `limit` tasks, the newest first. A new reference. */
json_t *sim_state_json(const nf_sim *sim, unsigned limit);

/** One task as the page shows it. A new reference. */
json_t *sim_task_json(const sim_task *task);

/* watch.c */

/** Something that /sim/state shows has changed. */
void sim_changed(nf_sim *sim);

/** Keep the request until something changes. */
void sim_watch(nf_sim *sim, nf_http_exchange *x, unsigned limit);

/** Answer all who wait. */
void sim_watch_flush(nf_sim *sim);

/* page.c */

/** Answer with the embedded file of this path. False: there is none. */
bool sim_page_answer(nf_http_exchange *x, const char *path);

#endif
