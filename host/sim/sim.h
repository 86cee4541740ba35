/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim.h: a simulated Nimbus cluster on the loop: the published API, its sign-in, calls that live
 * through a workflow, and a page that shows what an agent sees.
 *
 * It follows the published description of the API and knows nothing of our client. Nothing is kept
 * on disk. docs/SIMULATOR.md describes what it answers.
 */
#ifndef NF_SIM_SIM_H
#define NF_SIM_SIM_H

#include "loop/loop.h"

typedef struct nf_sim nf_sim;

/** The steps of a task's workflow, in order. */
typedef enum nf_sim_step {
    NF_SIM_CREATED,
    NF_SIM_SYSTEM_ACCEPTED,
    NF_SIM_QUEUED,
    NF_SIM_RINGING, /* at a user's desk; raises no event */
    NF_SIM_USER_ACCEPTED,
    NF_SIM_TERMINATED,
    NF_SIM_STEPS
} nf_sim_step;

enum { NF_SIM_BY_HAND = -1 }; /* a step that waits for a person */

/** When each step comes, in ms since the task began; NF_SIM_BY_HAND: when somebody asks for it. */
typedef struct nf_sim_timeline {
    int64_t at[NF_SIM_STEPS];
} nf_sim_timeline;

/** What the timeline is unless told otherwise: 0, 50, 1500, 4750, 8000, 120000. */
nf_sim_timeline nf_sim_timeline_standard(void);

/** All members may be 0 or NULL: the defaults. Everything is copied. */
typedef struct nf_sim_options {
    const char *listen; /* "HOST:PORT"; NULL: "127.0.0.1:8800" */
    bool allow_remote;  /* HOST may be other than loopback; then /sim wants a token too */
    const char *const
        *tokens;       /* bearer tokens that are accepted beside its own sign-in; ends with NULL */
    const char *world; /* file of the world, YAML or JSON; NULL: the standard one */
    const char *scenario; /* file of a day that is played, or NULL */
    /* the scenario is over: did all steps work, and what happened; may close nothing. NULL: nobody is told */
    void (*played)(void *ctx, bool well, const char *summary);
    void *ctx;     /* of `played` */
    uint64_t seed; /* not 0: ids, telephone numbers and dice are the same in each start */
    const nf_sim_timeline *timeline; /* of calls that bring none of their own */
    unsigned speed;                  /* simulated time runs so many times faster; 0: 1 */
    unsigned max_tasks;              /* kept; the oldest ended ones go first; 0: 2,000 */
    uint64_t token_ms;               /* life of a token from the sign-in; 0: 1 h */
    uint64_t retry_ms;    /* before the first repetition of a delivery, then doubling; 0: 1 s */
    uint64_t delivery_ms; /* a callback must answer within; 0: 10 s */
} nf_sim_options;

/** Open the cluster. `options` may be NULL. The error names the address and the reason. */
nf_status nf_sim_open(nf_loop *loop, const nf_sim_options *options, nf_sim **sim, nf_error *err);

/** Stop everything and free. What it still has under way on the loop ends by itself. NULL is
 * allowed. */
void nf_sim_close(nf_sim *sim);

/** The port it listens on. */
int nf_sim_port(const nf_sim *sim);

/** The text of the standard world's file. Static. */
const char *nf_sim_world(void);

/** Its address, "http://127.0.0.1:8800": the cluster address of a connection, and the page.
 * Borrowed. */
const char *nf_sim_url(const nf_sim *sim);

#endif
