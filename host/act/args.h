/* SPDX-License-Identifier: Apache-2.0 */
/* args.h: what a script gave, checked against what a binding declares. Pure. */
#ifndef NF_ACT_ARGS_H
#define NF_ACT_ARGS_H

#include "nf/binding.h"

/**
 * Check `args` (a JSON object) against `params`: unknown and missing fields, types, lengths, ranges, plain text.
 * Returns a new object in wire form (texts converted, NF_NAMED as a list of {name, value}, nulls left out), or NULL
 * with `err` set: "nimbus.tasks.update: customer.firstNam: unknown field; did you mean 'firstName'?".
 */
json_t *nf_args_check(const char *action, const nf_param *params, const json_t *args,
                      nf_error *err);

#endif
