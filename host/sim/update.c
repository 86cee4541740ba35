/* SPDX-License-Identifier: Apache-2.0 */
/*
 * update.c: TaskInformation, what an update of a task may hold and how it is put in.
 *
 * Only what was sent changes: fields of the customer one by one, parameters by name, the other
 * lists as a whole. Fields that the description does not know are allowed by it and do nothing.
 */
#include "base/json.h"
#include "base/macros.h"
#include "sim/internal.h"

#include <stdio.h>
#include <string.h>

static const char *const customer_texts[] = {
    "firstName",  "lastName",         "displayName", "company",   "jobTitle",
    "department", "streetAddress",    "postCode",    "city",      "state",
    "country",    "primaryTelNumber", "UPN",         "imAddress", "email"};
static const char *const customer_lists[] = {"telNumbers", "customFields"};

/* ---- checking ---- */

typedef struct checker {
    char *why;
    size_t size;
} checker;

static bool wrong(const checker *c, const char *where, const char *what)
{
    snprintf(c->why, c->size, "%s must be %s", where, what);
    return false;
}

/* A list of {name, value}: name is required, both are strings. */
static bool check_pairs(const checker *c, const json_t *list, const char *where)
{
    size_t i;
    json_t *item;
    char at[96];
    if (list && !json_is_array(list))
        return wrong(c, where, "a list");
    json_array_foreach (list, i, item) {
        const json_t *value = json_object_get(item, "value");
        snprintf(at, sizeof at, "%s[%zu]", where, i);
        if (!nf_json_string(item, "name"))
            return wrong(c, at, "an object with the string 'name'");
        if (value && !json_is_string(value))
            return wrong(c, at, "an object whose 'value' is a string");
    }
    return true;
}

static bool check_customer(const checker *c, const json_t *customer)
{
    char at[96];
    if (customer && !json_is_object(customer))
        return wrong(c, "customer", "an object");
    for (size_t i = 0; i < NF_COUNT(customer_texts); i++) {
        const json_t *value = json_object_get(customer, customer_texts[i]);
        snprintf(at, sizeof at, "customer.%s", customer_texts[i]);
        if (value && !json_is_string(value))
            return wrong(c, at, "a string");
    }
    for (size_t i = 0; i < NF_COUNT(customer_lists); i++) {
        snprintf(at, sizeof at, "customer.%s", customer_lists[i]);
        if (!check_pairs(c, json_object_get(customer, customer_lists[i]), at))
            return false;
    }
    return true;
}

static bool check_users(const checker *c, const json_t *list)
{
    size_t i;
    json_t *item;
    if (list && (!json_is_array(list) || json_array_size(list) > 10))
        return wrong(c, "preferredUsers", "a list of at most 10 entries");
    json_array_foreach (list, i, item) {
        const json_t *priority = json_object_get(item, "priority");
        json_int_t number = json_integer_value(priority);
        if (!nf_json_string(item, "upn"))
            return wrong(c, "each entry of preferredUsers", "an object with the string 'upn'");
        if (priority && (!json_is_integer(priority) || number < 1 || number > 99))
            return wrong(c, "preferredUsers: a priority", "a whole number from 1 to 99");
    }
    return true;
}

bool sim_information_check(const json_t *value, char *why, size_t size)
{
    const checker c = {why, size};
    if (!json_is_object(value))
        return wrong(&c, "the body", "an object");
    return check_customer(&c, json_object_get(value, "customer"))
           && check_pairs(&c, json_object_get(value, "customContextParameters"),
                          "customContextParameters")
           && check_users(&c, json_object_get(value, "preferredUsers"));
}

/* ---- merging ---- */

/* Set a member if it differs; notes its name. */
static void merge_member(json_t *into, const json_t *update, const char *name, const char *shown,
                         json_t *changed)
{
    json_t *value = json_object_get(update, name);
    if (!value || json_equal(value, json_object_get(into, name)))
        return;
    json_object_set(into, name, value);
    json_array_append_new(changed, json_string(shown));
}

static void merge_customer(json_t *into, const json_t *update, json_t *changed)
{
    for (size_t i = 0; i < NF_COUNT(customer_texts); i++)
        merge_member(into, update, customer_texts[i], customer_texts[i], changed);
    for (size_t i = 0; i < NF_COUNT(customer_lists); i++)
        merge_member(into, update, customer_lists[i], customer_lists[i], changed);
}

static json_t *find_by_name(const json_t *list, const char *name)
{
    size_t i;
    json_t *item;
    json_array_foreach (list, i, item)
        if (strcmp(nf_json_string(item, "name"), name) == 0)
            return item;
    return NULL;
}

static void merge_parameters(json_t *into, const json_t *update, json_t *parameters,
                             json_t *changed)
{
    size_t i;
    json_t *item;
    json_array_foreach (update, i, item) {
        const char *name = nf_json_string(item, "name"), *value = nf_json_string(item, "value");
        json_t *old = find_by_name(into, name);
        const char *before = nf_json_string(old, "value");
        value = value ? value : "";
        if (before && strcmp(before, value) == 0)
            continue;
        if (old)
            json_object_set_new(old, "value", json_string(value));
        else
            json_array_append_new(into, json_pack("{ssss}", "name", name, "value", value));
        json_array_append_new(parameters, json_string(name));
        json_array_append_new(changed, json_string(name));
    }
}

bool sim_information_merge(sim_task *task, const json_t *update, json_t *parameters,
                           json_t *changed)
{
    merge_customer(json_object_get(task->information, "customer"),
                   json_object_get(update, "customer"), changed);
    merge_parameters(json_object_get(task->information, "customContextParameters"),
                     json_object_get(update, "customContextParameters"), parameters, changed);
    merge_member(task->information, update, "preferredUsers", "preferredUsers", changed);
    return json_array_size(changed) > 0;
}
