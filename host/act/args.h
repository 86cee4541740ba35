/* SPDX-License-Identifier: Apache-2.0 */
/* args.h: what a script gave, checked against what a binding declares. Pure. */
#ifndef NF_ACT_ARGS_H
#define NF_ACT_ARGS_H

#include "net/http_retry.h"
#include "nf/binding.h"

enum {
    NF_ARGS_FIELDS = 64
}; /* most parameters of an action, and fields of an object; registry.c sees to it */

/**
 * Check `args` (a JSON object) against `params`: unknown and missing fields, types, lengths, ranges, plain text.
 * Returns a new object in wire form (texts converted, NF_NAMED as a list of {name, value}, nulls left out), or NULL
 * with `err` set: "nimbus.tasks.update: customer.firstNam: unknown field; did you mean 'firstName'?".
 */
json_t *nf_args_check(const char *action, const nf_param *params, const json_t *args,
                      nf_error *err);

/**
 * Read {times=, backoff=, longest=}, as triggers and actions have it; `whose` is in front of the error. `longest`
 * bounds our own waits and those that the other side asks for.
 */
nf_status nf_args_retry(const char *whose, const json_t *given, nf_retry *retry, nf_error *err);

/**
 * Take the argument `retry` out of those that a script gave. Every action that sends requests of its own has it,
 * without declaring it; one whose answer may be another run's refuses it with the reason.
 */
nf_status nf_args_take_retry(const nf_action *action, json_t *args, nf_retry *retry, nf_error *err);

#endif
