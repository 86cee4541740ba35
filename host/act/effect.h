/* SPDX-License-Identifier: Apache-2.0 */
/*
 * effect.h: one effect of a run from its start to its end; implements nf/call.h.
 *
 * The owner (a run) starts an effect with JSON text and is told its end exactly once, possibly from inside the start. A
 * cancelled effect tells nothing.
 */
#ifndef NF_ACT_EFFECT_H
#define NF_ACT_EFFECT_H

#include "act/kept.h"
#include "act/kv.h"
#include "nf/binding.h"
#include "nimbus/connection.h"
#include "ou/ou.h"

struct nf_list_folder;
struct nf_stand_in;

/** What effects of a tenant work with. Borrowed for the life of the effects. */
typedef struct nf_effect_env {
    nf_loop *loop;
    nf_nimbus *nimbus;            /* NULL: no connection here, effects on Nimbus are refused */
    struct nf_list_folder *lists; /* NULL: no lists */
    nf_kv *kv;                    /* NULL: nothing is remembered */
    nf_store *store;              /* NULL: nothing is made durable */
    nf_kept *kept;                /* answers of Nimbus; there whenever `nimbus` is */
    const nf_ou *ou;              /* NULL: Nimbus alone decides */
    char *const
        *upn; /* where the UPN of the connection's user stands; it may be NULL there: not known */
    bool dry_run; /* effects that change something resolve with nil and send nothing */
    const struct nf_stand_in *stand_in; /* answers in place of the world; NULL: the world does */
} nf_effect_env;

enum { NF_LONG_SLEEP_MS = 5000 }; /* a longer one is durable and no wall time */

/** Who started an effect. */
typedef struct nf_effect_owner {
    /** The end: `err` set, or `result` as JSON text (NULL or "": nil). Borrowed; the effect is gone afterwards. */
    void (*ended)(void *ctx, nf_call *call, const nf_error *err, const char *result, size_t len);
    /** How long the run may still wait; a longer sleep ends it at once through over_time. */
    uint64_t (*wall_left_ms)(void *ctx);
    /** Take over a long sleep, and the effect is gone; false: it is like any other effect. NULL: always so. */
    bool (*sleep)(void *ctx, uint64_t ms);
    /** The run waits for longer than its budget allows: end it. The effect was cancelled before. */
    void (*over_time)(void *ctx, uint64_t asked_ms);
    /** An unsafe request is about to be sent: keep that, then call nf_effect_go. NULL: it is sent at once. */
    void (*intend)(void *ctx, nf_call *call);
    /** Does the flow's trigger permit an action that destroys? NULL: none. */
    bool (*permits)(void *ctx, const char *action);
    /** What its requests go out on: the flow's retry, the time that is left, the run's priority. NULL: on nothing. */
    void (*terms)(void *ctx, nf_nimbus_terms *terms);
} nf_effect_owner;

/** Check the arguments and start. The handle is valid until `ended` was called (which may be before this returns:
 * NULL). */
nf_call *nf_effect_start(const nf_effect_env *env, const nf_action *action, const char *args,
                         size_t len, const nf_effect_owner *owner, void *ctx);

/** Can it be found out whether an unsafe effect took effect that was intended, but has no result? */
bool nf_effect_can_verify(const nf_action *action);

/**
 * Find it out; nothing that changes anything is sent. `intended_at_ms` is the wall clock when it was intended. `ended`
 * is told: no error and the result as the effect's own: it took effect; NF_E_NOT_FOUND: it certainly did not;
 * NF_E_UNKNOWN: it is still not known, and the text says why and where to look.
 */
nf_call *nf_effect_verify(const nf_effect_env *env, const nf_action *action, const char *args,
                          size_t len, int64_t intended_at_ms, const nf_effect_owner *owner,
                          void *ctx);

/** The intention is kept: send. With `err` set it could not be, and the effect ends with that. */
void nf_effect_go(nf_call *call, const nf_error *err);

/** What it waits for, as words for an admin, or NULL: for its answer. Static. */
const char *nf_effect_waits(const nf_call *call);

/** Stop it; the owner is not told. */
void nf_effect_cancel(nf_call *call);

#endif
