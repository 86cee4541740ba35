/* SPDX-License-Identifier: Apache-2.0 */
/* test_registry.c: a binding that is described wrongly does not start, and the message says what is wrong. */
#include "act/registry.h"

#include "act/args.h"

#include "unit.h"

static const nf_param id_param[] = {{"id", NF_STRING, true, "id", NULL, 0, 0, 0}, {0}};
static const nf_param optional_id[] = {{"id", NF_STRING, false, "id", NULL, 0, 0, 0}, {0}};
static const nf_param no_doc[] = {{"id", NF_STRING, true, "", NULL, 0, 0, 0}, {0}};
static const nf_param no_fields[] = {{"id", NF_OBJECT, true, "id", NULL, 0, 0, 0}, {0}};
static const nf_param inner_no_doc[] = {{"id", NF_OBJECT, true, "id", no_doc, 0, 0, 0}, {0}};
static const nf_filter filters[] = {{"ids", "id", "ids", "/ids", true, "ids", NULL}, {0}};

static const nf_param retry_param[] = {{"id", NF_STRING, true, "id", NULL, 0, 0, 0},
                                       {"retry", NF_STRING, false, "retry", NULL, 0, 0, 0},
                                       {0}};
static const char *const other[] = {"other", NULL};
static const nf_verify by_id = {.path = "/x?id={id}", .mark = "id", .due = "id"};
static const nf_verify by_path = {.path = "/x?id={other}", .mark = "id"};
static const nf_verify by_mark = {.path = "/x", .mark = "other"};
static const nf_verify by_same = {.path = "/x", .mark = "id", .same = other};
static const nf_verify by_due = {.path = "/x", .mark = "id", .due = "other"};

static nf_action good_action(void)
{
    return (nf_action){.abi = NF_BINDING_ABI,
                       .name = "a.b",
                       .doc = "Does it.",
                       .params = id_param,
                       .operation = NF_OP_TASK_UPDATE,
                       .class = NF_SAFE,
                       .owner = NF_OWNER_TASK,
                       .scope_param = "id",
                       .method = "PUT",
                       .path = "/x/{id}"};
}

static nf_trigger good_trigger(void)
{
    return (nf_trigger){.abi = NF_BINDING_ABI,
                        .name = "a.on_b",
                        .doc = "Comes.",
                        .source = NF_FROM_PERSON,
                        .filters = filters,
                        .event = id_param};
}

static void check(const nf_action *action, const nf_trigger *trigger, const char *part)
{
    const nf_action *actions[] = {action, NULL};
    const nf_trigger *triggers[] = {trigger, NULL};
    nf_error err = {0};
    nf_status status = nf_registry_check(actions, triggers, &err);
    if (!part) {
        assert_int_equal(NF_OK, status);
        return;
    }
    assert_int_not_equal(NF_OK, status);
    assert_contains(err.text, part);
}

#define WRONG_ACTION(change, part)                                                                 \
    do {                                                                                           \
        nf_action a = good_action();                                                               \
        nf_trigger t = good_trigger();                                                             \
        a.change;                                                                                  \
        check(&a, &t, part);                                                                       \
    } while (0)
#define WRONG_TRIGGER(change, part)                                                                \
    do {                                                                                           \
        nf_action a = good_action();                                                               \
        nf_trigger t = good_trigger();                                                             \
        t.change;                                                                                  \
        check(&a, &t, part);                                                                       \
    } while (0)

static void actions(void **state)
{
    (void)state;
    WRONG_ACTION(name = "a.b", NULL);
    WRONG_ACTION(abi = NF_BINDING_ABI + 1, "another version of the binding interface");
    WRONG_ACTION(name = NULL, "(without a name)");
    WRONG_ACTION(name = "nodot", "'module.function'");
    WRONG_ACTION(doc = NULL, "a sentence with a full stop");
    WRONG_ACTION(doc = "no stop", "a sentence with a full stop");
    WRONG_ACTION(class = 0, "class and owner must be said");
    WRONG_ACTION(owner = 0, "class and owner must be said");
    WRONG_ACTION(operation = NF_OP_NONE, "must name its operation");
    WRONG_ACTION(operation = NF_OPERATIONS, "not one of nf/operation.h");
    WRONG_ACTION(operation = NF_OP_CONTACT_ADD, "owner and scope_param must say");
    WRONG_ACTION(operation = NF_OP_LOOKUP, "owner and scope_param must say");
    WRONG_ACTION(path = NULL, "either path or start");
    WRONG_ACTION(path = "/x/{other}", "must be a required parameter");
    WRONG_ACTION(path = "/x/{id", "a brace that is not closed");
    WRONG_ACTION(path = "/x{?id}", NULL);
    WRONG_ACTION(path = "/x/{id}{?other}", "{?…} in the path must be a parameter");
    WRONG_ACTION(path = "/x/{id}{?id,other}", "{?…} in the path must be a parameter");
    WRONG_ACTION(spoils = "/x/{other}", "must be a required parameter");
    WRONG_ACTION(method = NULL, "a path needs a method");
    WRONG_ACTION(body = "other", "body must be one of the parameters");
    WRONG_ACTION(keep_s = 60, "keep_s is for a GET with a parameter NF_REFRESH");
    WRONG_ACTION(destroys = true, "needs a parameter NF_CONFIRM");
    WRONG_ACTION(params = retry_param, "'retry' is a parameter of every action");
    WRONG_ACTION(verify = &by_id, NULL);
    WRONG_ACTION(verify = &by_id; a.class = NF_READ, "verify is for what changes something");
    WRONG_ACTION(verify = &by_path, "must be a required parameter");
    WRONG_ACTION(verify = &by_mark, "its mark, same and due are parameters");
    WRONG_ACTION(verify = &by_same, "its mark, same and due are parameters");
    WRONG_ACTION(verify = &by_due, "its mark, same and due are parameters");
    WRONG_ACTION(params = optional_id, "must be a required parameter");
    WRONG_ACTION(scope_param = "other", "scope_param must be one of the parameters");
    WRONG_ACTION(scope_param = NULL, "must name the argument that decides the rights");
    WRONG_ACTION(params = no_doc, "parameter 'id' has no documentation");
    WRONG_ACTION(params = no_fields, "needs fields exactly if it is an object");
    WRONG_ACTION(params = inner_no_doc, "parameter 'id' has no documentation");
    nf_param many[NF_ARGS_FIELDS + 2] = {{0}};
    for (int i = 0; i <= NF_ARGS_FIELDS; i++)
        many[i] = (nf_param){.name = "id", .type = NF_STRING, .required = true, .doc = "What."};
    WRONG_ACTION(params = many, "'id' and what follows are more than 64 parameters");
    many[NF_ARGS_FIELDS].name = NULL;
    WRONG_ACTION(params = many, NULL);
}

static void triggers(void **state)
{
    (void)state;
    WRONG_TRIGGER(abi = 0, "another version of the binding interface");
    WRONG_TRIGGER(name = "on_b", "'module.function'");
    WRONG_TRIGGER(doc = "no stop", "documentation with a full stop");
    WRONG_TRIGGER(filters = NULL, "filters and event fields must be said");
    WRONG_TRIGGER(event = NULL, "filters and event fields must be said");
    WRONG_TRIGGER(source = 0, "source, filters and event fields must be said");
    WRONG_TRIGGER(source = NF_FROM_NIMBUS,
                  "subscribe must be set exactly if events come from Nimbus");
    WRONG_TRIGGER(subscribe = "/v1/x", "subscribe must be set exactly if events come from Nimbus");
    WRONG_TRIGGER(source = NF_FROM_NIMBUS;
                  t.subscribe = "/v1/x", "a trigger of Nimbus must name its operation");
    WRONG_TRIGGER(source = NF_FROM_NIMBUS; t.subscribe = "/v1/x";
                  t.operation = NF_OP_TASK_UPDATE, "a trigger of Nimbus must name its operation");
    WRONG_TRIGGER(source = NF_FROM_NIMBUS; t.subscribe = "/v1/x";
                  t.operation = NF_OP_TASK_TRIGGER, NULL);
    WRONG_TRIGGER(options = no_doc, "parameter 'id' has no documentation");
    WRONG_TRIGGER(event = no_doc, "parameter 'id' has no documentation");
    static const char *const none[] = {NULL};
    static const nf_urgency_rule no_filter[] = {{"other", "x", NF_URGENCY_MAIL}, {0}},
                                 no_value[] = {{"id", NULL, NF_URGENCY_MAIL}, {0}},
                                 right[] = {{"id", "x", NF_URGENCY_MAIL}, {0}};
    WRONG_TRIGGER(urgency = NF_URGENCIES, "its urgency is not one of nf/binding.h");
    WRONG_TRIGGER(rules = no_filter, "needs the field of a filter, a value and an urgency");
    WRONG_TRIGGER(rules = no_value, "needs the field of a filter, a value and an urgency");
    WRONG_TRIGGER(rules = right, NULL);
    WRONG_TRIGGER(state = "other"; t.taken = t.over = none;
                  t.partition = "id", "state must be the field of a filter");
    WRONG_TRIGGER(state = "id"; t.taken = none;
                  t.partition = "id", "needs taken, over and partition");
    WRONG_TRIGGER(state = "id"; t.partition = NULL;
                  t.taken = t.over = none, "needs taken, over and partition");
    WRONG_TRIGGER(state = "id"; t.taken = t.over = none; t.partition = "id", NULL);
}

static void names_once(void **state)
{
    (void)state;
    nf_action a = good_action(), b = good_action();
    const nf_action *both[] = {&a, &b, NULL};
    const nf_trigger *none[] = {NULL};
    nf_error err = {0};
    assert_int_not_equal(NF_OK, nf_registry_check(both, none, &err));
    assert_contains(err.text, "binding a.b: the name is used twice");
    b.name = "a.c";
    assert_int_equal(NF_OK, nf_registry_check(both, none, NULL));
    assert_int_equal(2, nf_action_count(both));
}

static void found_and_described(void **state)
{
    (void)state;
    nf_action a = good_action();
    nf_trigger t = good_trigger();
    const nf_action *actions[] = {&a, NULL};
    const nf_trigger *triggers[] = {&t, NULL};
    assert_ptr_equal(&t, nf_trigger_find(triggers, "a.on_b"));
    assert_null(nf_trigger_find(triggers, "a.on"));
    char *text = nf_registry_surface(actions, triggers);
    json_t *surface = json_loads(text, 0, NULL);
    const json_t *action = json_array_get(json_object_get(surface, "actions"), 0);
    const json_t *trigger = json_array_get(json_object_get(surface, "triggers"), 0);
    assert_string_equal("a.b", json_string_value(json_object_get(action, "name")));
    assert_string_equal("ids",
                        json_string_value(json_array_get(json_object_get(trigger, "filters"), 0)));
    assert_true(strstr(json_string_value(json_object_get(trigger, "event")), "\"id\":true"));
    json_decref(surface);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(actions),
        cmocka_unit_test(triggers),
        cmocka_unit_test(names_once),
        cmocka_unit_test(found_and_described),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
