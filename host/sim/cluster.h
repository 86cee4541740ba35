/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cluster.h: the state of the simulated cluster.
 *
 * Invariants: a delivery belongs to its subject (a task or a scheduler entry), and a subject with deliveries under way
 * is never dropped. Subscriptions, tasks and entries are named by id, never by pointer, from anything that lives longer
 * than one call.
 */
#ifndef NF_SIM_CLUSTER_H
#define NF_SIM_CLUSTER_H

#include "net/http_client.h"
#include "net/http_server.h"
#include "sim/sim.h"
#include "sim/wire.h"
#include "sim/world.h"

enum {
    SIM_MAX_SUBSCRIPTIONS = 1000,
    SIM_MAX_TOKENS = 1000,
    SIM_MAX_FAULTS = 100,
    SIM_MAX_HISTORY = 200, /* events of one task that are kept */
    SIM_MAX_BURST = 1000,  /* calls begun by one request */
    SIM_MAX_BODY = 4 * 1024 * 1024,
    SIM_MAX_PARAMETERS = 500, /* of one task */
    SIM_MAX_ENTRIES = 10000,
    SIM_MAX_CONTACTS = 100000, /* of one address book */
    SIM_MAX_PARAMS = 2,        /* {names} in one path */
};

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
    sim_trigger kind;
    const sim_user *user;
    char *url;
    json_t *services,
        *events; /* arrays of strings; `events` of the assistant: data types, may be NULL */
    json_t *modalities, *directions; /* may be NULL: any */
    int64_t created_ms;
    unsigned delivered, failed;
    unsigned withheld;          /* its user had no right any more */
    struct sim_delivery *later; /* held back so that the next one overtakes it */
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
    struct sim_subject *subject;
    char subscription[NF_UUID_TEXT];
    char *body; /* freed when it is over */
    sim_delivery_state state;
    int status; /* of the last answer, or 0 */
    unsigned attempts;
    uint64_t began_ns, took_ms; /* took_ms: of the last attempt */
    char why[128];              /* of the last failure */
    nf_timer *timer;
    nf_http_request *request;
    uint64_t *sent_ns; /* where to note that it left first, or NULL */
} sim_delivery;

/** One event of a subject's history. */
typedef struct sim_event {
    struct sim_event *prev, *next;
    char *event,
        *detail; /* detail: what changed, or NULL; an event in parentheses is none, just a note */
    int64_t at_ms;
    sim_delivery *deliveries;
} sim_event;

/** Something that events are about: the common part of a task and a scheduler entry. */
typedef struct sim_subject {
    struct nf_sim *sim;
    sim_event *history;
    unsigned history_count, in_flight;
    int64_t created_ms;
} sim_subject;

typedef struct sim_task {
    UT_hash_handle hh; /* hash order is the order of creation */
    sim_subject log;
    struct nf_sim *sim;
    char id[NF_UUID_TEXT];
    char service_session[NF_UUID_TEXT],
        user_session[NF_UUID_TEXT]; /* user_session "": nobody yet */
    char entry[NF_UUID_TEXT];       /* the scheduler entry that it dials for, or "" */
    const sim_service *service;
    json_t *data;         /* TaskEventData without event */
    json_t *information;  /* TaskInformation, complete; part of `data` */
    json_t *initial;      /* the customer that it began with */
    json_t *assistant;    /* data type to data, or NULL */
    json_t *sessions;     /* of users: [{user, result}] */
    const char *priority; /* a value of the world's list */
    int step;             /* the last nf_sim_step reached, -1: none yet */
    bool ended, created_told, dialing, transferred, lost_context;
    nf_sim_timeline timeline;
    nf_timer *timer, *ring;  /* ring: no answer, or look for a user again */
    uint64_t ring_ms;        /* before RONA */
    sim_user *ringing;       /* at whose desk it rings, or NULL */
    sim_user *user;          /* who is connected, or NULL */
    uint64_t accept_sent_ns; /* the first SystemAccepted left, 0: not yet */
    double context_ms;       /* from then to the first update that changed something, -1: none */
    unsigned updates;
    const char *outcome; /* of the service session, or NULL */
} sim_task;

typedef enum sim_entry_state {
    SIM_SCHEDULED,
    SIM_IN_PROGRESS,
    SIM_COMPLETED,
    SIM_DELETED
} sim_entry_state;

typedef struct sim_entry {
    UT_hash_handle hh;
    sim_subject log;
    char id[NF_UUID_TEXT], task[NF_UUID_TEXT]; /* task "": none yet */
    const sim_service *service;
    json_t *data; /* SchedulerEntryEventData */
    sim_entry_state state;
    bool workflow;
    int64_t due_ms;
    unsigned attempt;
    nf_timer *timer; /* due; queue time; ring time of the destination; pause */
    void (*next)(struct sim_entry *entry);
} sim_entry;

typedef enum sim_fault_mode {
    SIM_FAULT_STATUS,       /* answer with the status */
    SIM_FAULT_STATUS_AFTER, /* take effect, then answer with the status */
    SIM_FAULT_SLOW,         /* answer rightly, later */
    SIM_FAULT_GARBAGE,      /* answer with something that is no HTTP */
    SIM_FAULT_CLOSE,        /* cut the connection */
    SIM_FAULT_CLOSE_AFTER,  /* take effect, then cut the connection */
    SIM_FAULT_NO_LOCATION,  /* of registrations: 201 without the header */
    SIM_FAULT_LOST,         /* the subscription is gone, nobody is told */
    SIM_FAULT_DUPLICATE,    /* of deliveries: send each twice */
    SIM_FAULT_OUT_OF_ORDER, /* of deliveries: the next one to the same callback overtakes it */
    SIM_FAULT_BURST,        /* of deliveries: gather them, then send all at once */
    SIM_FAULT_MODES
} sim_fault_mode;

typedef struct sim_fault {
    struct sim_fault *prev, *next;
    char *operation; /* "PUT /v1/tasks/{taskId}", "deliver", or "*" for all published operations */
    sim_fault_mode mode;
    int status;
    int64_t retry_after; /* seconds, -1: no header */
    uint64_t delay_ms;
    unsigned share;  /* percent of the requests that it hits */
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
    bool remote, seeded;
    uint64_t seed;
    sim_world world;
    sim_user *users; /* those of the world */
    nf_sim_timeline timeline;
    unsigned speed, max_tasks;
    uint64_t token_ms, retry_ms, delivery_ms;
    sim_token *tokens;
    sim_grant *grants;
    struct {
        unsigned families, refreshes, reuses, polls; /* counted since the start */
        unsigned interval_s, code_s;                 /* of device codes */
        char tid[NF_UUID_TEXT];                      /* of the directory */
    } identity;
    sim_subscription *subscriptions;
    sim_task *tasks;
    sim_entry *entries;
    sim_fault *faults;
    uint64_t burst_ns; /* when the deliveries that are gathered leave */
    sim_held *held;
    sim_watcher *watchers;
    struct sim_scenario *scenario; /* or NULL */
    nf_timer *wake, *expire;
    bool waking;      /* the timer `wake` runs */
    uint64_t version; /* of everything that /sim/state shows */
};

#endif
