/* SPDX-License-Identifier: Apache-2.0 */
/* Was the context there at pickup: what counts, what does not, and that memory is bounded. */
#include "tenant/pickup.h"

#include "unit.h"

static const nf_filter filters[] = {{.name = "services", .field = "service"},
                                    {.name = "events", .field = "event"},
                                    {.name = "modalities", .field = "modality"},
                                    {0}};
static const nf_urgency_rule rules[] = {
    {"modality", "Mail", NF_URGENCY_MAIL}, {"event", "Taken", NF_URGENCY_CHAT}, {0}};
static const char *const taken[] = {"Taken", NULL}, *const over[] = {"Over", NULL};
static const nf_param no_fields[] = {{0}};
static const nf_trigger trigger = {.name = "t.on",
                                   .filters = filters,
                                   .event = no_fields,
                                   .partition = "task",
                                   .owner = "service",
                                   .urgency = NF_URGENCY_CALL,
                                   .rules = rules,
                                   .state = "event",
                                   .taken = taken,
                                   .over = over};

static void come(nf_pickup *p, const char *task, const char *what, const char *modality,
                 const char *service)
{
    char text[256];
    nf_event *event = NULL;
    nf_error err = {0};
    int len = snprintf(text, sizeof text,
                       "{\"task\":\"%s\",\"event\":\"%s\",\"modality\":\"%s\",\"service\":\"%s\"}",
                       task, what, modality, service);
    assert_int_equal(NF_OK, nf_event_read(&trigger, text, (size_t)len, &event, &err));
    nf_pickup_event(p, event);
    nf_event_unref(event);
}

static void check(const nf_pickup *p, const char *want)
{
    json_t *list = nf_pickup_json(p);
    char *text = json_dumps(list, JSON_COMPACT);
    assert_string_equal(want, text);
    free(text);
    json_decref(list);
}

static void what_counts(void **state)
{
    nf_pickup *p = nf_pickup_new();
    (void)state;
    come(p, "in time", "Began", "Audio", "a");
    nf_pickup_context(p, "in time");
    nf_pickup_context(p, "in time");
    come(p, "in time", "Taken", "Audio", "a");
    come(p, "in time", "Taken", "Audio", "a"); /* the same, for another subscription */
    come(p, "late", "Began", "Audio", "a");
    come(p, "late", "TAKEN", "Audio", "a");
    nf_pickup_context(p, "late");
    nf_pickup_context(p, "late");
    come(p, "never", "Began", "Audio", "a");
    come(p, "never", "Taken", "Audio", "a");
    come(p, "not heard of before", "Taken", "Audio", "a");
    come(p, "mail", "Began", "Mail", "a");
    come(p, "mail", "Taken", "Mail", "a");
    come(p, "not taken", "Began", "Audio", "b");
    nf_pickup_context(p, "not taken");
    nf_pickup_context(p, "unknown");
    come(p, "moved", "Began", "Audio", "b");
    come(p, "moved", "Began", "Audio", "c");
    come(p, "moved", "Taken", "Audio", "c");
    check(p, "[{\"service\":\"a\",\"taken\":3,\"with_context\":1,\"late\":1,\"percent\":33},"
             "{\"service\":\"c\",\"taken\":1,\"with_context\":0,\"late\":0,\"percent\":0}]");
    assert_false(nf_pickup_over(p, "late"));
    come(p, "late", "Over", "Audio", "a");
    assert_true(nf_pickup_over(p, "late"));
    assert_false(nf_pickup_over(p, "unknown"));
    nf_pickup_free(p);
}

static void memory_is_bounded(void **state)
{
    nf_pickup *p = nf_pickup_new();
    char task[32], service[32];
    (void)state;
    come(p, "first", "Over", "Audio", "a");
    come(p, "heard of again", "Over", "Audio", "a");
    for (int i = 0; i < NF_PICKUP_TASKS; i++) {
        snprintf(task, sizeof task, "t%d", i);
        snprintf(service, sizeof service, "s%d", i);
        come(p, task, "Began", "Audio", service);
        if (i == NF_PICKUP_TASKS / 2)
            come(p, "heard of again", "Over", "Audio", "a");
    }
    assert_false(nf_pickup_over(p, "first"));
    assert_true(nf_pickup_over(p, "heard of again"));
    come(p, "t19999", "Taken", "Audio", "s19999");
    check(p, "[{\"service\":\"\",\"taken\":1,\"with_context\":0,\"late\":0,\"percent\":0}]");
    nf_pickup_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_counts),
                                       cmocka_unit_test(memory_is_bounded)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
