/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stand_in.h: something that answers effects in place of the world: tests of flows, and runs done again on paper.
 *
 * It is asked once the arguments were checked as in production, so a wrong argument fails as it would there. With a
 * stand-in nothing is ever sent: an effect that it has no answer for resolves as in a dry run. Only lists, what flows
 * remember and sleeps are done in this process; a sleep moves the stand-in's clock and returns at once.
 */
#ifndef NF_ACT_STAND_IN_H
#define NF_ACT_STAND_IN_H

#include "act/effect.h"

typedef struct nf_stand_in {
    void *ctx;
    /** Has it an answer? Then it ends the call (nf_stand_in_end), at once or later, and true is returned. */
    bool (*answer)(void *ctx, nf_call *call, const nf_action *action, const json_t *args);
    /** The run does not want the answer to this call any more, which was put off. */
    void (*forget)(void *ctx, nf_call *call);
    /** A sleep that it has no answer for. */
    void (*slept)(void *ctx, uint64_t ms);
    /** Its clock: what the run sees as the time. */
    int64_t (*now_ms)(void *ctx);
} nf_stand_in;

/** End a call that `answer` took, with an error or with JSON text (NULL: nil). */
void nf_stand_in_end(nf_call *call, const nf_error *err, const char *result);

/** What the clock says for runs with these effects: the stand-in's, else the wall clock. Milliseconds. */
int64_t nf_effect_now_ms(const nf_effect_env *env);

#endif
