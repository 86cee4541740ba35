/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h: what must survive: events, runs and how they ended, flow versions, subscriptions.
 *
 * Writes are queued from the loop and done by one thread in groups: the next commit starts when the previous one ends,
 * with everything that came in meanwhile. `done` is called on the loop when the write is durable (fdatasync) or failed.
 * Everything a write points to is borrowed until its `done`.
 *
 * When the disk is full or fails, events are refused (`done` gets the error) and ends of runs are kept and tried again
 * until they are durable; nf_store_failing tells meanwhile that no new event should be taken.
 *
 * Only the store's thread writes and checkpoints; readers have a read-only connection of their own. That also avoids
 * the WAL-reset fault of SQLite before 3.51.3, which needs two connections that checkpoint and commit.
 */
#ifndef NF_STORE_STORE_H
#define NF_STORE_STORE_H

#include "base/budget.h"
#include "base/secret.h"
#include "loop/loop.h"

#include <stdatomic.h>

typedef struct nf_store nf_store;

/** Called on the loop once per write; `err` is NULL when it is durable. */
typedef void nf_store_done(void *ctx, const nf_error *err);

/** A notification that was accepted. */
typedef struct nf_event_row {
    int64_t id;
    const char *tenant;
    int64_t subscription; /* 0: not from Nimbus */
    const char *trigger;  /* name of its trigger, e.g. "nimbus.on_task" */
    uint8_t hash[NF_SHA256_SIZE];
    int64_t received_ms;
    const char *body;
    size_t len;
    const char *schedule; /* of a schedule: the handler's name, else NULL */
    int64_t
        due_ms; /* and when it was due: kept with the event, so that no time is lost or doubled */
} nf_event_row;

/** A run that is to be done for an event. */
typedef struct nf_run_row {
    int64_t id, event;
    const char *tenant, *handler, *file;
    uint8_t version[NF_SHA256_SIZE]; /* of the flow's source */
    int64_t replay_of;               /* the run that this one does again, or 0 */
    unsigned attempts;               /* these two only when it is read: before it was parked, */
    uint64_t spent_ms;               /* and its CPU time until then */
} nf_run_row;

/* ---- the journal: what a run asked of the world, and what came of it ---- */

typedef enum nf_entry_state {
    NF_ENTRY_INTENT = 1, /* it will be sent; whether it was is not known */
    NF_ENTRY_RESULT,     /* `result` is what came back, as JSON, or empty */
    NF_ENTRY_ERROR,      /* `result` is the error, as JSON */
    NF_ENTRY_SLEEP,      /* a durable sleep until `at_ms` */
} nf_entry_state;

/** One effect. */
typedef struct nf_entry_row {
    int64_t run;
    uint32_t number;    /* 1, 2, 3 … in the order in which the run asked */
    const char *action; /* its name */
    nf_entry_state state;
    uint32_t turn;    /* 1, 2, 3 … in the order in which results reached the run; 0: none did */
    int64_t began_ms; /* the time that the run was given at its start */
    int64_t at_ms;    /* the time that it was given with the result; when a sleep is over */
    const char *args; /* JSON as the run gave it; the hash of its canonical form is kept */
    size_t args_len;
    uint8_t hash[NF_SHA256_SIZE]; /* only when it is read */
    const char *line;             /* the effect's members in the timeline: JSON without braces */
    size_t line_len;
    const char *result;
    size_t len;
} nf_entry_row;

/**
 * What the loop and the store's thread both know of one run's journal: entries that are still to be written when the
 * run has an end are not needed any more.
 */
typedef struct nf_journal_mark {
    atomic_bool ended; /* set by nf_store_end_run */
    bool
        written; /* the store's thread: there are rows. Of a run that was read: true from the start */
} nf_journal_mark;

/** A run leaves memory. */
typedef struct nf_parking {
    int64_t run;
    int64_t wake_ms;    /* it sleeps until then; 0: it is held for a person */
    uint32_t number;    /* held: the effect in question */
    const char *reason; /* held: why, for people */
    unsigned attempts;
    uint64_t spent_ms;
} nf_parking;

/** How a run ended. */
typedef struct nf_run_end {
    int64_t id;
    const char *tenant;
    nf_outcome outcome;
    int64_t started_ms, ended_ms;
    unsigned attempts;
    const char *detail; /* JSON object: error, result, usage, effects, log */
    size_t len;
    nf_journal_mark *mark; /* of its journal; NULL: not known */
} nf_run_end;

/** One registration at Nimbus. The secret of its callback path is kept as a hash only. */
typedef struct nf_subscription_row {
    int64_t id;
    const char *tenant, *connection, *trigger,
        *filter;          /* filter: canonical JSON of the registration without the url */
    int64_t sign_in;      /* it was made by, 0: a token file */
    const char *callback; /* the public address it was made with */
    const char *location; /* of the registration, or "" */
    uint8_t secret_hash[NF_SHA256_SIZE];
    int64_t created_ms;
} nf_subscription_row;

/** One user's sign-in; of those with one connection's name the one with the highest id is in use. */
typedef struct nf_sign_in_row {
    int64_t id;
    const char *tenant, *connection, *upn;
    const void *secret; /* encrypted */
    size_t len;
    bool retired; /* kept only until what it registered is deleted */
    int64_t created_ms;
} nf_sign_in_row;

/** An admin changes a limit of a tenant; as texts, since the store does not know limits. */
typedef struct nf_limit_change {
    const char *name,
        *value; /* value: what is kept for the next start; NULL: the configuration's holds again */
    const char *old, *now; /* what was in force before and is after, for the audit */
} nf_limit_change;

typedef struct nf_limit_changes {
    const char *tenant, *who;
    int64_t at_ms;
    const nf_limit_change *changes;
    size_t count;
} nf_limit_changes;

/**
 * Open or create the database in `folder` (made with mode 700 if missing) and start the thread. Another process that
 * has it open is an error (a lock file tells).
 */
nf_status nf_store_open(nf_loop *loop, const char *folder, nf_store **store, nf_error *err);

/** Finish all queued writes, call their `done`, stop the thread, close. NULL is allowed. */
void nf_store_close(nf_store *store);

/**
 * How many runs are under way, said once per round of the loop: while they are many, writes wait a few milliseconds for
 * others. A commit of twice as many writes costs much less than two, and each of these runs waits for its turn longer.
 */
void nf_store_expect(nf_store *store, unsigned under_way);

/** The last commit failed: take no new events. */
bool nf_store_failing(const nf_store *store);

/** A new id for an event, run or subscription; never used before, also after a restart. */
int64_t nf_store_new_id(nf_store *store);

/** Write an event and its runs together. */
void nf_store_add_event(nf_store *store, const nf_event_row *event, const nf_run_row *runs,
                        size_t count, nf_store_done *done, void *ctx);

/** Note that a schedule was done with until `due_ms`; with an event this happens by itself. Copied. */
void nf_store_put_schedule(nf_store *store, const char *tenant, const char *handler,
                           int64_t due_ms);

/** Count one more delivery of an event that is stored or on its way; an error when that one was not stored after all.
 */
void nf_store_add_duplicate(nf_store *store, int64_t event, nf_store_done *done, void *ctx);

/** Write the end of a run. Never fails for good: `done` comes when it is durable. */
void nf_store_end_run(nf_store *store, const nf_run_end *end, nf_store_done *done, void *ctx);

/**
 * Write an entry of a run's journal, or replace it. An intent fails when its run is not stored or the disk fails; all
 * others are kept until they are durable, and left out once the run's end is queued. `mark` may be NULL.
 */
void nf_store_put_entry(nf_store *store, const nf_entry_row *row, nf_journal_mark *mark,
                        nf_store_done *done, void *ctx);

/** A run sleeps or is held from now on. Never fails for good. */
void nf_store_park_run(nf_store *store, const nf_parking *parking, nf_store_done *done, void *ctx);

/** A parked run is in memory again. Never fails for good. */
void nf_store_unpark_run(nf_store *store, int64_t run);

/**
 * A person says what came of the effect for which a run is held: `result` is JSON (or empty) that it shall be given, or
 * NULL: nothing was done, it is to be sent again. `line` is put behind the effect's line. Everything is borrowed until
 * `done`.
 */
void nf_store_answer_entry(nf_store *store, const nf_entry_row *row, nf_store_done *done,
                           void *ctx);

/** Keep the source of a flow version, so that its runs can resume under it. Never fails for good. */
void nf_store_put_version(nf_store *store, const uint8_t hash[NF_SHA256_SIZE], const char *tenant,
                          const char *file, const char *source, size_t len, nf_store_done *done,
                          void *ctx);

/** Insert or replace a subscription. */
void nf_store_put_subscription(nf_store *store, const nf_subscription_row *row, nf_store_done *done,
                               void *ctx);

/**
 * Bound what is kept of a tenant's ended runs: the details of the oldest go first, summaries stay. Call it once per
 * tenant, before its events. The history is the store's.
 */
typedef struct nf_history nf_history;
nf_history *nf_store_open_history(nf_store *store, const char *tenant, uint64_t bytes);

/** Change the limit, from now on. */
void nf_history_limit(nf_history *history, uint64_t bytes);

/** Ages, in ms since a run's end, at which its details and its summary go; 0: never. */
void nf_history_keep(nf_history *history, uint64_t details_ms, uint64_t summaries_ms);

/** Bytes kept now. */
uint64_t nf_history_bytes(const nf_history *history);

/** One remembered value of a tenant. */
typedef struct nf_kv_row {
    const char *tenant, *key,
        *value; /* value: JSON text; NULL: remove the key; key NULL: all expired ones */
    size_t len;
    int64_t expires_ms; /* 0: never; without a key: those are removed that expired until then */
} nf_kv_row;

/** Insert, replace or remove a value. Texts are borrowed until `done`. */
void nf_store_put_kv(nf_store *store, const nf_kv_row *row, nf_store_done *done, void *ctx);

/** Keep changed limits and an audit entry for each, together; everything is borrowed until `done`. */
void nf_store_put_limits(nf_store *store, const nf_limit_changes *changes, nf_store_done *done,
                         void *ctx);

/** Insert or replace a sign-in. Never fails for good: `done` comes when it is durable. */
void nf_store_put_sign_in(nf_store *store, const nf_sign_in_row *row, nf_store_done *done,
                          void *ctx);

/** Forget a sign-in. */
void nf_store_drop_sign_in(nf_store *store, int64_t id, nf_store_done *done, void *ctx);

/** Forget a subscription. */
void nf_store_drop_subscription(nf_store *store, int64_t id, nf_store_done *done, void *ctx);

/* ---- reading at start: these block, and are called before events come in ---- */

/** Every subscription, in the order of their ids. The row is borrowed during the call. */
nf_status nf_store_each_subscription(nf_store *store,
                                     void (*each)(void *ctx, const nf_subscription_row *row),
                                     void *ctx, nf_error *err);

/** Every sign-in of a tenant, in the order of their ids. The row is borrowed during the call. */
nf_status nf_store_each_sign_in(nf_store *store, const char *tenant,
                                void (*each)(void *ctx, const nf_sign_in_row *row), void *ctx,
                                nf_error *err);

/** Every value of a tenant. Texts are borrowed during the call. */
nf_status nf_store_each_kv(nf_store *store, const char *tenant,
                           void (*each)(void *ctx, const char *key, const char *value, size_t len,
                                        int64_t expires_ms),
                           void *ctx, nf_error *err);

/** Every schedule of a tenant, with the time until which it is done with. Texts are borrowed during the call. */
nf_status nf_store_each_schedule(nf_store *store, const char *tenant,
                                 void (*each)(void *ctx, const char *handler, int64_t due_ms),
                                 void *ctx, nf_error *err);

/** Every limit of a tenant that an admin changed. Texts are borrowed during the call. */
nf_status nf_store_each_limit(nf_store *store, const char *tenant,
                              void (*each)(void *ctx, const char *name, const char *value),
                              void *ctx, nf_error *err);

/**
 * At most `limit` runs of a tenant that are to go on at once, with their events: those with ids above `after`, oldest
 * first. Rows are borrowed during the call.
 */
nf_status nf_store_each_open_run(nf_store *store, const char *tenant, int64_t after, unsigned limit,
                                 void (*each)(void *ctx, const nf_run_row *run,
                                              const nf_event_row *event),
                                 void *ctx, nf_error *err);

/** The journal of a run, in the order of the numbers. Rows are borrowed during the call. */
nf_status nf_store_each_entry(nf_store *store, int64_t run,
                              void (*each)(void *ctx, const nf_entry_row *row), void *ctx,
                              nf_error *err);

/** A place in the order of sleeping runs. */
typedef struct nf_sleeper {
    int64_t wake_ms, run;
} nf_sleeper;

/** At most `limit` runs that sleep until `now_ms` or less, behind `after`, which moves on; `count` of them, or NULL. */
nf_status nf_store_each_due(nf_store *store, int64_t now_ms, nf_sleeper *after, unsigned limit,
                            void (*each)(void *ctx, const nf_run_row *run,
                                         const nf_event_row *event),
                            void *ctx, size_t *count, nf_error *err);

/** When the first run behind `now_ms` wakes; 0: none sleeps. */
nf_status nf_store_next_due(nf_store *store, int64_t now_ms, int64_t *wake_ms, nf_error *err);

/** What is parked: a run that sleeps or is held. */
typedef struct nf_parked {
    int64_t wake_ms; /* 0: held */
    int64_t since_ms;
    uint32_t number; /* held: the effect in question */
    char reason[NF_ERROR_TEXT];
} nf_parked;

/** Every held run of a tenant, the oldest first, with the reason. Texts are borrowed during the call. */
nf_status nf_store_each_held(nf_store *store, const char *tenant,
                             void (*each)(void *ctx, int64_t run, const char *handler,
                                          const char *reason),
                             void *ctx, nf_error *err);

/**
 * One run without an end, with its event; NF_E_NOT_FOUND: there is none, or it has ended. `parked->wake_ms` and
 * `number` are 0 when it is not parked. `each` may be NULL.
 */
nf_status nf_store_find_open(nf_store *store, int64_t run, nf_parked *parked,
                             void (*each)(void *ctx, const nf_run_row *run,
                                          const nf_event_row *event),
                             void *ctx, nf_error *err);

/** Every event received since `since_ms` (id, subscription, hash and received_ms only), oldest first. */
nf_status nf_store_each_recent(nf_store *store, int64_t since_ms,
                               void (*each)(void *ctx, const nf_event_row *event), void *ctx,
                               nf_error *err);

/** The source of a version, owned by the caller; NF_E_NOT_FOUND if it is not kept. */
nf_status nf_store_get_version(nf_store *store, const uint8_t hash[NF_SHA256_SIZE], char **source,
                               size_t *len, nf_error *err);

#endif
