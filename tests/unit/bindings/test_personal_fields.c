/* SPDX-License-Identifier: Apache-2.0 */
/* test_personal_fields.c: personal fields are fields of descriptors, and all of a customer's are among them. */
#include "base/personal.h"
#include "nf/fields.h"
#include "nf/table.h"
#include "unit.h"

#include <strings.h>

/* What a customer or contact has that says nothing about who it is. */
static const char *const harmless[] = {"AddressBook", "country",           "state", "id",
                                       "UPN",         "userPrincipalName", NULL};

static bool is_harmless(const char *name)
{
    for (size_t i = 0; harmless[i]; i++) {
        if (strcasecmp(harmless[i], name) == 0)
            return true;
    }
    return false;
}

static bool has(const nf_param *params, const char *name)
{
    for (; params && params->name; params++) {
        if (strcasecmp(params->name, name) == 0
            || (params->fields && params->fields != params && has(params->fields, name)))
            return true;
    }
    return false;
}

static bool is_known(const char *name)
{
    for (const nf_action *const *a = nf_all_actions; *a; a++) {
        if (has((*a)->params, name))
            return true;
    }
    for (const nf_trigger *const *t = nf_all_triggers; *t; t++) {
        if (has((*t)->event, name))
            return true;
    }
    return false;
}

static void every_name_is_a_field(void **state)
{
    (void)state;
    for (const char *const *name = nf_personal_fields(); *name; name++) {
        if (!is_known(*name))
            fail_msg("'%s' is no field of any descriptor", *name);
    }
}

static void all_of(const nf_param *params)
{
    for (; params->name; params++) {
        if (!is_harmless(params->name) && !nf_is_personal(params->name))
            fail_msg("'%s' should be personal, or be listed here as harmless", params->name);
    }
}

static void all_of_a_customer_is_personal(void **state)
{
    (void)state;
    all_of(nf_fields_customer);
    all_of(nf_params_contact);
    assert_true(nf_is_personal("CUSTOMERIDENTIFIER"));
    assert_false(nf_is_personal("taskId"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_name_is_a_field),
                                       cmocka_unit_test(all_of_a_customer_is_personal)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
