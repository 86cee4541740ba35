/* SPDX-License-Identifier: Apache-2.0 */
/* fetch.c: see fetch.h. */
#include "cli/fetch.h"

#include "base/json.h"

struct fetch {
    nf_loop loop;
    nf_error *err;
    json_t *answer;
};

static void on_answer(void *ctx, const nf_http_result *result)
{
    struct fetch *f = ctx;
    if (result->error.status != NF_OK) {
        *f->err = result->error;
    } else {
        f->answer = result->len ? nf_json_parse(result->body, result->len, f->err) : json_null();
        const char *text = nf_json_string(f->answer, "error");
        if (result->status >= 300 || !f->answer) {
            nf_error err = {0};
            nf_error_set(&err, result->status == 404 ? NF_E_NOT_FOUND : NF_E_ARG, "%s (status %d)",
                         text ? text : "refused", result->status);
            *f->err = err;
            json_decref(f->answer);
            f->answer = NULL;
        }
    }
    nf_loop_stop(&f->loop);
}

json_t *nf_fetch(const nf_http_spec *spec, nf_error *err)
{
    struct fetch f = {.err = err};
    nf_http_client *client = NULL;
    if (nf_loop_open(&f.loop, err) != NF_OK)
        return NULL;
    if (nf_http_client_open(&f.loop, 1, &client, err) == NF_OK) {
        nf_http_request_start(client, spec, on_answer, &f);
        nf_loop_run(&f.loop);
    }
    nf_http_client_close(client);
    nf_loop_close(&f.loop);
    return f.answer;
}
