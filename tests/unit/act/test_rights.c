/* SPDX-License-Identifier: Apache-2.0 */
/* test_rights.c: which argument of an effect decides, and how the service of an entry becomes known. */
#include "act/rights.h"

#include "unit.h"

static const char *const directory =
    "units:\n  T:\n  A: T\n  B: T\n"
    "users:\n  o@x: {role: Service Owner, unit: A, owns: [a@x, b@x]}\n  adm@x: {role: OU Admin, unit: A}\n"
    "services:\n  a@x: {unit: A, licence: CC}\n  b@x: {unit: B, licence: CC}\n"
    "address_books:\n  Ours: {unit: A, id: id-1}\n  Theirs: {unit: B}\n";

static const nf_action update = {.name = "u",
                                 .operation = NF_OP_TASK_UPDATE,
                                 .owner = NF_OWNER_TASK,
                                 .scope_param = "taskId"},
                       create = {.name = "c",
                                 .operation = NF_OP_SCHEDULER_CREATE,
                                 .owner = NF_OWNER_SERVICE,
                                 .scope_param = "serviceUpn"},
                       list = {.name = "l",
                               .operation = NF_OP_SCHEDULER_LIST,
                               .owner = NF_OWNER_SERVICE,
                               .scope_param = "serviceUpn"},
                       change = {.name = "e",
                                 .operation = NF_OP_SCHEDULER_UPDATE,
                                 .owner = NF_OWNER_ENTRY,
                                 .scope_param = "SchedulerEntryID"},
                       contact = {.name = "b",
                                  .operation = NF_OP_CONTACT_ADD,
                                  .owner = NF_OWNER_BOOK,
                                  .scope_param = "AddressBook"},
                       lookup = {.name = "k", .operation = NF_OP_LOOKUP, .owner = NF_OWNER_TENANT},
                       nap = {.name = "n", .owner = NF_OWNER_NONE};

static nf_ou ou;
static char *upn;
static nf_effect_env env = {.ou = &ou, .upn = &upn};

static int open_all(void **state)
{
    char folder[UNIT_PATH], path[UNIT_PATH + 16];
    nf_strbuf errors = nf_strbuf_new(1000);
    (void)state;
    make_folder(folder);
    snprintf(path, sizeof path, "%s/d.yaml", folder);
    write_file(path, directory);
    ou.directory = nf_directory_read(path, &errors);
    ou.seen = nf_seen_new(100);
    remove_folder(folder);
    return ou.directory ? 0 : -1;
}

static int close_all(void **state)
{
    (void)state;
    nf_directory_free(ou.directory);
    nf_seen_free(ou.seen);
    return 0;
}

/* NULL: allowed; else the text must contain `part`. */
static void ask(const char *who, const nf_action *action, const char *args, const char *part)
{
    nf_error err = {0};
    json_t *given = json_loads(args, 0, NULL);
    upn = (char *)who;
    nf_status status = nf_act_may(&env, action, given, &err);
    json_decref(given);
    assert_int_equal(part ? NF_E_DENIED : NF_OK, status);
    if (part)
        assert_contains(err.text, part);
}

static void learn(const nf_action *action, const char *args, const char *answer)
{
    json_t *given = json_loads(args, 0, NULL), *result = json_loads(answer, 0, NULL);
    nf_act_learn(&env, action, given, result);
    json_decref(given);
    json_decref(result);
}

static void by_task(void **state)
{
    (void)state;
    ask("o@x", &update, "{\"taskId\":\"t\"}", "u: o@x (Service Owner in T > A)");
    nf_seen_add(ou.seen, "t", "a@x");
    ask("o@x", &update, "{\"taskId\":\"t\"}", NULL);
    nf_seen_add(ou.seen, "t", "b@x"); /* transferred */
    ask("o@x", &update, "{\"taskId\":\"t\"}", "not on the path");
    ask(NULL, &update, "{\"taskId\":\"t\"}", "write 'upn' in tenant.yaml");
}

static void by_entry(void **state)
{
    (void)state;
    ask("o@x", &create, "{\"serviceUpn\":\"a@x\"}", NULL);
    ask("o@x", &create, "{\"serviceUpn\":\"b@x\"}", "not on the path");
    ask("o@x", &change, "{\"SchedulerEntryID\":\"e1\"}", "its service is not known");
    /* of what was not seen the script may say whose it is */
    ask("o@x", &change, "{\"SchedulerEntryID\":\"e1\",\"serviceUpn\":\"a@x\"}", NULL);
    learn(&create, "{\"serviceUpn\":\"b@x\"}", "{\"schedulerEntryId\":\"e1\"}");
    learn(&list, "{\"serviceUpn\":\"a@x\"}",
          "[{\"schedulerEntryId\":\"e2\"},{\"schedulerEntryId\":\"e3\",\"serviceUpn\":\"b@x\"},7]");
    /* of what was seen it may not, and cannot move what it may change to where it may not */
    ask("o@x", &change, "{\"SchedulerEntryID\":\"e1\",\"serviceUpn\":\"a@x\"}", "on b@x");
    ask("o@x", &change, "{\"SchedulerEntryID\":\"e2\",\"serviceUpn\":\"a@x\"}", NULL);
    ask("o@x", &change, "{\"SchedulerEntryID\":\"e2\",\"serviceUpn\":\"b@x\"}", "on b@x");
    ask("o@x", &change, "{\"SchedulerEntryID\":\"e3\",\"serviceUpn\":\"a@x\"}", "on b@x");
}

static void by_book_and_role(void **state)
{
    (void)state;
    ask("adm@x", &contact, "{\"AddressBook\":\"Ours\"}", NULL);
    ask("adm@x", &contact, "{\"AddressBook\":\"id-1\"}", NULL);
    ask("adm@x", &contact, "{\"AddressBook\":\"Theirs\"}", "not in the user's unit or below");
    ask("o@x", &contact, "{\"AddressBook\":\"Ours\"}", "needs Tenant Admin or OU Admin");
    ask("o@x", &lookup, "{}", NULL);
    ask("nobody@x", &lookup, "{}", "not in directory.yaml");
    ask("nobody@x", &nap, "{}", NULL);
}

static void without_directory(void **state)
{
    (void)state;
    nf_effect_env none = {0};
    nf_error err = {0};
    assert_int_equal(NF_OK, nf_act_may(&none, &update, NULL, &err));
    nf_act_learn(&none, &create, NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(by_task), cmocka_unit_test(by_entry),
                                       cmocka_unit_test(by_book_and_role),
                                       cmocka_unit_test(without_directory)};
    return cmocka_run_group_tests(tests, open_all, close_all);
}
