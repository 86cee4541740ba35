/* SPDX-License-Identifier: Apache-2.0 */
/* runs_tail.c: nimflow runs tail: a line for each run as it ends, until the user has seen enough. */
#include "base/json.h"
#include "cli/fetch.h"
#include "cli/runs.h"

#include <stdio.h>

static json_t *ask(const nf_given *given, json_int_t after, int *status)
{
    static const char *const values[] = {"tenant", "flow", "outcome"};
    nf_error err = {0};
    char number[32];
    nf_strbuf path = nf_strbuf_new(8192);
    snprintf(number, sizeof number, "%lld", (long long)after);
    nf_strbuf_puts(&path, "/v1/tail");
    nf_runs_parameter(&path, "after", after ? number : NULL);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        nf_runs_parameter(&path, values[i], nf_given_value(given, values[i], NULL));
    json_t *answer = nf_ask_host(given, "GET", path.bytes, NULL, &err, status);
    nf_strbuf_release(&path);
    return answer;
}

int nf_runs_tail(const nf_given *given)
{
    json_int_t after = 0;
    int status = NF_EXIT_OK;
    while (status == NF_EXIT_OK) {
        json_t *answer = ask(given, after, &status);
        json_int_t missed = nf_json_integer(answer, "missed", 0);
        size_t i;
        const json_t *run;
        if (!after && answer)
            fprintf(stderr, "following; Ctrl-C ends\n");
        if (missed)
            fprintf(stderr, "%lld ends came too fast to be kept\n", (long long)missed);
        after = nf_json_integer(answer, "after", 0);
        json_array_foreach (json_object_get(answer, "runs"), i, run) {
            if (nf_given_has(given, "json"))
                nf_print_json(run, true);
            else
                nf_runs_print_row(run);
        }
        fflush(stdout);
        json_decref(answer);
    }
    return status;
}
