/* SPDX-License-Identifier: Apache-2.0 */
/* test_event.c: what the host reads of a notification, and which deliveries are repetitions. */
#include "tenant/dedupe.h"
#include "tenant/listener.h"

#include "unit.h"

static const nf_filter filters[] = {
    {"services", "serviceUPN", "services", "/s", true, "services", NULL},
    {"events", "event", "taskEvents", "/e", true, "events", NULL},
    {0},
};
static const nf_trigger trigger = {.name = "a.on",
                                   .source = NF_FROM_NIMBUS,
                                   .filters = filters,
                                   .partition = "taskId",
                                   .repeats = "updatedParameterName"};

static nf_event *read_event(const char *body)
{
    nf_event *event = NULL;
    nf_error err = {0};
    if (nf_event_read(&trigger, body, strlen(body), &event, &err) != NF_OK)
        fail_msg("%s: %s", body, err.text);
    return event;
}

static void fields(void **state)
{
    (void)state;
    nf_event *e = read_event(
        "{\"TaskID\":\"t\\u0031\",\"event\":\"Queued\",\"more\":{\"taskId\":\"inner\"},\"serviceupn\":\"s\"}");
    assert_string_equal("t1", e->partition);
    assert_string_equal("s", e->values[0]);
    assert_string_equal("Queued", e->values[1]);
    assert_false(e->repeats);
    nf_event_unref(nf_event_ref(e));
    nf_event_unref(e);
    e = read_event(
        "{\"taskId\":\"a\",\"taskId\":\"b\",\"event\":7,\"serviceUPN\":null,\"updatedParameterName\":\"x\"}");
    assert_string_equal("b", e->partition);
    assert_null(e->values[0]);
    assert_null(e->values[1]);
    assert_true(e->repeats);
    nf_event_unref(e);
    e = read_event("{\"taskId\":\"a\",\"taskId\":null,\"updatedParameterName\":\"\"}");
    assert_null(e->partition);
    assert_false(e->repeats);
    nf_event_unref(e);
    nf_event_unref(read_event("{}"));
}

static void long_values(void **state)
{
    (void)state;
    char body[4096], value[2000];
    memset(value, 'v', sizeof value);
    value[sizeof value - 1] = '\0';
    snprintf(body, sizeof body, "{\"taskId\":\"%s\",\"event\":\"e\"}", value);
    nf_event *e = read_event(body);
    assert_null(e->partition);
    assert_string_equal("e", e->values[1]);
    nf_event_unref(e);
}

static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *body, *error;
    } cases[] = {
        {"", "line 1, column 1"},
        {"[]", "line 1, column 2: a JSON object is expected"},
        {"\"x\"", "a JSON object"},
        {"{\"a\":1", "line 1, column 7"},
        {"{\n\"a\":x}", "line 2, column 5"},
        {"{} {}", "line 1, column 4"},
        {"{\"taskId\":[1,}}", "line 1"},
        {"{\"taskId\":\"\xff\"}", "line 1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nf_event *event = NULL;
        nf_error err = {0};
        assert_int_equal(NF_E_PARSE, nf_event_read(&trigger, cases[i].body, strlen(cases[i].body),
                                                   &event, &err));
        assert_contains(err.text, cases[i].error);
        assert_null(event);
    }
}

static nf_event *arrives(const char *body, int64_t id, int64_t subscription, int64_t at_ms)
{
    nf_event *event = read_event(body);
    event->row.id = id;
    event->row.subscription = subscription;
    event->row.received_ms = at_ms;
    return event;
}

/* What it repeats (0: nothing); it is remembered then. */
static int64_t deliver(nf_dedupe *dedupe, const char *body, int64_t id, int64_t subscription,
                       int64_t at_ms)
{
    nf_event *event = arrives(body, id, subscription, at_ms);
    int64_t first = nf_dedupe_find(dedupe, event);
    if (!first)
        nf_dedupe_add(dedupe, event);
    nf_event_unref(event);
    return first;
}

static void repetitions(void **state)
{
    (void)state;
    nf_dedupe *dedupe = nf_dedupe_new();
    assert_int_equal(0, deliver(dedupe, "{\"taskId\":\"1\"}", 1, 1, 1000));
    assert_int_equal(1, deliver(dedupe, "{\"taskId\":\"1\"}", 2, 1, 2000));
    assert_int_equal(0,
                     deliver(dedupe, "{\"taskId\":\"1\"}", 3, 2, 2000)); /* another subscription */
    assert_int_equal(0, deliver(dedupe, "{\"taskId\":\"2\"}", 4, 1, 2000));
    assert_int_equal(1, deliver(dedupe, "{\"taskId\":\"1\"}", 5, 1, 1000 + NF_DEDUPE_MS));
    assert_int_equal(0, deliver(dedupe, "{\"taskId\":\"1\"}", 6, 1,
                                1001 + NF_DEDUPE_MS)); /* the window is over */
    assert_int_equal(6, deliver(dedupe, "{\"taskId\":\"1\"}", 7, 1, 1002 + NF_DEDUPE_MS));
    nf_dedupe_free(dedupe);
}

#define UPDATE(value)                                                                              \
    "{\"taskId\":\"1\",\"updatedParameterName\":\"P\",\"updatedParameterValue\":\"" value "\"}"

static void parameter_updates(void **state)
{
    (void)state;
    nf_dedupe *dedupe = nf_dedupe_new();
    assert_int_equal(0, deliver(dedupe, UPDATE("on"), 1, 1, 1000));
    assert_int_equal(1, deliver(dedupe, UPDATE("on"), 2, 1, 1001)); /* the same delivery again */
    assert_int_equal(0, deliver(dedupe, UPDATE("off"), 3, 1, 1002));
    assert_int_equal(0, deliver(dedupe, UPDATE("on"), 4, 1, 1003)); /* on, off, on: three updates */
    assert_int_equal(4, deliver(dedupe, UPDATE("on"), 5, 1, 1004));
    assert_int_equal(0, deliver(dedupe, "{\"taskId\":\"1\",\"event\":\"Queued\"}", 6, 1, 1005));
    assert_int_equal(
        0, deliver(dedupe, UPDATE("on"), 7, 1, 1006)); /* another event of the task came between */
    nf_dedupe_free(dedupe);
}

static void forgotten_and_remembered(void **state)
{
    (void)state;
    nf_dedupe *dedupe = nf_dedupe_new();
    nf_event *event = arrives("{\"taskId\":\"1\"}", 1, 1, 1000);
    nf_dedupe_add(dedupe, event);
    nf_dedupe_forget(dedupe, event);
    assert_int_equal(0, nf_dedupe_find(dedupe, event));
    nf_dedupe_forget(dedupe, event);
    nf_dedupe_add_row(dedupe, &event->row); /* as after a restart */
    assert_int_equal(1, nf_dedupe_find(dedupe, event));
    nf_event_unref(event);
    nf_dedupe_free(dedupe);
    nf_dedupe_free(NULL);
}

static bool fits(const char *filter_json, const char *body)
{
    json_t *wanted = json_loads(filter_json, 0, NULL);
    nf_handler handler = {.name = "h", .trigger = &trigger, .filters = wanted};
    nf_event *event = read_event(body);
    bool result = nf_handler_fits(&handler, event);
    nf_event_unref(event);
    json_decref(wanted);
    return result;
}

static void handlers_as_written(void **state)
{
    (void)state;
    static const char both[] =
        "{\"services\":[\"A@x\"],\"events\":[\"System Accepted\",\"Queued\"]}";
    assert_true(fits(both, "{\"serviceUPN\":\"a@x\",\"event\":\"SystemAccepted\"}"));
    assert_true(fits(both, "{\"serviceUPN\":\"a@x\",\"event\":\"queued\"}"));
    assert_false(fits(both, "{\"serviceUPN\":\"b@x\",\"event\":\"Queued\"}"));
    assert_false(fits(both, "{\"serviceUPN\":\"a@x\",\"event\":\"Created\"}"));
    assert_false(fits(both, "{\"event\":\"Queued\"}"));
    assert_true(fits("{\"services\":[\"*\"]}", "{}"));
    assert_true(fits("{}", "{\"event\":\"anything\"}"));
    assert_false(fits("{\"events\":[]}", "{\"event\":\"anything\"}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields),
        cmocka_unit_test(long_values),
        cmocka_unit_test(refused),
        cmocka_unit_test(repetitions),
        cmocka_unit_test(parameter_updates),
        cmocka_unit_test(forgotten_and_remembered),
        cmocka_unit_test(handlers_as_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
