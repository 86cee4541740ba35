/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec.h: what the broker's description (SETUP) says of actions and triggers.
 *
 * It is read once and kept by the process, outside of every Lua state: a run gets a copy of the whole state it begins
 * with, and so of nothing that all runs can share.
 */
#ifndef NF_WORKER_SPEC_H
#define NF_WORKER_SPEC_H

#include "run.h"

enum { NF_ACTION_LOOKUP = 1, NF_ACTION_ROW = 2, NF_ACTION_SEVERAL = 4 };

typedef struct nf_action_spec {
    const char *name; /* with its dots: "nimbus.tasks.update" */
    const char *const
        *params;    /* the names of those that may be given by position; ends with NULL */
    int positional; /* how many */
    int flags;
} nf_action_spec;

typedef struct nf_trigger_spec {
    const char *name;
    const char *const *filters, *const *options; /* end with NULL */
    const char *event; /* the fields of its event, as JSON; NULL: not known */
} nf_trigger_spec;

typedef struct nf_specs {
    const nf_action_spec *actions;
    const nf_trigger_spec *triggers;
    size_t action_count, trigger_count;
} nf_specs;

/** Of this process; empty until lx_specs_read. */
extern nf_specs nf_all_specs;

/** Read the description, with a Lua state that is not needed afterwards. Raises a Lua error if it is not what it
 * should be. */
void lx_specs_read(lua_State *L, nf_text description);

#endif
