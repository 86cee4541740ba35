/* SPDX-License-Identifier: Apache-2.0 */
/* fetch.c: see fetch.h. */
#include "cli/fetch.h"

#include "app.h"
#include "base/alloc.h"
#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* The admin socket of the host with this configuration, owned by the caller, or NULL after printing why. */
static char *find_socket(const nf_given *given)
{
    nf_strbuf errors = nf_strbuf_new(1 << 16);
    const char *socket = nf_given_value(given, "socket", NULL);
    if (socket)
        return nf_strdup(socket);
    nf_config *config = nf_config_load(nf_given_value(given, "config", "nimflow.yaml"), &errors);
    char *path = config ? nf_app_socket_path(config->data) : NULL;
    if (!config)
        fputs(nf_strbuf_text(&errors), stderr);
    nf_config_free(config);
    nf_strbuf_release(&errors);
    return path;
}

json_t *nf_ask_host_quietly(const nf_given *given, const char *method, const char *path,
                            const json_t *body, nf_error *err)
{
    char *socket = find_socket(given);
    if (!socket)
        return NULL;
    char *url = nf_format("http://localhost%s", path);
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    json_t *answer = nf_fetch(&(nf_http_spec){.method = method,
                                              .url = url,
                                              .unix_socket = socket,
                                              .content_type = text ? "application/json" : NULL,
                                              .body = text,
                                              .len = text ? strlen(text) : 0,
                                              .max_body = 64 << 20},
                              err);
    if (err->status == NF_E_UNREACHABLE)
        nf_error_prefix(err, "no host answers at %s; is 'nimflow serve' running?", socket);
    free(text);
    free(url);
    free(socket);
    return answer;
}

json_t *nf_ask_host(const nf_given *given, const char *method, const char *path, const json_t *body,
                    nf_error *err, int *status)
{
    json_t *answer = nf_ask_host_quietly(given, method, path, body, err);
    *status = answer ? NF_EXIT_OK : err->status == NF_OK ? NF_EXIT_CONFIG : nf_exit_for(err);
    return answer;
}

void nf_print_json(const json_t *value, bool machine)
{
    json_dumpf(value, stdout, (machine ? JSON_COMPACT : JSON_INDENT(2)) | JSON_REAL_PRECISION(15));
    putchar('\n');
}
