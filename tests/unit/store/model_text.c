/* SPDX-License-Identifier: Apache-2.0 */
/* model_text.c: model and store as lines, to be compared. Runs by id, then what is kept by name. */
#include "model.h"

/* ---- the model ---- */

static void run_text(const model *m, const model_run *run, nf_strbuf *out)
{
    nf_strbuf_addf(out, "run %lld of %lld outcome %u state %u wake %lld duplicates %u",
                   (long long)run->id, (long long)m->event_id[run->event], run->outcome, run->state,
                   (long long)(run->state == 1 ? run->wake_ms : 0), m->duplicates[run->event]);
    for (uint32_t i = 0; i < run->entries; i++)
        nf_strbuf_addf(out, " %u:%u:%llu", i + 1, run->entry_state[i],
                       (unsigned long long)run->entry_number[i]);
    nf_strbuf_puts(out, "\n");
}

void model_text(const model *m, nf_strbuf *out)
{
    for (size_t i = 0; i < m->event_count; i++)
        nf_strbuf_addf(out, "event %lld\n", (long long)m->event_id[i]);
    for (size_t i = 0; i < m->run_count; i++)
        run_text(m, &m->runs[i], out);
    for (size_t i = 0; i < MODEL_KEYS; i++) {
        if (m->kv[i])
            nf_strbuf_addf(out, "key-%02zu=%llu\n", i, (unsigned long long)m->kv[i]);
    }
    for (size_t i = 0; i < MODEL_SUBSCRIPTIONS; i++) {
        if (m->subscriptions[i])
            nf_strbuf_addf(out, "subscription %zu {\"op\":%llu}\n", i + 1,
                           (unsigned long long)m->subscriptions[i]);
    }
    for (size_t i = 0; i < MODEL_SCHEDULES; i++) {
        if (m->schedules[i])
            nf_strbuf_addf(out, "schedule-%zu=%llu\n", i, (unsigned long long)m->schedules[i]);
    }
}

/* ---- a store ---- */

static void on_event(void *ctx, const nf_event_row *event)
{
    nf_strbuf_addf(ctx, "event %lld\n", (long long)event->id);
}

static void on_entry(void *ctx, const nf_entry_row *row)
{
    nf_strbuf_addf(ctx, " %u:%u:%.*s", row->number, (unsigned)row->state, (int)row->len,
                   row->result);
}

static unsigned outcome_number(const char *name)
{
    for (int i = 0; i < NF_OUTCOME_COUNT; i++) {
        if (strcmp(nf_outcome_name((nf_outcome)i), name) == 0)
            return (unsigned)i;
    }
    fail_msg("outcome '%s'", name);
    return 0;
}

static int64_t number_in(const json_t *row, const char *name)
{
    return json_integer_value(json_object_get(row, name));
}

static unsigned state_number(const char *name)
{
    return strcmp(name, "sleeping") == 0 ? 1 : strcmp(name, "held") == 0 ? 2 : 0;
}

static void stored_run(world *w, const json_t *row, nf_strbuf *out)
{
    nf_parked parked = {0};
    nf_error err = {0};
    int64_t id = number_in(row, "id");
    unsigned outcome = outcome_number(json_string_value(json_object_get(row, "outcome"))),
             state = state_number(json_string_value(json_object_get(row, "state")));
    assert_int_equal(outcome ? NF_E_NOT_FOUND : NF_OK,
                     nf_store_find_open(w->store, id, &parked, NULL, NULL, &err));
    nf_strbuf_addf(out, "run %lld of %lld outcome %u state %u wake %lld duplicates %lld",
                   (long long)id, (long long)number_in(row, "event"), outcome, state,
                   (long long)parked.wake_ms, (long long)number_in(row, "duplicates"));
    assert_int_equal(NF_OK, nf_store_each_entry(w->store, id, on_entry, out, NULL));
    nf_strbuf_puts(out, "\n");
}

/* The pages of a query come with the newest first; lines are wanted with the oldest first. */
static void stored_runs(world *w, nf_strbuf *out)
{
    static char *lines[MODEL_RUNS];
    size_t count = 0, i;
    int64_t before = 0;
    json_t *row, *page;
    do {
        page = json_incref(world_query(w, (nf_run_query){.limit = 1000, .before = before}));
        json_array_foreach (page, i, row) {
            nf_strbuf line = nf_strbuf_new(4096);
            before = number_in(row, "id");
            stored_run(w, row, &line);
            lines[count++] = nf_strbuf_take(&line);
        }
        i = json_array_size(page);
        json_decref(page);
    } while (i > 0);
    while (count > 0) {
        nf_strbuf_puts(out, lines[--count]);
        free(lines[count]);
    }
}

static void on_value(void *ctx, const char *key, const char *value, size_t len, int64_t expires_ms)
{
    assert_int_equal(0, expires_ms);
    nf_strbuf_addf(ctx, "%s=%.*s\n", key, (int)len, value);
}

static void on_subscription(void *ctx, const nf_subscription_row *row)
{
    nf_strbuf_addf(ctx, "subscription %lld %s\n", (long long)row->id, row->filter);
}

struct due {
    int64_t of[MODEL_SCHEDULES];
};

static void on_schedule(void *ctx, const char *handler, int64_t due_ms)
{
    struct due *due = ctx;
    due->of[handler[strlen("schedule-")] - '0'] = due_ms;
}

/* What a start would take up must be what the list of runs says. */
static void on_open_run(void *ctx, const nf_run_row *run, const nf_event_row *event)
{
    nf_strbuf *out = ctx;
    char line[100], body[32];
    snprintf(line, sizeof line, "run %lld of %lld outcome 0 state 0 ", (long long)run->id,
             (long long)event->id);
    if (!strstr(nf_strbuf_text(out), line))
        fail_msg("a start would take up run %lld, which is not open", (long long)run->id);
    snprintf(body, sizeof body, "{\"op\":");
    assert_int_equal(0, strncmp(event->body, body, strlen(body)));
}

static void on_due(void *ctx, const nf_run_row *run, const nf_event_row *event)
{
    char line[100];
    snprintf(line, sizeof line, "run %lld of %lld outcome 0 state 1 ", (long long)run->id,
             (long long)event->id);
    if (!strstr(nf_strbuf_text(ctx), line))
        fail_msg("run %lld would be woken, but does not sleep", (long long)run->id);
}

static size_t times(const char *text, const char *part)
{
    size_t n = 0;
    for (const char *at = text; (at = strstr(at, part)); at++)
        n++;
    return n;
}

static void check_starts(world *w, nf_strbuf *out)
{
    nf_sleeper after = {0};
    size_t due = 0;
    assert_int_equal(NF_OK,
                     nf_store_each_open_run(w->store, "acme", 0, UINT_MAX, on_open_run, out, NULL));
    assert_int_equal(
        NF_OK, nf_store_each_due(w->store, INT64_MAX, &after, MODEL_RUNS, on_due, out, &due, NULL));
    assert_int_equal(times(nf_strbuf_text(out), " outcome 0 state 1 "), due);
}

void store_text(world *w, nf_strbuf *out)
{
    struct due due = {{0}};
    assert_int_equal(NF_OK, nf_store_each_recent(w->store, 0, on_event, out, NULL));
    stored_runs(w, out);
    assert_int_equal(NF_OK, nf_store_each_kv(w->store, "acme", on_value, out, NULL));
    assert_int_equal(NF_OK, nf_store_each_subscription(w->store, on_subscription, out, NULL));
    assert_int_equal(NF_OK, nf_store_each_schedule(w->store, "acme", on_schedule, &due, NULL));
    for (size_t i = 0; i < MODEL_SCHEDULES; i++) {
        if (due.of[i])
            nf_strbuf_addf(out, "schedule-%zu=%lld\n", i, (long long)due.of[i]);
    }
    check_starts(w, out);
}
