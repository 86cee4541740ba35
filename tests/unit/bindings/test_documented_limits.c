/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_documented_limits.c: every limit that Luware documents: at the limit an argument passes, one more is refused
 * with both numbers. A limit is one line below. Lengths are tried with characters of two bytes.
 *
 * In a path, [] is the item of a list, {name} and {value} are the parts of a map of names.
 */
#include "act/args.h"
#include "act/registry.h"
#include "unit.h"

#define CONTACT(name)                                                                              \
    {name, "externalId", 1, 128}, {name, "firstName", 0, 64}, {name, "lastName", 0, 64},           \
        {name, "displayName", 0, 256}, {name, "initials", 0, 16}, {name, "company", 0, 64},        \
        {name, "department", 0, 64}, {name, "jobTitle", 0, 128},                                   \
        {name, "userPrincipalName", 0, 128}, {name, "imAddresses[]", 0, 128},                      \
        {name, "emailAddresses[]", 0, 128}, {name, "businessPhones[]", 0, 32},                     \
        {name, "mobilePhones[]", 0, 32}, {name, "homePhones[]", 0, 32},                            \
        {name, "addresses[].street", 0, 1024}, {name, "addresses[].city", 0, 128},                 \
        {name, "addresses[].country", 0, 128}, {name, "addresses[].state", 0, 128},                \
        {name, "addresses[].postalCode", 0, 40}, {name, "customFields{name}", 1, 64},              \
    {                                                                                              \
        name, "customFields{value}", 0, 1024                                                       \
    }
#define CONTACT_LISTS(name)                                                                        \
    {name, "imAddresses", 0, 10}, {name, "emailAddresses", 0, 10},                                 \
        {name, "businessPhones", 0, 10}, {name, "mobilePhones", 0, 10},                            \
        {name, "homePhones", 0, 10}, {name, "addresses", 0, 10},                                   \
    {                                                                                              \
        name, "customFields", 0, 20                                                                \
    }
#define ENTRY(name)                                                                                \
    {name, "maxAttempts", 1, 10},                                                                  \
    {                                                                                              \
        name, "attemptTimeoutInSeconds", 30, 86400                                                 \
    }
#define QUEUED(name)                                                                               \
    {name, "maxQueueTimeInSeconds", 5, 3600},                                                      \
    {                                                                                              \
        name, "ronaTimeoutInSeconds", 5, 30                                                        \
    }
#define PARAMETER(name, field)                                                                     \
    {name, field "{name}", 1, 64},                                                                 \
    {                                                                                              \
        name, field "{value}", 0, 5120                                                             \
    }

struct limit {
    const char *action, *path;
    int least, most;
};

static const struct limit lengths[] = {
    PARAMETER("nimbus.tasks.update", "customContextParameters"),
    PARAMETER("nimbus.external_tasks.add", "customContextParameters"),
    PARAMETER("nimbus.scheduler.create", "customCallContextParameters"),
    PARAMETER("nimbus.scheduler.update", "customCallContextParameters"),
    PARAMETER("nimbus.outbound.create", "customCallContextParameters"),
    PARAMETER("nimbus.outbound.update", "customCallContextParameters"),
    CONTACT("nimbus.contacts.add"),
    CONTACT("nimbus.contacts.update"),
};

static const struct limit counts[] = {
    {"nimbus.tasks.update", "preferredUsers", 0, 10},
    {"nimbus.external_tasks.add", "preferredUsers", 0, 10},
    CONTACT_LISTS("nimbus.contacts.add"),
    CONTACT_LISTS("nimbus.contacts.update"),
};

static const struct limit ranges[] = {
    {"nimbus.tasks.update", "preferredUsers[].priority", 1, 99},
    {"nimbus.external_tasks.add", "preferredUsers[].priority", 1, 99},
    ENTRY("nimbus.scheduler.create"),
    ENTRY("nimbus.scheduler.update"),
    ENTRY("nimbus.outbound.create"),
    ENTRY("nimbus.outbound.update"),
    QUEUED("nimbus.scheduler.create"),
    QUEUED("nimbus.scheduler.update"),
};

static const nf_action *action_named(const char *name)
{
    for (const nf_action *const *a = nf_all_actions; *a; a++) {
        if (strcmp((*a)->name, name) == 0)
            return *a;
    }
    fail_msg("no action %s", name);
    return NULL;
}

static const nf_param *param_named(const nf_param *params, const char *name, size_t len)
{
    while (params->name && (strncmp(params->name, name, len) != 0 || params->name[len]))
        params++;
    assert_non_null(params->name);
    return params;
}

/* A right value of this parameter, as small as can be. */
static json_t *right(const nf_param *param);

static json_t *right_object(const nf_param *params)
{
    json_t *object = json_object();
    for (; params->name; params++) {
        if (params->required)
            json_object_set_new(object, params->name, right(params));
    }
    return object;
}

static json_t *right(const nf_param *param)
{
    switch (param->type) {
    case NF_UPN:
        return json_string("a@b");
    case NF_TIME:
        return json_string("2026-11-25T00:00:00Z");
    case NF_LIST:
    case NF_NAMED:
        return json_array();
    case NF_OBJECT:
        return right_object(param->fields);
    case NF_INTEGER:
        return json_integer(param->least);
    default:
        return json_string("x");
    }
}

/* Steals the name. */
static json_t *named(json_t *name)
{
    json_t *map = json_pack("{s:s}", json_string_value(name), "x");
    json_decref(name);
    return map;
}

/* `value` in the place that the path names, around it what else is required. */
static json_t *wrapped(const nf_param *params, const char *path, json_t *value)
{
    size_t n = strcspn(path, "[{.");
    const nf_param *param = param_named(params, path, n);
    json_t *object = right_object(params);
    const char *rest = path + n;
    if (*rest == '[' && rest[2] == '.')
        value = json_pack("[o]", wrapped(param->fields, rest + 3, value));
    else if (*rest == '[')
        value = json_pack("[o]", value);
    else if (strcmp(rest, "{name}") == 0)
        value = named(value);
    else if (strcmp(rest, "{value}") == 0)
        value = json_pack("{s:o}", "x", value);
    json_object_set_new(object, param->name, value);
    return object;
}

/* NULL when it was taken; else the error, which names the field. */
static const char *refusal(const struct limit *limit, json_t *value)
{
    static nf_error err;
    const nf_action *action = action_named(limit->action);
    json_t *args = wrapped(action->params, limit->path, value);
    err = (nf_error){0};
    json_t *checked = nf_args_check(action->name, action->params, args, &err);
    json_decref(args);
    json_decref(checked);
    if (checked)
        return NULL;
    char field[64];
    snprintf(field, sizeof field, "%.*s", (int)strcspn(limit->path, "[{."), limit->path);
    assert_contains(err.text, field);
    assert_int_equal(NF_E_ARG, err.status);
    return err.text;
}

static void passes(const struct limit *limit, json_t *value)
{
    const char *text = refusal(limit, value);
    if (text)
        fail_msg("%s: %s was refused: %s", limit->action, limit->path, text);
}

static void is_refused(const struct limit *limit, json_t *value, const char *words)
{
    const char *text = refusal(limit, value);
    if (!text)
        fail_msg("%s: %s: taken instead of \"%s\"", limit->action, limit->path, words);
    assert_contains(text, words);
}

static const char *words(const char *format, int is, int least, int most)
{
    static char text[100];
    if (strcmp(format, "range") == 0)
        snprintf(text, sizeof text, "is %d; allowed are %d to %d", is, least, most);
    else
        snprintf(text, sizeof text, "%s %d %s; at most %d", format[0] == 'l' ? "is" : "has", is,
                 format[0] == 'l' ? "characters long" : "items", most);
    return text;
}

static json_t *text_of(int characters)
{
    json_t *text;
    char *bytes = malloc((size_t)characters * 2 + 1);
    for (int i = 0; i < characters; i++)
        memcpy(bytes + 2 * i, "\xc3\xbc", 2);
    text = json_stringn(bytes, (size_t)characters * 2);
    free(bytes);
    return text;
}

static void all_lengths(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        passes(&lengths[i], text_of(lengths[i].least));
        passes(&lengths[i], text_of(lengths[i].most));
        is_refused(&lengths[i], text_of(lengths[i].most + 1),
                   words("length", lengths[i].most + 1, 0, lengths[i].most));
    }
}

static json_t *list_of(const struct limit *limit, int items)
{
    const nf_action *action = action_named(limit->action);
    const nf_param *param = param_named(action->params, limit->path, strlen(limit->path));
    json_t *list = json_array();
    for (int i = 0; i < items; i++)
        json_array_append_new(list, strcmp(param->fields->name, NF_ITEM) == 0
                                        ? right(param->fields)
                                        : right_object(param->fields));
    return list;
}

static void all_counts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        passes(&counts[i], list_of(&counts[i], counts[i].most));
        is_refused(&counts[i], list_of(&counts[i], counts[i].most + 1),
                   words("items", counts[i].most + 1, 0, counts[i].most));
    }
}

static void all_ranges(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        passes(&ranges[i], json_integer(ranges[i].least));
        passes(&ranges[i], json_integer(ranges[i].most));
        for (int k = 0; k < 2; k++) {
            int wrong = k ? ranges[i].most + 1 : ranges[i].least - 1;
            is_refused(&ranges[i], json_integer(wrong),
                       words("range", wrong, ranges[i].least, ranges[i].most));
        }
    }
}

static void the_bindings_are_described_rightly(void **state)
{
    (void)state;
    nf_error err = {0};
    if (nf_registry_check(nf_all_actions, nf_all_triggers, &err) != NF_OK)
        fail_msg("%s", err.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bindings_are_described_rightly),
        cmocka_unit_test(all_lengths),
        cmocka_unit_test(all_counts),
        cmocka_unit_test(all_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
