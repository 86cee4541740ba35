/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compare.h: what is different between the effects that were expected (or done before) and those of a run. Pure.
 *
 * An effect is an object with "action", "args" and perhaps "where", as in the detail of a run. Differences are a JSON
 * list, for machines as it is:
 *   {"what": "arguments", "action", "where", "fields": [{"field": "customer.lastName", "expected": …, "got": …}]}
 *   {"what": "missing", "action", "args"}, {"what": "new", "action", "where", "args"}
 *   {"what": "outcome" | "result" | "error", "fields": […]}
 * A field without "expected" or "got" was absent there.
 */
#ifndef NF_CLI_COMPARE_H
#define NF_CLI_COMPARE_H

#include "base/strbuf.h"

#include <jansson.h>

/** Append the differences of two lists of effects, in their order. Not exact: arguments that are not expected may be
 * there. True if there are none. */
bool nf_compare_effects(const json_t *expected, const json_t *got, bool exact, json_t *differences);

/** Append the differences of two values (either may be NULL) as one difference of this kind. True if there are none. */
bool nf_compare_values(const char *what, const json_t *expected, const json_t *got, bool exact,
                       json_t *differences);

/** Are two values the same? Numbers are compared by value; not exact: fields that are not expected may be there. */
bool nf_values_same(const json_t *expected, const json_t *got, bool exact);

/** The differences in the words of one command. */
typedef struct nf_compare_words {
    const char *expected, *got;  /* before a value: "expected", "got" */
    const char *missing, *extra; /* before an effect */
} nf_compare_words;

/** Append the differences as lines for people, each behind `indent`. */
void nf_compare_text(const json_t *differences, const nf_compare_words *words, const char *indent,
                     nf_strbuf *out);

#endif
