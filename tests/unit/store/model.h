/* SPDX-License-Identifier: Apache-2.0 */
/* model.h: a store as simple as can be: arrays in memory, without a disk. What a real one holds must read the same. */
#ifndef NF_TESTS_STORE_MODEL_H
#define NF_TESTS_STORE_MODEL_H

#include "world.h"

#include "base/strbuf.h"

enum {
    MODEL_EVENTS = 4000,
    MODEL_RUNS = 12000,
    MODEL_ENTRIES = 6,
    MODEL_KEYS = 30,
    MODEL_SUBSCRIPTIONS = 12,
    MODEL_SCHEDULES = 6,
};

typedef enum model_kind {
    OP_EVENT,
    OP_DUPLICATE,
    OP_END,
    OP_ENTRY,
    OP_SLEEP,
    OP_HOLD,
    OP_UNPARK,
    OP_KV,
    OP_SUBSCRIPTION,
    OP_SCHEDULE,
    OP_COUNT,
} model_kind;

/** One write, with everything that is needed to do it again. */
typedef struct model_op {
    model_kind kind;
    uint64_t number; /* of the operation: makes its texts */
    size_t target;   /* index of the event, run, key, subscription or schedule */
    unsigned runs;   /* of a new event */
    uint32_t entry;
    unsigned value; /* outcome, state of the entry, 0: remove */
} model_op;

typedef struct model_run {
    int64_t id;
    size_t event;
    unsigned outcome, state; /* state: 0, 1 asleep, 2 held */
    int64_t wake_ms;
    uint32_t entries;
    unsigned entry_state[MODEL_ENTRIES];
    uint64_t entry_number[MODEL_ENTRIES];
} model_run;

typedef struct model {
    uint64_t random;
    uint64_t ops;
    int64_t ids;
    size_t event_count, run_count;
    int64_t event_id[MODEL_EVENTS];
    unsigned duplicates[MODEL_EVENTS];
    model_run runs[MODEL_RUNS];
    uint64_t kv[MODEL_KEYS]; /* operation that set it; 0: not there */
    uint64_t subscriptions[MODEL_SUBSCRIPTIONS];
    uint64_t schedules[MODEL_SCHEDULES];
} model;

/** A number below `below`. */
uint64_t model_draw(model *m, uint64_t below);

/** Choose the next write. */
model_op model_next(model *m);

/** What the write does. */
void model_apply(model *m, const model_op *op);

/** Let a store do it; `done` gets `ctx`. What it borrows is never freed. */
void model_issue(const model *m, const model_op *op, nf_store *store, nf_store_done *done,
                 void *ctx);

/** Everything that is in it, as lines. */
void model_text(const model *m, nf_strbuf *out);

/** The same lines from a store. */
void store_text(world *w, nf_strbuf *out);

#endif
