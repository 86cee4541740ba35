/* SPDX-License-Identifier: Apache-2.0 */
/* rights.h: may the connection's user do this effect? For the files of this layer. */
#ifndef NF_ACT_RIGHTS_H
#define NF_ACT_RIGHTS_H

#include "act/effect.h"

/**
 * Decide by the action's operation and the argument that its descriptor names. NF_E_DENIED with role, path and rule in
 * the text. `args` are checked.
 */
nf_status nf_act_may(const nf_effect_env *env, const nf_action *action, const json_t *args,
                     nf_error *err);

/** Remember of which service the entries in an answer are. `result` may be NULL. */
void nf_act_learn(const nf_effect_env *env, const nf_action *action, const json_t *args,
                  const json_t *result);

#endif
