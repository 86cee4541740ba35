/* SPDX-License-Identifier: Apache-2.0 */
/* test_event.h: the event of a case: from the case or a file, with no field that its trigger does not know. */
#ifndef NF_CLI_TEST_EVENT_H
#define NF_CLI_TEST_EVENT_H

#include "cli/test_case.h"

/** The event, a new reference, or NULL with `err` set. Without one in the case it is empty. */
json_t *nf_test_event(const nf_test_case *test, const nf_handler *handler, nf_error *err);

/**
 * The name of a filter or field that keeps the handler from hearing this event, owned by the caller, or NULL. A field
 * that the event does not have keeps nothing: a case gives what it is about.
 */
char *nf_test_event_misfit(const nf_handler *handler, const json_t *event);

#endif
