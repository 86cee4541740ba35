/* SPDX-License-Identifier: Apache-2.0 */
/* local.c: see local.h. */
#include "cli/local.h"

#include "base/alloc.h"
#include "log/log.h"
#include "tenant/flows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

nf_status nf_local_open(nf_local *local, const nf_cli *cli, bool dry_run, const nf_limits *limits,
                        nf_error *err)
{
    nf_allowed allowed = nf_allowed_standard();
    allowed.run = *limits;
    allowed.tenant.of[NF_CAP_WORKERS] = 1;
    *local = (nf_local){.most_source = limits->of[NF_BUDGET_SOURCE], .allowed = allowed};
    nf_log_open(NF_LOG_WARN, 0); /* what was loaded is no news for a command */
    nf_status status = nf_loop_open(&local->loop, err);
    if (status != NF_OK)
        return status;
    nf_runner_options runner = {cli->worker_program, cli->actions, cli->triggers};
    status = nf_runner_open(&local->loop, &runner, &local->runner, err);
    if (status != NF_OK) {
        nf_loop_close(&local->loop);
        return status;
    }
    local->lists = nf_lists_new(&local->loop, cli->reader_program);
    nf_kv_open(NULL, "local", UINT64_MAX, &local->kv, err); /* for as long as the command runs */
    local->env = (nf_effect_env){
        .loop = &local->loop,
        .kv = local->kv,
        .dry_run = dry_run,
    };
    local->pool = nf_pool_new(local->runner, &(nf_pool_options){
                                                 .tenant = "local",
                                                 .configured = *limits,
                                                 .allowed = allowed,
                                                 .env = &local->env,
                                             });
    return NF_OK;
}

/* A tenant has flows/ and lists/ side by side; any other folder has its lists among the flows. */
static char *lists_beside(const char *flow)
{
    const char *slash = strrchr(flow, '/');
    size_t n = slash ? (size_t)(slash - flow) : 0;
    char *dir = slash ? nf_memdup(flow, n ? n : 1) : nf_strdup(".");
    bool named_flows =
        n >= 5 && strncmp(dir + n - 5, "flows", 5) == 0 && (n == 5 || dir[n - 6] == '/');
    char *lists = nf_format("%s/../lists", dir);
    struct stat st;
    if (named_flows && stat(lists, &st) == 0) {
        free(dir);
        return lists;
    }
    free(lists);
    return dir;
}

void nf_local_use_lists(nf_local *local, const char *dir, const char *flow, const char *country)
{
    char *beside = dir ? nf_strdup(dir) : lists_beside(flow);
    nf_list_folder_free(local->env.lists);
    local->env.lists = nf_list_folder_new(local->lists, beside, country);
    free(beside);
}

void nf_local_limit(nf_local *local, const nf_limits *limits)
{
    local->allowed.run = *limits;
    nf_pool_allow(local->pool, &local->allowed);
}

void nf_local_forget(nf_local *local)
{
    nf_error err = {0};
    nf_kv_close(local->kv);
    nf_kv_open(NULL, "local", UINT64_MAX, &local->kv, &err);
    local->env.kv = local->kv;
}

void nf_local_close(nf_local *local)
{
    nf_pool_close(local->pool);
    nf_kv_close(local->kv);
    nf_list_folder_free(local->env.lists);
    nf_lists_free(local->lists);
    nf_runner_close(local->runner);
    nf_loop_close(&local->loop);
}

struct load {
    nf_local *local;
    nf_version *version;
    nf_error *err;
    bool ended;
};

static void on_loaded(void *ctx, nf_version *version, const nf_error *err)
{
    struct load *load = ctx;
    load->ended = true;
    if (err) {
        *load->err = *err;
        nf_version_unref(version);
    } else {
        load->version = version;
    }
    nf_loop_stop(&load->local->loop);
}

nf_version *nf_local_load_source(nf_local *local, const char *name, const char *source, size_t len,
                                 bool script, nf_error *err)
{
    struct load load = {.local = local, .err = err};
    nf_version_spec spec = {.file = name, .source = source, .len = len, .script = script};
    nf_version_load(local->pool, &spec, on_loaded, &load);
    if (!load.ended)
        nf_loop_run(&local->loop);
    return load.version;
}

nf_version *nf_local_load(nf_local *local, const char *path, bool script, nf_error *err)
{
    char *source;
    size_t len;
    if (nf_file_read(path, local->most_source, &source, &len, err) != NF_OK)
        return NULL;
    nf_version *version = nf_local_load_source(local, path, source, len, script, err);
    free(source);
    return version;
}

struct one_run {
    nf_local *local;
    nf_run_ended *ended;
    void *ctx;
    bool over;
};

static void on_ended(void *ctx, const nf_run_report *report)
{
    struct one_run *one = ctx;
    one->ended(one->ctx, report);
    one->over = true;
    nf_loop_stop(&one->local->loop);
}

void nf_local_run(nf_local *local, const nf_run_spec *spec, nf_run_ended *ended, void *ctx)
{
    struct one_run one = {local, ended, ctx, false};
    nf_run_start(local->pool, spec, on_ended, &one);
    if (!one.over)
        nf_loop_run(&local->loop);
}

int nf_local_line(const char *where)
{
    const char *colon = where ? strrchr(where, ':') : NULL;
    return colon ? atoi(colon + 1) : 0;
}

void nf_local_excerpt(const char *path, int line, nf_strbuf *out)
{
    FILE *file = line > 0 ? fopen(path, "re") : NULL;
    char *text = NULL;
    size_t size = 0;
    ssize_t n;
    for (int i = 1; file && i <= line + 1 && (n = getline(&text, &size, file)) > 0; i++) {
        if (text[n - 1] == '\n')
            n--;
        if (i >= line - 1)
            nf_strbuf_addf(out, "  %c %4d | %.*s\n", i == line ? '>' : ' ', i, (int)n, text);
    }
    free(text);
    if (file)
        fclose(file);
}
