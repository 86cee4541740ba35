/* SPDX-License-Identifier: Apache-2.0 */
/* nf/table.h: all bindings of this build, in the order of their file names. Written by the build. */
#ifndef NF_API_TABLE_H
#define NF_API_TABLE_H

#include "nf/binding.h"

/** Both lists end with NULL. */
extern const nf_action *const nf_all_actions[];
extern const nf_trigger *const nf_all_triggers[];

#endif
