/* SPDX-License-Identifier: Apache-2.0 */
/* conformance.h: what the parts of the suite share. */
#ifndef NF_TESTS_STORE_CONFORMANCE_H
#define NF_TESTS_STORE_CONFORMANCE_H

#include "world.h"

extern const engine *conformance_engine;

int conformance_open(void **state);
int conformance_close(void **state);

#define CONFORMS(test) cmocka_unit_test_setup_teardown(test, conformance_open, conformance_close)

/** The parts; each gives the number of tests that failed. */
int conformance_durable(void);
int conformance_tables(void);

#endif
