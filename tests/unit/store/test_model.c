/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_model.c: random writes, and a process that ends in the middle of them, against a model in memory.
 *
 * Whatever the moment, the store must read like the model after the first k writes, for one k that is not below the
 * last write that was reported durable: nothing reported is missing, nothing is half, nothing came out of
 * turn. Each life of
 * the store is a process of its own that is killed, or closes its store; with fault points a kill may be a power cut.
 *
 *   NF_MODEL_SEED=N    only this seed (each run prints those it takes)
 */
#include "model.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SEEDS = 4, OPS = 2000, LIFE = 250, IN_FLIGHT = 48 };

static model now; /* too large for a stack */

/* ---- the process that writes ---- */

static struct {
    int fd;
    uint64_t issued, acked;
} writer;

/* The number of a write is its context. */
static void on_durable(void *ctx, const nf_error *err)
{
    uint64_t number = (uint64_t)(uintptr_t)ctx;
    if (err) {
        fprintf(stderr, "write %llu: %s\n", (unsigned long long)number, err->text);
        abort();
    }
    writer.acked = number;
    if (write(writer.fd, &number, sizeof number) != (ssize_t)sizeof number)
        abort();
}

static void nothing(void *ctx)
{
    (void)ctx;
}

static void write_all(nf_store *store, nf_loop *loop, unsigned ops)
{
    uint64_t last = now.ops; /* the last that reports */
    for (unsigned i = 0; i < ops; i++) {
        model_op op = model_next(&now);
        model_issue(&now, &op, store, on_durable, (void *)(uintptr_t)op.number);
        model_apply(&now, &op);
        if (op.kind != OP_UNPARK && op.kind != OP_SCHEDULE)
            last = op.number;
        if (i % 5 == 0)
            uv_run(&loop->uv, UV_RUN_NOWAIT);
        while (last > writer.acked + IN_FLIGHT)
            uv_run(&loop->uv, UV_RUN_ONCE);
    }
}

/* Never returns. */
static void live(const char *place, int fd, unsigned ops, bool power)
{
    nf_loop loop;
    nf_store *store = NULL;
    nf_error err = {0};
    char seed[24];
    writer.fd = fd;
    writer.acked = now.ops;
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)now.random);
    if (power)
        setenv("NF_FAULT_POWER", seed, 1);
    if (nf_loop_open(&loop, &err) != NF_OK || nf_store_open(&loop, place, &store, &err) != NF_OK) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
    nf_timer_start(nf_timer_new(&loop, nothing, NULL), 1000000, 0);
    write_all(store, &loop, ops);
    nf_store_close(store);
    on_durable((void *)(uintptr_t)now.ops, NULL); /* closing finishes what is queued */
    _exit(0);
}

/* ---- the one that judges ---- */

/* Until the process has ended; it is killed when the write `until` is durable. */
static uint64_t watch(pid_t pid, int fd, uint64_t until)
{
    uint64_t number, last = now.ops;
    int status;
    while (read(fd, &number, sizeof number) == (ssize_t)sizeof number) {
        last = number;
        if (number >= until)
            kill(pid, SIGKILL);
    }
    close(fd);
    assert_int_equal(pid, waitpid(pid, &status, 0));
    if (WIFSIGNALED(status) ? WTERMSIG(status) != SIGKILL : WEXITSTATUS(status) != 0)
        fail_msg("the writing process ended with status %d", status);
    return last;
}

/* Move the model on until it reads like the store. */
static void compare(world *w, uint64_t durable, uint64_t issued)
{
    nf_strbuf stored = nf_strbuf_new(1 << 26), first = nf_strbuf_new(1 << 26);
    store_text(w, &stored);
    for (;;) {
        nf_strbuf expected = nf_strbuf_new(1 << 26);
        if (now.ops >= durable)
            model_text(&now, &expected);
        bool same =
            now.ops >= durable && strcmp(nf_strbuf_text(&expected), nf_strbuf_text(&stored)) == 0;
        if (now.ops == durable)
            first = expected;
        else
            nf_strbuf_release(&expected);
        if (same)
            break;
        if (now.ops >= issued) {
            write_file("/tmp/nimflow-model-expected", nf_strbuf_text(&first));
            write_file("/tmp/nimflow-model-stored", nf_strbuf_text(&stored));
            fail_msg("after write %llu (the last that was durable) and up to %llu the store is "
                     "another; compare /tmp/nimflow-model-expected and -stored",
                     (unsigned long long)durable, (unsigned long long)issued);
        }
        model_op op = model_next(&now);
        model_apply(&now, &op);
    }
    nf_strbuf_release(&first);
    nf_strbuf_release(&stored);
}

static void one_life(world *w, unsigned kind)
{
    int fds[2];
    unsigned ops = 1 + (unsigned)model_draw(&now, LIFE);
    uint64_t until = now.ops + model_draw(&now, ops);
    nf_store_close(w->store);
    w->store = NULL;
    assert_int_equal(0, pipe(fds));
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(fds[0]);
        live(w->place, fds[1], ops, kind == 2);
    }
    close(fds[1]);
    uint64_t durable = watch(pid, fds[0], kind == 0 ? UINT64_MAX : until);
    nf_error err = {0};
    if (nf_store_open(&w->loop, w->place, &w->store, &err) != NF_OK)
        fail_msg("%s", err.text);
    compare(w, durable, now.ops + ops);
    assert_true(nf_store_new_id(w->store) > now.ids || now.event_count == 0);
}

static void one_seed(uint64_t seed)
{
    world *w = world_open(&sqlite_engine);
    memset(&now, 0, sizeof now);
    now.random = seed;
    now.ids = 100; /* above those of subscriptions */
    printf("             seed %llu\n", (unsigned long long)seed);
    fflush(stdout);
    for (unsigned life = 0; now.ops < OPS; life++)
        one_life(w, life % 3); /* closed, killed, without power */
    world_close(w);
}

static void reads_like_the_model(void **state)
{
    const char *given = getenv("NF_MODEL_SEED");
    struct timespec t;
    (void)state;
    if (given) {
        one_seed(strtoull(given, NULL, 10));
        return;
    }
    clock_gettime(CLOCK_REALTIME, &t);
    for (uint64_t i = 0; i < SEEDS; i++)
        one_seed((uint64_t)t.tv_nsec / 1000 + i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reads_like_the_model)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
