/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_lanes.c: lanes and gates against a list that is searched from end to end, with random operations. NF_SEED in the
 * environment repeats a run that failed; the seed is in every message.
 */
#include "run/internal.h"

#include "unit.h"

#include <time.h>

enum {
    OPERATIONS = 30000,
    MOST_LIVE = 60,
    HANDLERS = 6,
    KEYS = 4,
    CONNECTIONS = 2,
    PER_CONNECTION = 5
};

static const nf_action unsafe_action = {.name = "x.create", .class = NF_UNSAFE};
static const nf_trigger trigger = {.name = "x.on", .partition = "key", .urgency = NF_URGENCY_CALL};
static nf_runner runner;
static nf_pool pool = {.runner = &runner};
static nf_version version = {.pool = &pool, .refs = 1};
static nf_effect_env envs[CONNECTIONS];
static nf_known somewhere; /* a run "on a worker" that is not there: cancelling ends it at once */
static nf_handler handlers[HANDLERS] = {
    {.name = "queue", .mode = NF_MODE_QUEUE},
    {.name = "latest", .mode = NF_MODE_LATEST},
    {.name = "single", .mode = NF_MODE_SINGLE},
    {.name = "parallel", .mode = NF_MODE_PARALLEL, .concurrent = 3},
    {.name = "per key", .mode = NF_MODE_PARALLEL, .concurrent_per_key = 2, .concurrent = 5},
    {.name = "few", .mode = NF_MODE_QUEUE, .concurrent = 2},
};

/* What the test itself knows of a run. */
struct known {
    nf_run *run; /* NULL: it has ended */
    int64_t id;
    int handler, key, connection;
    bool begun, unsafe, outdated;
    nf_outcome outcome;
};

static struct known all[OPERATIONS];
static size_t count;
static uint64_t seed, state_of_random;

static unsigned rnd(unsigned below)
{
    state_of_random = state_of_random * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state_of_random >> 33) % below;
}

#define CHECK(what, ...)                                                                           \
    do {                                                                                           \
        if (!(what)) {                                                                             \
            print_error("NF_SEED=%llu, after %zu runs: ", (unsigned long long)seed, count);        \
            fail_msg(__VA_ARGS__);                                                                 \
        }                                                                                          \
    } while (0)

static void on_ended(void *ctx, const nf_run_report *report)
{
    struct known *k = ctx;
    k->run = NULL;
    k->outcome = report ? report->outcome : NF_OUTCOME_NONE;
}

static bool same_lane(const struct known *a, const struct known *b)
{
    return a->handler == b->handler && a->key == b->key;
}

/* ---- operations ---- */

static struct known *pick(bool (*fits)(const struct known *k))
{
    struct known *found[MOST_LIVE + 1];
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (all[i].run && fits(&all[i]) && n <= MOST_LIVE)
            found[n++] = &all[i];
    }
    return n ? found[rnd((unsigned)n)] : NULL;
}

static size_t live(void)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        n += all[i].run != NULL;
    return n;
}

/* What must become of the others when this one comes, and of it. */
static nf_outcome expect_others(const struct known *k, nf_outcome expected[])
{
    nf_outcome mine = NF_OUTCOME_NONE;
    for (size_t i = 0; i < count; i++) {
        expected[i] = all[i].outcome;
        if (&all[i] == k || !all[i].run || !same_lane(&all[i], k))
            continue;
        if (handlers[k->handler].mode == NF_MODE_SINGLE)
            mine = NF_OUTCOME_SKIPPED;
        if (handlers[k->handler].mode == NF_MODE_LATEST && !all[i].unsafe)
            expected[i] = NF_OUTCOME_CANCELLED;
        if (handlers[k->handler].mode == NF_MODE_LATEST && all[i].unsafe)
            all[i].outdated = true;
    }
    return mine;
}

static void come(void)
{
    static nf_outcome expected[OPERATIONS];
    static char keys[KEYS][2] = {"a", "b", "c", "d"};
    struct known *k = &all[count];
    *k = (struct known){
        .id = (int64_t)count + 1, .handler = (int)rnd(HANDLERS), .key = (int)rnd(KEYS)};
    k->connection = k->handler % CONNECTIONS;
    count++;
    nf_outcome mine = expect_others(k, expected);
    nf_run_spec spec = {.id = k->id,
                        .handler = &handlers[k->handler],
                        .partition = keys[k->key],
                        .urgency = (nf_urgency)(1 + rnd(4)),
                        .env = &envs[k->connection]};
    k->outcome = NF_OUTCOME_NONE;
    nf_run *run = nf_run_start(&pool, &spec, on_ended, k);
    if (k->outcome == NF_OUTCOME_NONE)
        k->run = run;
    CHECK(k->outcome == mine, "run %lld came and is %s", (long long)k->id,
          nf_outcome_name(k->outcome));
    for (size_t i = 0; i + 1 < count; i++)
        CHECK(all[i].outcome == expected[i], "run %lld is %s, expected was %s",
              (long long)all[i].id, nf_outcome_name(all[i].outcome), nf_outcome_name(expected[i]));
}

/* What dispatching does, without a worker. */
static void begin(void)
{
    nf_run *run = nf_ready_take(&pool.ready, 0);
    if (!run)
        return;
    nf_queued_remove(run);
    run->state = NF_RUN_ON_WORKER;
    run->attempts++;
    run->held_by = &somewhere;
    run->began_ns = 1;
    all[run->id - 1].begun = true;
}

static bool is_begun(const struct known *k)
{
    return k->begun;
}

static bool is_calm(const struct known *k)
{
    return k->begun && !k->unsafe;
}

static bool is_unsafe(const struct known *k)
{
    return k->unsafe;
}

static bool any(const struct known *k)
{
    return k->run != NULL;
}

static void end(bool (*fits)(const struct known *k), nf_outcome outcome)
{
    struct known *k = pick(fits);
    if (!k)
        return;
    k->unsafe = false;
    nf_run_end_with(k->run, outcome, "it ended");
    CHECK(k->outcome == outcome, "run %lld did not end", (long long)k->id);
}

static void begin_unsafe(void)
{
    struct known *k = pick(is_calm);
    if (!k || k->outdated)
        return;
    nf_pending *pending = calloc(1, sizeof *pending);
    pending->run = k->run;
    pending->action = &unsafe_action;
    pending->number = ++k->run->effects_seen;
    pending->where = (char *)"here";
    DL_APPEND(k->run->pending, pending);
    k->unsafe = true;
}

static void end_unsafe(void)
{
    struct known *k = pick(is_unsafe);
    if (!k)
        return;
    nf_run *run = k->run;
    nf_pending *pending = run->pending;
    DL_DELETE(run->pending, pending);
    free(pending);
    k->unsafe = false;
    bool outdated = k->outdated;
    nf_lane_effect_ended(run);
    CHECK((k->outcome == NF_OUTCOME_CANCELLED) == outdated, "run %lld is %s after its effect",
          (long long)k->id, nf_outcome_name(k->outcome));
}

/* The worker of a run has died; it starts again, before others of its class. */
static void lose_worker(void)
{
    struct known *k = pick(is_calm);
    if (!k || k->outdated)
        return;
    k->run->held_by = NULL;
    k->begun = false;
    nf_run_make_ready(k->run);
}

/* ---- what must hold ---- */

static bool past_key(const struct known *k)
{
    return k->run->passed > NF_AT_KEY;
}

static void check_lane(const struct known *k)
{
    nf_mode mode = handlers[k->handler].mode;
    unsigned past = 0, others = 0, limit = handlers[k->handler].concurrent_per_key;
    for (size_t i = 0; i < count; i++) {
        if (!all[i].run || !same_lane(&all[i], k))
            continue;
        past += past_key(&all[i]);
        others += &all[i] != k && !all[i].outdated;
        CHECK(mode != NF_MODE_QUEUE || !past_key(k) || all[i].id >= k->id,
              "run %lld of %s goes before run %lld", (long long)k->id, handlers[k->handler].name,
              (long long)all[i].id);
    }
    if (mode != NF_MODE_PARALLEL)
        CHECK(past == 1, "%u runs of a lane of %s are past its gate", past,
              handlers[k->handler].name);
    else
        CHECK(!limit || past <= limit, "%u runs of one key, allowed are %u", past, limit);
    if (mode == NF_MODE_LATEST || mode == NF_MODE_SINGLE)
        CHECK(others == 0 || k->outdated, "%u other runs live beside run %lld", others,
              (long long)k->id);
}

/* Who waits at a gate finds it full: nobody was forgotten. And what a gate counts is what lives. */
static void check_gates(void)
{
    size_t inside[HANDLERS] = {0}, by_connection[CONNECTIONS] = {0}, waiting = 0;
    for (size_t i = 0; i < count; i++) {
        const struct known *k = &all[i];
        if (!k->run)
            continue;
        waiting += !k->begun;
        inside[k->handler] += k->run->passed > NF_AT_HANDLER;
        by_connection[k->connection] += k->run->passed > NF_AT_CONNECTION;
    }
    CHECK(waiting == pool.waiting, "%u wait, %zu should", pool.waiting, waiting);
    for (size_t i = 0; i < count; i++) {
        const struct known *k = &all[i];
        if (!k->run || k->run->passed == NF_LEVELS)
            continue;
        const nf_gate *gate = k->run->places[k->run->passed].gate;
        unsigned limit = gate->ordered                     ? 1
                         : k->run->passed == NF_AT_KEY     ? handlers[k->handler].concurrent_per_key
                         : k->run->passed == NF_AT_HANDLER ? handlers[k->handler].concurrent
                                                           : PER_CONNECTION;
        CHECK(gate->inside == limit, "run %lld waits at %s although %u of %u are inside",
              (long long)k->id, gate->name, gate->inside, limit);
        CHECK(k->run->queue == &gate->waiting, "run %lld waits elsewhere", (long long)k->id);
    }
    for (int h = 0; h < HANDLERS; h++)
        CHECK(!handlers[h].concurrent || inside[h] <= handlers[h].concurrent, "%zu runs of %s",
              inside[h], handlers[h].name);
    for (int c = 0; c < CONNECTIONS; c++)
        CHECK(by_connection[c] <= PER_CONNECTION, "%zu runs of a connection", by_connection[c]);
}

static void check_all(void)
{
    for (size_t i = 0; i < count; i++) {
        if (all[i].run)
            check_lane(&all[i]);
    }
    check_gates();
}

static void set_up(void)
{
    const char *given = getenv("NF_SEED");
    seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    state_of_random = seed;
    pool.tenant = (char *)"t";
    pool.begun = nf_window_new(60000);
    pool.allowed = nf_allowed_standard();
    pool.allowed.tenant.of[NF_CAP_CONCURRENT_RUNS] = 0; /* the test begins them */
    pool.allowed.tenant.of[NF_CAP_RUNS_PER_CONNECTION] = PER_CONNECTION;
    for (int c = 0; c < CONNECTIONS; c++)
        envs[c].nimbus = (nf_nimbus *)(void *)&envs[c];
    for (int h = 0; h < HANDLERS; h++) {
        handlers[h].version = &version;
        handlers[h].trigger = &trigger;
    }
}

static void test_against_a_list(void **state)
{
    (void)state;
    set_up();
    print_message("NF_SEED=%llu\n", (unsigned long long)seed);
    for (int i = 0; i < OPERATIONS / 10; i++) {
        unsigned what = rnd(20);
        if (what < 7 && live() < MOST_LIVE)
            come();
        else if (what < 12)
            begin();
        else if (what < 16)
            end(is_begun, NF_OUTCOME_DONE);
        else if (what == 16)
            end(any, NF_OUTCOME_CANCELLED);
        else if (what == 17)
            begin_unsafe();
        else if (what == 18)
            end_unsafe();
        else
            lose_worker();
        check_all();
    }
    while (live()) {
        begin();
        end(any, NF_OUTCOME_DONE);
        check_all();
    }
    CHECK(!pool.gates && !pool.ready.count && !pool.waiting, "something is left over");
    CHECK(version.refs == 1, "%u references to the version are left", version.refs);
    CHECK(nf_pool_shed_count(&pool, NF_SHED_OUTDATED) > 0
              && nf_pool_shed_count(&pool, NF_SHED_OCCUPIED) > 0,
          "nothing was shed: the test tests nothing");
}

/* Open runs of before a restart come in any order, since old versions load as long as they like. */
static void test_after_a_restart(void **state)
{
    enum { OPEN = 60 };
    int64_t ids[OPEN];
    (void)state;
    count = 0;
    nf_pool_gather(&pool);
    for (int i = 0; i < OPEN; i++) {
        int at = (int)rnd((unsigned)i + 1);
        ids[i] = ids[at];
        ids[at] = i + 1;
        all[i] = (struct known){.id = i + 1, .handler = i % 3};
    }
    for (int i = 0; i < OPEN; i++) {
        struct known *k = &all[ids[i] - 1];
        nf_run_spec spec = {
            .id = k->id, .handler = &handlers[k->handler], .partition = "a", .env = &envs[0]};
        nf_run *run = nf_run_start(&pool, &spec, on_ended, k);
        k->run = k->outcome == NF_OUTCOME_NONE ? run : NULL;
    }
    count = OPEN;
    assert_null(nf_ready_first(&pool.ready, 0)); /* nobody starts before all are there */
    nf_pool_go(&pool);
    for (int i = 0; i < OPEN; i++) {
        const struct known *k = &all[i];
        nf_outcome want = NF_OUTCOME_NONE;
        if (handlers[k->handler].mode == NF_MODE_LATEST && k->id <= OPEN - 3)
            want = NF_OUTCOME_CANCELLED;
        if (handlers[k->handler].mode == NF_MODE_SINGLE && k->id > 3)
            want = NF_OUTCOME_SKIPPED;
        CHECK(k->outcome == want, "run %lld is %s", (long long)k->id, nf_outcome_name(k->outcome));
        if (k->run)
            check_lane(k);
    }
    check_gates();
    for (int64_t before = 0; pool.ready.count;) { /* the queue goes on in the order of its ids */
        nf_run *run = nf_ready_first(&pool.ready, 0);
        bool queue = run->handler == &handlers[0];
        CHECK(!queue || run->id > before, "run %lld goes after run %lld", (long long)run->id,
              (long long)before);
        before = queue ? run->id : before;
        begin();
        end(is_begun, NF_OUTCOME_DONE);
    }
    CHECK(!live() && !pool.gates, "something is left over");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_against_a_list),
                                       cmocka_unit_test(test_after_a_restart)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
