/* SPDX-License-Identifier: Apache-2.0 */
/* fetch.h: one request of a command to a running host or simulator, waited for. */
#ifndef NF_CLI_FETCH_H
#define NF_CLI_FETCH_H

#include "cli/command.h"
#include "net/http_client.h"

#include <jansson.h>

/**
 * Send and wait. Returns the JSON answer of a 2xx (a new reference; json null when it is empty), or NULL with `err`
 * set: the other side's {"error": text}, or why there was no answer.
 */
json_t *nf_fetch(const nf_http_spec *spec, nf_error *err);

/** The options that say which host is asked. */
#define NF_HOST_OPTIONS                                                                            \
    {"config", "FILE", "the host's configuration; default: nimflow.yaml", false},                  \
    {                                                                                              \
        "socket", "PATH", "the host's admin socket, instead of --config", false                    \
    }

/**
 * Ask the running host that --socket or --config names. Returns the answer (a new reference) with `status` NF_EXIT_OK,
 * or NULL with the exit status, after printing why. `body` may be NULL.
 */
json_t *nf_ask_host(const nf_given *given, const char *method, const char *path, const json_t *body,
                    nf_error *err, int *status);

/** The same without printing: NULL with `err` set; without an error the configuration was wrong, which was printed. */
json_t *nf_ask_host_quietly(const nf_given *given, const char *method, const char *path,
                            const json_t *body, nf_error *err);

/** Print a value for machines (one line) or for people. */
void nf_print_json(const json_t *value, bool machine);

#endif
