/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world.h: what tests of a store share: a place, an engine that opens a store there, and waiting for writes.
 *
 * The suite of conformance.c runs against any engine behind store/store.h.
 */
#ifndef NF_TESTS_STORE_WORLD_H
#define NF_TESTS_STORE_WORLD_H

#include "store/questions.h"
#include "store/store.h"

#include "unit.h"

/** A kind of store. */
typedef struct engine {
    void (*make_place)(char place[UNIT_PATH]); /* a fresh place, with nothing in it */
    void (*remove_place)(const char *place);
    nf_status (*open)(nf_loop *loop, const char *place, nf_store **store, nf_error *err);
} engine;

/** SQLite in a folder. */
extern const engine sqlite_engine;

typedef struct world {
    const engine *engine;
    nf_loop loop;
    nf_store *store;
    nf_timer *alive; /* the store alone does not keep the loop running */
    char place[UNIT_PATH];
    unsigned durable, failed, wanted;
    nf_error error; /* of the last that failed */
    json_t *rows;   /* the last answer */
} world;

/** A world with an open store in a fresh place. */
world *world_open(const engine *kind);

/** Close and remove everything. */
void world_close(world *w);

/** Close the store and open it again. */
void world_restart(world *w);

/** nf_store_done of a world: counts. */
void world_done(void *ctx, const nf_error *err);

/** Run the loop until so many more writes have reported. */
void world_wait(world *w, unsigned writes);

/** Ask for runs, newest first; borrowed until the next question. */
json_t *world_query(world *w, nf_run_query query);

/** One run, whole. Borrowed until the next question. */
json_t *world_run(world *w, int64_t run);

/** An event of the tenant "acme", with a hash of its body; texts are borrowed. */
nf_event_row event_row(int64_t id, const char *body);

/** A run of it. */
nf_run_row run_row(int64_t id, int64_t event);

/** An end of it; `detail` is borrowed. */
nf_run_end end_row(int64_t run, nf_outcome outcome, const char *detail);

/** Run the suite; as main. */
int conformance(const engine *kind);

#endif
