/* SPDX-License-Identifier: Apache-2.0 */
/* test_case.h: one case of a file of tests: checked, run without the world, compared with what it expects. */
#ifndef NF_CLI_TEST_CASE_H
#define NF_CLI_TEST_CASE_H

#include "cli/local.h"

/** A case and where it stands. All borrowed. */
typedef struct nf_test_case {
    const nf_action *const *actions;
    nf_version *version; /* of the flow */
    const char *file;    /* of the tests; files of events are named from its folder */
    int line;            /* 0: not known */
    const json_t *what;
} nf_test_case;

/**
 * Run it. The verdict is a new reference: {"outcome", "differences": [see compare.h], "error": the run's, "log"}. NULL
 * with `err` set when the case is not one: an unknown field, handler or action.
 */
json_t *nf_test_case_run(nf_local *local, const nf_test_case *test, nf_error *err);

#endif
