/* SPDX-License-Identifier: Apache-2.0 */
/* args_scalar.h: the checks of single values, and where in the arguments they are; for args.c only. */
#ifndef NF_ACT_ARGS_SCALAR_H
#define NF_ACT_ARGS_SCALAR_H

#include "base/strbuf.h"
#include "nf/binding.h"

/* Where in the arguments we are, as "customer.telNumbers[2].name". */
typedef struct nf_args_path {
    nf_strbuf text;
    size_t base;         /* length of the action's name in front */
    const char *subject; /* before the words of an error: "" or "its name " */
    nf_error *err;
} nf_args_path;

/** Set the error, with the path in front. Returns NULL, so that it can end a check. */
json_t *nf_args_refuse(nf_args_path *path, const char *hint, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Check a value that is neither object nor list; a new reference in wire form, or NULL with the error set. */
json_t *nf_args_scalar(nf_args_path *path, const nf_param *param, const json_t *value);

#endif
