/* SPDX-License-Identifier: Apache-2.0 */
/* fetch.h: one request of a command to a running host or simulator, waited for. */
#ifndef NF_CLI_FETCH_H
#define NF_CLI_FETCH_H

#include "net/http_client.h"

#include <jansson.h>

/**
 * Send and wait. Returns the JSON answer of a 2xx (a new reference; json null when it is empty), or NULL with `err`
 * set: the other side's {"error": text}, or why there was no answer.
 */
json_t *nf_fetch(const nf_http_spec *spec, nf_error *err);

#endif
