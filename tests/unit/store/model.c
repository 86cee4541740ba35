/* SPDX-License-Identifier: Apache-2.0 */
/* model.c: see model.h. Rows are made from their numbers, so that model and store need not keep texts. */
#include "model.h"

static const char *const handlers[] = {"plain", "creates", "sleeps"};

uint64_t model_draw(model *m, uint64_t below)
{
    m->random += 0x9E3779B97F4A7C15u; /* splitmix64 */
    uint64_t z = m->random;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (z ^ (z >> 31)) % below;
}

/* A run without an end, if a few tries find one; they are likely among the newest. */
static model_run *open_run(model *m, size_t *index)
{
    for (int i = 0; i < 20 && m->run_count; i++) {
        uint64_t span = m->run_count < 60 ? m->run_count : 60;
        *index = m->run_count - 1 - (size_t)model_draw(m, model_draw(m, 3) ? span : m->run_count);
        if (!m->runs[*index].outcome)
            return &m->runs[*index];
    }
    return NULL;
}

static model_op for_run(model *m, model_op op)
{
    const model_run *run = open_run(m, &op.target);
    if (!run || (op.kind == OP_ENTRY && (run->state || run->entries == MODEL_ENTRIES)))
        op.kind = OP_KV;
    else if ((op.kind == OP_SLEEP || op.kind == OP_HOLD) && run->state)
        op.kind = OP_UNPARK;
    else if (op.kind == OP_UNPARK && !run->state)
        op.kind = OP_END;
    if (op.kind == OP_END)
        op.value = 1 + (unsigned)model_draw(m, 3);
    if (op.kind == OP_ENTRY) {
        /* the newest is replaced while it is an intent */
        bool again = run->entries && run->entry_state[run->entries - 1] == NF_ENTRY_INTENT;
        op.entry = run->entries + !again;
        op.value = again ? NF_ENTRY_RESULT : 1 + (unsigned)model_draw(m, 4);
    }
    return op;
}

model_op model_next(model *m)
{
    static const model_kind likely[] = {
        OP_EVENT,     OP_EVENT, OP_EVENT, OP_END,          OP_END,     OP_END,    OP_END,
        OP_ENTRY,     OP_ENTRY, OP_ENTRY, OP_ENTRY,        OP_SLEEP,   OP_UNPARK, OP_HOLD,
        OP_DUPLICATE, OP_KV,    OP_KV,    OP_SUBSCRIPTION, OP_SCHEDULE};
    model_op op = {.number = m->ops + 1};
    op.kind = likely[model_draw(m, sizeof likely / sizeof likely[0])];
    if (op.kind == OP_DUPLICATE && m->event_count)
        op.target = (size_t)model_draw(m, m->event_count);
    else if (op.kind == OP_DUPLICATE)
        op.kind = OP_EVENT;
    else if (op.kind >= OP_END && op.kind <= OP_UNPARK)
        op = for_run(m, op);
    if (op.kind == OP_EVENT)
        op.runs = (unsigned)model_draw(m, 4);
    if (op.kind == OP_KV)
        op.target = (size_t)model_draw(m, MODEL_KEYS);
    if (op.kind == OP_SUBSCRIPTION)
        op.target = (size_t)model_draw(m, MODEL_SUBSCRIPTIONS);
    if (op.kind == OP_SCHEDULE)
        op.target = (size_t)model_draw(m, MODEL_SCHEDULES);
    if (op.kind == OP_KV || op.kind == OP_SUBSCRIPTION)
        op.value = (unsigned)model_draw(m, 4);
    return op;
}

static void add_event(model *m, const model_op *op)
{
    size_t event = m->event_count++;
    m->event_id[event] = ++m->ids;
    for (unsigned i = 0; i < op->runs; i++)
        m->runs[m->run_count++] = (model_run){.id = ++m->ids, .event = event};
}

void model_apply(model *m, const model_op *op)
{
    model_run *run = &m->runs[op->target < MODEL_RUNS ? op->target : 0];
    m->ops = op->number;
    switch (op->kind) {
    case OP_EVENT:
        add_event(m, op);
        break;
    case OP_DUPLICATE:
        m->duplicates[op->target]++;
        break;
    case OP_END:
        *run = (model_run){.id = run->id, .event = run->event, .outcome = op->value};
        break;
    case OP_ENTRY:
        run->entries = op->entry;
        run->entry_state[op->entry - 1] = op->value;
        run->entry_number[op->entry - 1] = op->number;
        break;
    case OP_SLEEP:
    case OP_HOLD:
        run->state = op->kind == OP_SLEEP ? 1 : 2;
        run->wake_ms = op->kind == OP_SLEEP ? (int64_t)(1000 + op->number % 7) : 0;
        break;
    case OP_UNPARK:
        run->state = 0;
        break;
    case OP_KV:
        m->kv[op->target] = op->value ? op->number : 0;
        break;
    case OP_SUBSCRIPTION:
        m->subscriptions[op->target] = op->value ? op->number : 0;
        break;
    default:
        m->schedules[op->target] = op->number;
    }
}

/* ---- the same with a store ---- */

/* Borrowed until the write is durable; a test need not find out when that is. */
static char *text_of(const char *format, ...) __attribute__((format(printf, 1, 2)));
static char *text_of(const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    assert_true(vasprintf(&text, format, args) > 0);
    va_end(args);
    return text;
}

static void issue_event(const model *m, const model_op *op, nf_store *store, nf_store_done *done,
                        void *ctx)
{
    nf_event_row *event = calloc(1, sizeof *event);
    nf_run_row *runs = calloc(op->runs + 1, sizeof *runs);
    *event = event_row(m->ids + 1, text_of("{\"op\":%llu}", (unsigned long long)op->number));
    for (unsigned i = 0; i < op->runs; i++) {
        runs[i] = run_row(m->ids + 2 + i, event->id);
        runs[i].handler = handlers[(m->ids + 2 + i) % 3];
    }
    nf_store_add_event(store, event, runs, op->runs, done, ctx);
}

static void issue_entry(const model *m, const model_op *op, nf_store *store, nf_store_done *done,
                        void *ctx)
{
    char *result = text_of("%llu", (unsigned long long)op->number);
    nf_entry_row row = {.run = m->runs[op->target].id,
                        .number = op->entry,
                        .action = "nimbus.tasks.update",
                        .state = (nf_entry_state)op->value,
                        .turn = op->entry,
                        .args = "{}",
                        .args_len = 2,
                        .line = "\"n\":1",
                        .line_len = 5,
                        .result = result,
                        .len = strlen(result)};
    nf_store_put_entry(store, &row, NULL, done, ctx);
}

static void issue_subscription(const model_op *op, nf_store *store, nf_store_done *done, void *ctx)
{
    nf_subscription_row row = {.id = (int64_t)op->target + 1,
                               .tenant = "acme",
                               .connection = "nimbus",
                               .trigger = "a.on",
                               .filter = text_of("{\"op\":%llu}", (unsigned long long)op->number),
                               .callback = "http://x",
                               .location = ""};
    if (op->value)
        nf_store_put_subscription(store, &row, done, ctx);
    else
        nf_store_drop_subscription(store, row.id, done, ctx);
}

static void issue_kv(const model_op *op, nf_store *store, nf_store_done *done, void *ctx)
{
    nf_kv_row row = {.tenant = "acme", .key = text_of("key-%02zu", op->target)};
    row.value = op->value ? text_of("%llu", (unsigned long long)op->number) : NULL;
    row.len = op->value ? strlen(row.value) : 0;
    nf_store_put_kv(store, &row, done, ctx);
}

static void issue_parking(const model *m, const model_op *op, nf_store *store, nf_store_done *done,
                          void *ctx)
{
    nf_parking parking = {.run = m->runs[op->target].id, .attempts = 1};
    parking.wake_ms = op->kind == OP_SLEEP ? (int64_t)(1000 + op->number % 7) : 0;
    parking.number = op->kind == OP_HOLD;
    parking.reason = op->kind == OP_HOLD ? "why" : "";
    nf_store_park_run(store, &parking, done, ctx);
}

void model_issue(const model *m, const model_op *op, nf_store *store, nf_store_done *done,
                 void *ctx)
{
    nf_run_end end;
    switch (op->kind) {
    case OP_EVENT:
        issue_event(m, op, store, done, ctx);
        break;
    case OP_DUPLICATE:
        nf_store_add_duplicate(store, m->event_id[op->target], done, ctx);
        break;
    case OP_END:
        end = end_row(m->runs[op->target].id, (nf_outcome)op->value, "{}");
        nf_store_end_run(store, &end, done, ctx);
        break;
    case OP_ENTRY:
        issue_entry(m, op, store, done, ctx);
        break;
    case OP_SLEEP:
    case OP_HOLD:
        issue_parking(m, op, store, done, ctx);
        break;
    case OP_UNPARK: /* these two report nothing */
        nf_store_unpark_run(store, m->runs[op->target].id);
        break;
    case OP_KV:
        issue_kv(op, store, done, ctx);
        break;
    case OP_SUBSCRIPTION:
        issue_subscription(op, store, done, ctx);
        break;
    default:
        nf_store_put_schedule(store, "acme", text_of("schedule-%zu", op->target),
                              (int64_t)op->number);
    }
}
