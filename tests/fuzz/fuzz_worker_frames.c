/* layer: run */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_worker_frames.c: what a hostile worker may say. The broker's side of the channel, its runs and versions are
 * real; the process is not: uv_spawn is replaced, and the input is written to the worker's end of the channel.
 *
 * The input is a list of records: kind, aux, id, size (two bytes), payload. Kind 0 writes the payload as it is,
 * without a head. The broker must not crash, and tell the end of each run exactly once.
 */
#include "base/alloc.h"
#include "run/run.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CHILDREN = 64, RUNS = 4, MOST_RECORDS = 64 };

/* ---- processes that are none ---- */

static struct child {
    uv_process_t *handle;
    uv_exit_cb exited;
    int fd;
    bool killed;
} children[CHILDREN];
static struct child *newest;

int uv_spawn(uv_loop_t *loop, uv_process_t *handle, const uv_process_options_t *options)
{
    struct child *child = children;
    while (child->handle)
        child++;
    /* any handle that can be closed; it has no pid, so the broker asks for the CPU time of this process */
    uv_prepare_init(loop, (uv_prepare_t *)(void *)handle);
    handle->pid = 0;
    *child = (struct child){.handle = handle, .exited = options->exit_cb};
    child->fd = dup(options->stdio[NF_WORKER_FD].data.fd);
    fcntl(child->fd, F_SETFL, O_NONBLOCK);
    newest = child;
    return 0;
}

int uv_process_kill(uv_process_t *handle, int number)
{
    (void)number;
    for (struct child *child = children; child < children + CHILDREN; child++)
        child->killed = child->killed || child->handle == handle;
    return 0;
}

/* Read what the broker says; those that were killed, or whose channel is closed, end. */
static void reap(void)
{
    char bytes[65536];
    for (struct child *child = children; child < children + CHILDREN; child++) {
        ssize_t n = 1;
        while (child->handle && n > 0)
            n = read(child->fd, bytes, sizeof bytes);
        if (!child->handle || (!child->killed && n != 0))
            continue;
        uv_process_t *handle = child->handle;
        close(child->fd);
        child->handle = NULL;
        child->exited(handle, 0, SIGKILL);
    }
}

/* ---- a broker ---- */

static void resolve(nf_call *call, const json_t *args)
{
    nf_call_resolve(call, json_deep_copy(args));
}

static void wait_long(nf_call *call, const json_t *args)
{
    (void)args;
    nf_call_sleep(call, 1000000);
}

static const nf_param params[] = {{"any", NF_VALUE, false, "anything", NULL, 0, 0, 0}, {0}};
static const nf_action echo = {.abi = NF_BINDING_ABI,
                               .name = "x.echo",
                               .doc = "It.",
                               .params = params,
                               .class = NF_READ,
                               .owner = NF_OWNER_NONE,
                               .start = resolve};
static const nf_action slow = {.abi = NF_BINDING_ABI,
                               .name = "x.wait",
                               .doc = "It.",
                               .params = params,
                               .class = NF_UNSAFE,
                               .owner = NF_OWNER_NONE,
                               .start = wait_long};
static const nf_action *const actions[] = {&echo, &slow, NULL};
static const nf_filter filters[] = {{"services", "service", "services", NULL, true, "It.", NULL},
                                    {0}};
static const nf_trigger trigger = {.abi = NF_BINDING_ABI,
                                   .name = "x.on",
                                   .doc = "It.",
                                   .source = NF_FROM_PERSON,
                                   .filters = filters,
                                   .event = params};
static const nf_trigger *const triggers[] = {&trigger, NULL};

static nf_loop loop;
static nf_runner *runner;
static nf_pool *pool;
static nf_version *version;
static struct {
    nf_run *run;
    int ends;
} runs[RUNS];
static uint64_t versions;

static void on_ended(void *ctx, const nf_run_report *report)
{
    int *ends = ctx;
    size_t len;
    ++*ends;
    if (!report)
        return;
    char *text = nf_run_report_json(report, &len);
    json_t *parsed = json_loadb(text, len, JSON_ALLOW_NUL, NULL);
    if (!parsed) /* nobody could read the history */
        abort();
    json_decref(parsed);
    free(text);
}

static void on_loaded(void *ctx, nf_version *loaded, const nf_error *err)
{
    size_t count;
    (void)ctx;
    if (err)
        return;
    const nf_handler *handler = nf_version_handlers(loaded, &count);
    for (int i = 0; i < RUNS; i++) {
        nf_run_spec spec = {.id = i + 1,
                            .handler = handler,
                            .event = "{}",
                            .len = 2,
                            .partition = i > 1 ? "same" : NULL};
        runs[i].run = nf_run_start(pool, &spec, on_ended, &runs[i].ends);
    }
}

static void turn(void)
{
    for (int i = 0; i < 3; i++) {
        uv_run(&loop.uv, UV_RUN_NOWAIT);
        reap();
    }
}

static uint64_t id_of(uint8_t byte)
{
    return byte <= RUNS ? byte : byte == 255 ? UINT64_MAX : versions;
}

static void say(uint8_t kind, uint8_t aux, uint8_t id, const uint8_t *payload, size_t len)
{
    struct child *child =
        newest - (newest > children && (newest - 1)->handle); /* the one in use, not the spare */
    char bytes[sizeof(nf_frame) + 65536];
    nf_frame head = {.size = (uint32_t)len, .type = kind, .aux = aux, .id = id_of(id)};
    size_t n = kind ? sizeof head : 0;
    memcpy(bytes, &head, n);
    memcpy(bytes + n, payload, len);
    if (child->handle && write(child->fd, bytes, n + len) < 0)
        child->killed = true;
    turn();
}

static void say_all(const uint8_t *data, size_t size)
{
    for (int i = 0; i < MOST_RECORDS && size >= 5; i++) {
        size_t len = (size_t)data[3] | (size_t)data[4] << 8;
        len = len > size - 5 ? size - 5 : len;
        say(data[0], data[1], data[2], data + 5, len);
        data += 5 + len;
        size -= 5 + len;
    }
}

static void open_once(void)
{
    nf_error err = {0};
    nf_runner_options options = {
        .worker_program = "none", .actions = actions, .triggers = triggers};
    if (runner)
        return;
    if (nf_loop_open(&loop, &err) != NF_OK
        || nf_runner_open(&loop, &options, &runner, &err) != NF_OK)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    open_once();
    nf_effect_env env = {.loop = &loop};
    nf_pool_options options = {.tenant = "t",
                               .configured = nf_limits_standard(),
                               .allowed = nf_allowed_standard(),
                               .env = &env};
    nf_version_spec spec = {.file = "flows/x.lua", .source = "x", .len = 1};
    memset(runs, 0, sizeof runs);
    options.allowed.tenant.of[NF_CAP_WORKERS] = 2;
    pool = nf_pool_new(runner, &options);
    versions++;
    version = nf_version_load(pool, &spec, on_loaded, NULL);
    turn();
    say_all(data, size);
    nf_pool_stop(pool);
    nf_version_unref(version);
    nf_pool_close(pool);
    turn();
    for (int i = 0; i < RUNS; i++) {
        if (runs[i].ends != (runs[i].run != NULL))
            abort();
    }
    return 0;
}
