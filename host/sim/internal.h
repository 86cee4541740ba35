/* SPDX-License-Identifier: Apache-2.0 */
/*
 * internal.h: what the files of this folder offer each other; cluster.h has the state they share.
 *
 *   sim.c                    life, chance and time
 *   route.c, answer.c        request to function to answer; fault.c: failures on demand; auth.c: tokens
 *   identity.c, identity_page.c   how people sign in
 *   world.c, world_read.c    what there is; rights.c: who may what
 *   check.c, check_file.c    tables of what bodies and files may hold; wire.c: those of the API
 *   lists.c, triggers.c, update.c, external.c, books.c, contacts.c, scheduler.c, assistant.c, hours.c
 *                            the published operations
 *   subject.c, deliver.c     events and their way to callbacks
 *   call.c, task.c, desk.c   the life of a task; dialer.c: of a scheduler entry
 *   control.c, people.c      /sim; state.c, state_parts.c, watch.c, page.c: what the page shows
 *   scenario.c, scenario_play.c   a described day
 */
#ifndef NF_SIM_INTERNAL_H
#define NF_SIM_INTERNAL_H

#include "sim/cluster.h"

/** One request to the simulator and the answer it is going to get. */
typedef struct sim_call {
    nf_sim *sim;
    nf_http_exchange *x; /* NULL: the scenario asks, and `given` is the body */
    const char *method;
    json_t *given;
    const char *param;                  /* the first value of `params`, or NULL */
    const char *params[SIM_MAX_PARAMS]; /* values of the {names} in the route, decoded, or NULL */
    char *decoded[SIM_MAX_PARAMS];      /* their memory */
    const sim_user *user;               /* whose token it was, or NULL */
    int status;
    json_t *json;            /* the body of the answer, or NULL */
    char *text;              /* the same as text that is ready, or NULL */
    char header[512];        /* complete lines, or "" */
    char made[NF_UUID_TEXT]; /* the subscription that was registered, or "" */
    bool taken;              /* the function keeps the exchange and answers later */
} sim_call;

/* sim.c */

/** A new id as a UUID; repeatable with a seed. Returns `out`. */
char *sim_id(nf_sim *sim, char out[NF_UUID_TEXT]);

/** 64 random bits; repeatable with a seed. */
uint64_t sim_random(nf_sim *sim);

/** Ms of simulated time as ms of real time. */
uint64_t sim_real_ms(const nf_sim *sim, uint64_t ms);

/* route.c */

/** The handler of the HTTP server; `ctx` is the nf_sim. */
void sim_route(nf_http_exchange *x, void *ctx);

/** Is it an operation that a fault can name? */
bool sim_is_operation(const char *text, nf_error *err);

/* answer.c */

/** Set the answer to {"error": text}. */
void sim_fail(sim_call *call, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Send what the call has set. Frees nothing. */
void sim_send(sim_call *call);

/**
 * The JSON body of a request, a new reference; NULL when it is not JSON (the answer is set). `empty_ok`: {} when there
 * is none.
 */
json_t *sim_body(sim_call *call, bool empty_ok);

/** The same, checked with the table; a wrong one is answered with 400. */
json_t *sim_body_of(sim_call *call, const sim_field *fields, bool closed, bool empty_ok);

/** The decoded value of a query parameter, owned by the caller; NULL: it is not there. */
char *sim_query(const sim_call *call, const char *name);

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

/* rights.c */

typedef enum sim_right {
    SIM_USE_TASKS,    /* trigger, update, external tasks, assistant */
    SIM_USE_ENTRIES,  /* trigger, list, update, remove */
    SIM_ADD_ENTRIES,  /* schedule an outbound call */
    SIM_READ_SERVICE, /* opening hours */
    SIM_USE_BOOKS
} sim_right;

/** May the user do this with the service? NULL: yes; else the reason. Static. */
const char *sim_may(const sim_user *user, sim_right right, const sim_service *service);

/** May the user read (or change) the address book? NULL: yes; else the reason. */
const char *sim_may_book(const sim_user *user, const sim_book *book, bool change);

/** Is the entity in this unit on the path from the user's unit up, or is the user a Tenant Admin of the same tenant? */
bool sim_sees(const sim_user *user, const sim_unit *unit);

/** As sim_may; a refusal is answered with 403. */
bool sim_allowed(sim_call *call, sim_right right, const sim_service *service);

/* lists.c, and one function per published operation elsewhere */
void sim_test_connection(sim_call *call);
void sim_list_services(sim_call *call);
void sim_list_entry_services(sim_call *call);
void sim_list_external_services(sim_call *call);
void sim_list_events(sim_call *call);
void sim_list_entry_events(sim_call *call);
void sim_list_modalities(sim_call *call);
void sim_list_directions(sim_call *call);
void sim_list_priorities(sim_call *call);
void sim_list_users(sim_call *call);
void sim_subscribe_tasks(sim_call *call);
void sim_subscribe_entries(sim_call *call);
void sim_subscribe_assistant(sim_call *call);
void sim_unsubscribe_tasks(sim_call *call);
void sim_unsubscribe_entries(sim_call *call);
void sim_unsubscribe_assistant(sim_call *call);
void sim_update_task(sim_call *call);
void sim_add_external_task(sim_call *call);
void sim_remove_external_task(sim_call *call);
void sim_list_books(sim_call *call);
void sim_get_contacts(sim_call *call);
void sim_add_contact(sim_call *call);
void sim_update_contact(sim_call *call);
void sim_delete_contacts(sim_call *call);
void sim_clear_contacts(sim_call *call);
void sim_list_entries(sim_call *call);
void sim_add_entry(sim_call *call);
void sim_add_workflow_entry(sim_call *call);
void sim_update_entry(sim_call *call);
void sim_update_workflow_entry(sim_call *call);
void sim_remove_entry(sim_call *call);
void sim_get_assistant_data(sim_call *call);
void sim_get_opening_hours(sim_call *call);

/* triggers.c */
void sim_subscription_free(nf_sim *sim, sim_subscription *subscription);
sim_subscription *sim_subscription_find(nf_sim *sim, const char *id);

/* update.c */

/**
 * Put what `update` holds into the task. Adds the names of parameters that changed to `parameters`
 * (a JSON array) and of all changed fields to `changed`. Returns whether anything changed.
 */
bool sim_information_merge(sim_task *task, const json_t *update, json_t *parameters,
                           json_t *changed);

/** Merge an update, note it, raise the events of parameters. `what`: the note, e.g. "(updated)". */
void sim_task_update(sim_task *task, const json_t *update, const char *what);

/* subject.c */

/** Add a line to the history that is no event, e.g. an update. `detail` may be NULL. */
sim_event *sim_note(sim_subject *subject, const char *what, const char *detail);

/** Free the history with its deliveries. */
void sim_subject_release(sim_subject *subject);

/* deliver.c */

/** What a subscription's filter looks at. */
typedef struct sim_notice {
    sim_trigger kind;
    const sim_service *service;
    const char *event, *modality, *direction; /* the last two may be NULL */
    const json_t *body;
    uint64_t *sent_ns; /* or NULL */
} sim_notice;

/** Send the event to all whose filter matches and who still may. */
void sim_deliver(sim_subject *subject, sim_event *event, const sim_notice *notice);

/** Stop and free. */
void sim_delivery_free(sim_delivery *delivery);

/* task.c: the life of a task */
sim_task *sim_task_find(nf_sim *sim, const char *id);

/** Begin the life of a task whose data is complete: its first step is taken in the next round of the loop. */
void sim_task_start(sim_task *task);

/** Take the step now, as a person asked for it. `user`: who accepts, or NULL. */
void sim_task_step(sim_task *task, nf_sim_step step, sim_user *user);

/** Back to the queue; the timeline goes on from there. */
void sim_task_requeue(sim_task *task);

/** The destination of an outbound task has answered. */
void sim_task_answered(sim_task *task);

/** End it: `outcome` as reporting names it. Does nothing when it has ended. */
void sim_task_end(sim_task *task, const char *outcome);

/** Raise an event: note it in the history and deliver it. `detail` may be NULL. */
void sim_task_raise(sim_task *task, const char *event, const char *detail);

/** Move it to another service (or user; one is NULL). */
void sim_task_transfer(sim_task *task, const sim_service *service, sim_user *user);

/** The outcome when the customer hangs up now. */
const char *sim_hang_up_outcome(const sim_task *task);

/** Go on with the timeline. */
void sim_task_schedule(sim_task *task);

/** Free a task with everything that hangs on it. */
void sim_task_free(sim_task *task);

/* desk.c: users and ringing */

/** Let it ring at a user's desk; `user` NULL: whoever is next. False: nobody is free, it is tried again. */
bool sim_ring(sim_task *task, sim_user *user);

/** The user at whose desk it rings does not take it: "RONA" or "Declined". */
void sim_ring_refused(sim_task *task, const char *result);

/** Who is next for the task: preferred users first; NULL: nobody. */
sim_user *sim_next_user(const sim_task *task);

/** May the user be chosen? Ends a RONA whose time is over. */
bool sim_is_free(sim_user *user);

/** Note how a user's session ended (or goes on): "Accepted", "RONA" … */
void sim_session_note(sim_task *task, const sim_user *user, const char *result);

/* call.c */

/** A task from the body of POST /sim/calls; NULL: the answer is set. */
sim_task *sim_task_new(sim_call *call, const json_t *wanted);

/** A task of a scheduler entry or an external task, ready to be started. `information` is copied. */
sim_task *sim_task_make(nf_sim *sim, const sim_service *service, const char *modality,
                        const char *direction, const char *destination, const char *identifier,
                        const json_t *information);

/** Set the members of the event data that name the service. */
void sim_set_service(json_t *data, const sim_service *service);

/** Room for one more task? Drops the oldest ended one if need be. */
bool sim_task_room(nf_sim *sim);

extern const sim_field sim_call_fields[];

/* dialer.c: the life of a scheduler entry */
sim_entry *sim_entry_find(nf_sim *sim, const char *id);
void sim_entry_raise(sim_entry *entry, const char *event);
void sim_entry_plan(sim_entry *entry); /* wait until it is due */
void sim_entry_complete(sim_entry *entry, const char *reason);
void sim_entry_free(sim_entry *entry);

/** A user has taken the entry's task: dial. */
void sim_dial(sim_task *task);

/** The entry's task has ended before the entry was over. */
void sim_entry_task_ended(sim_task *task);

/* assistant.c */

/** Set data of the task's session and tell the subscriptions. Steals `data`. */
void sim_assistant_set(sim_task *task, const char *type, json_t *data);

/** What an assistant would have heard, for services that have one. */
void sim_assistant_listen(sim_task *task, bool ended);

/* fault.c */

/** Does a fault hit this operation now? Counts it down; `hit` gets a copy without `operation`. */
bool sim_fault_take(nf_sim *sim, const char *operation, sim_fault *hit);
void sim_fault_add(sim_call *call);

/** Read a fault of this form; false: the answer says what is wrong. */
bool sim_fault_read(sim_call *call, const json_t *body, sim_fault *fault);
void sim_fault_clear(sim_call *call);
void sim_fault_free(nf_sim *sim, sim_fault *fault);
const char *sim_fault_mode_name(sim_fault_mode mode);
extern const sim_field sim_fault_fields[];

/* control.c, people.c and state.c: the control interface */

/** May this request come in, by its Host, Origin, content type and token? If not, the answer is set. */
bool sim_control_check(sim_call *call);
void sim_control_call(sim_call *call);
void sim_control_ring(sim_call *call);
void sim_control_accept(sim_call *call);
void sim_control_decline(sim_call *call);
void sim_control_transfer(sim_call *call);
void sim_control_hang_up(sim_call *call);
void sim_control_input(sim_call *call);
void sim_control_assistant(sim_call *call);
void sim_control_user(sim_call *call);
void sim_control_entry_due(sim_call *call);
void sim_control_entry_cancel(sim_call *call);
void sim_control_forget(sim_call *call);
void sim_control_contacts(sim_call *call);
void sim_control_state(sim_call *call);
void sim_control_task(sim_call *call);

/** Everything the page shows; at most `limit` tasks, the newest first. A new reference. */
json_t *sim_state_json(nf_sim *sim, unsigned limit);

/** One task as the page shows it. A new reference. */
json_t *sim_task_json(const sim_task *task);

/** The history of a subject as the page shows it. */
json_t *sim_history_json(const sim_subject *subject);

/** The parts of the state that are no tasks, put into `into`. */
void sim_state_parts(nf_sim *sim, json_t *into);

/* watch.c */

/** Something that /sim/state shows has changed. */
void sim_changed(nf_sim *sim);

/** Keep the request until something changes. */
void sim_watch(nf_sim *sim, nf_http_exchange *x, unsigned limit);

/** Answer all who wait. */
void sim_watch_flush(nf_sim *sim);

/* scenario.c and scenario_play.c */

/** One thing that happens at a time of a scenario. */
typedef struct sim_action {
    struct sim_action *prev, *next;
    int64_t at_ms;
    int line;
    const char *verb; /* "call", "accept" ... */
    char *name;       /* of the call it begins or acts on, or NULL */
    json_t *body;
} sim_action;

typedef struct sim_scenario {
    nf_sim *sim;
    char *path, *name;
    sim_action *actions; /* those that are still to come, by time */
    unsigned done, failed, wait_for, speed;
    int64_t end_ms; /* simulated time at which it is over at the latest */
    json_t *names;  /* name of a call to its task id */
    nf_timer *timer;
    uint64_t began_ns; /* 0: it waits for subscriptions */
    void (*played)(void *ctx, bool well, const char *summary);
    void *ctx;
} sim_scenario;

/** Read a scenario. The error has one line per problem, with file and line. */
nf_status sim_scenario_read(nf_sim *sim, const char *path, sim_scenario **scenario, nf_error *err);

/** Begin to play it. */
void sim_scenario_start(sim_scenario *scenario);

/** Stop and free. NULL is allowed. */
void sim_scenario_free(sim_scenario *scenario);

/* page.c */

/** Answer with the embedded file of this path. False: there is none. */
bool sim_page_answer(nf_http_exchange *x, const char *path);

#endif
