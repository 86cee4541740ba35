/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answers.h: a stand-in for the world (act/stand_in.h) whose answers are kept: written in a test, or recorded by a run.
 *
 * An answer is {"result" | "error": {"kind", "message", "status", "hint"}, "args"?, "now"?, "number"?, "turn"?}. An
 * effect gets the first unused answer of its action with equal arguments, else the next unused one of its action. Of
 * what is done here otherwise (flow.sleep, lists.find, kv) only equal arguments count, and a look-up may get the same
 * answer again.
 * An answer without "args" fits any.
 *
 * Where answers came in another order than they were asked for (flow.all), they do so again: one waits for those with a
 * higher number and an earlier turn, unless the run falls silent.
 */
#ifndef NF_CLI_ANSWERS_H
#define NF_CLI_ANSWERS_H

#include "act/stand_in.h"

typedef struct nf_answers nf_answers;

/** No answers yet; the clock stands at `now_ms`. */
nf_answers *nf_answers_new(nf_loop *loop, int64_t now_ms);

/** Free; no run may use it any more. NULL is allowed. */
void nf_answers_free(nf_answers *answers);

/** Add an answer to this action; a new reference is kept. */
void nf_answers_add(nf_answers *answers, const nf_action *action, json_t *answer);

/** For nf_effect_env. Borrowed. */
const nf_stand_in *nf_answers_stand_in(nf_answers *answers);

/** The status with this kind, NF_OK if there is none. */
nf_status nf_status_of_kind(const char *kind);

#endif
