/* SPDX-License-Identifier: Apache-2.0 */
/* registry.h: the bindings of this build: checked once at start, found by name, described to the workers. */
#ifndef NF_ACT_REGISTRY_H
#define NF_ACT_REGISTRY_H

#include "nf/table.h"

/**
 * Check every descriptor: interface version, names that occur once, documentation with its full stop, an owner that is
 * said, arguments that the path and the scope name. The error names the binding and what is wrong.
 */
nf_status nf_registry_check(const nf_action *const *actions, const nf_trigger *const *triggers,
                            nf_error *err);

/** Number of entries of a list that ends with NULL. */
size_t nf_action_count(const nf_action *const *actions);

/** The trigger with this name, or NULL. */
const nf_trigger *nf_trigger_find(const nf_trigger *const *triggers, const char *name);

/** SETUP's JSON of the channel's protocol. Owned by the caller. */
char *nf_registry_surface(const nf_action *const *actions, const nf_trigger *const *triggers);

#endif
