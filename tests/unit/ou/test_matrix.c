/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_matrix.c: every role x every operation, against the table as Nimbus publishes it, written out here once more.
 */
#include "ou/decide.h"

#include "unit.h"

/* One line per operation: Tenant Admin, OU Admin, Team Owner, Service Owner, Team Owner Limited, Partner Admin,
 * Supervisor, User. E: may execute. */
static const struct {
    const char *name, *may;
} matrix[] = {
    {"When a task changes state", "E-EE----"},
    {"When a scheduler entry changes state", "E-EE----"},
    {"When the virtual task assistant has an update", "E-EE----"},
    {"Update task", "E-EE----"},
    {"Add a new external task", "E-EE----"},
    {"Remove an external task", "E-EE----"},
    {"Get Data from Virtual Task Assistant", "E-EE----"},
    {"Add a contact", "EE------"},
    {"Update a contact", "EE------"},
    {"Empty an address book", "EE------"},
    {"Get contact(s)", "EE------"},
    {"Remove contact(s)", "EE------"},
    {"List the address books", "EE------"},
    {"Schedule a new outbound call", "E-EEE---"},
    {"Get all scheduler entries", "E-EE----"},
    {"Update a scheduler entry", "E-EE----"},
    {"Remove a scheduler entry", "E-EE----"},
    {"Schedule an outbound call with workflow", "E-EEE---"},
    {"Update an outbound call with workflow", "E-EE----"},
    {"Get opening hours", "E-EEE---"},
    {"Look up lists of values", "EEEEE---"},
};

static const char *const roles[] = {
    "Tenant Admin",       "OU Admin",      "Team Owner", "Service Owner",
    "Team Owner Limited", "Partner Admin", "Supervisor", "User"};

enum { OPERATIONS = sizeof matrix / sizeof *matrix, ROLES = sizeof roles / sizeof *roles };

static char folder[UNIT_PATH], path[UNIT_PATH + 16];

/* Everything in one unit, with every licence; those who can own a service own it: only the role is left to decide. */
static nf_directory *one_unit(void)
{
    nf_strbuf text = nf_strbuf_new(10000), errors = nf_strbuf_new(10000);
    nf_strbuf_puts(&text, "units:\n  T:\nservices:\n  s@x: {unit: T, licence: CC}\n"
                          "address_books:\n  B: {unit: T, id: b-1}\nusers:\n");
    for (int i = 0; i < ROLES; i++)
        nf_strbuf_addf(&text, "  u%d@x: {role: %s, unit: T%s}\n", i, roles[i],
                       i >= 2 && i <= 4 ? ", owns: [s@x]" : "");
    write_file(path, text.bytes);
    nf_directory *d = nf_directory_read(path, &errors);
    assert_string_equal("", nf_strbuf_text(&errors));
    nf_strbuf_release(&text);
    nf_strbuf_release(&errors);
    return d;
}

static nf_ou_verdict ask(const nf_directory *d, const char *upn, nf_operation op)
{
    nf_ou_scope scope = nf_operation_info_of(op)->scope;
    bool book = scope == NF_OU_READ_BOOK || scope == NF_OU_CHANGE_BOOK;
    nf_ou_question q = {.upn = upn, .operation = op, .entity = book ? "B" : "s@x"};
    return nf_ou_decide(d, &q);
}

static void every_role_and_operation(void **state)
{
    (void)state;
    nf_directory *d = one_unit();
    assert_int_equal(OPERATIONS, NF_OPERATIONS - 1);
    assert_int_equal(ROLES, NF_ROLES);
    for (int row = 0; row < OPERATIONS; row++) {
        nf_error err = {0};
        nf_operation op = nf_operation_find(matrix[row].name, &err);
        assert_string_equal("", err.text);
        assert_int_equal(ROLES, strlen(matrix[row].may));
        for (int role = 0; role < ROLES; role++) {
            char upn[16];
            snprintf(upn, sizeof upn, "u%d@x", role);
            nf_ou_verdict v = ask(d, upn, op);
            if (v.allowed != (matrix[row].may[role] == 'E'))
                fail_msg("%s, %s: %s", roles[role], matrix[row].name,
                         v.allowed ? "allowed" : "denied");
            assert_int_equal(v.role, role);
            if (!v.allowed)
                assert_int_equal(v.rule, NF_OU_WRONG_ROLE);
        }
    }
    nf_directory_free(d);
}

static void names_of_operations(void **state)
{
    (void)state;
    nf_error err = {0};
    for (int i = NF_OP_NONE + 1; i < NF_OPERATIONS; i++) {
        const nf_operation_info *info = nf_operation_info_of((nf_operation)i);
        assert_int_equal(nf_operation_find(info->name, &err), i);
        assert_int_equal(nf_operation_find(info->title, &err), i);
    }
    assert_int_equal(nf_operation_find("Task_Update", &err), NF_OP_TASK_UPDATE);
    assert_int_equal(nf_operation_find("task-updat", &err), NF_OP_NONE);
    assert_string_equal(err.text, "unknown operation 'task-updat'; did you mean 'task-update'?");
}

static void without_operation_or_directory_nothing_is_denied(void **state)
{
    (void)state;
    nf_directory *d = one_unit();
    nf_ou_question none = {.upn = "nobody@x"}, update = {.operation = NF_OP_TASK_UPDATE};
    assert_true(nf_ou_decide(d, &none).allowed);
    assert_int_equal(nf_ou_decide(NULL, &update).rule, NF_OU_NO_DIRECTORY);
    assert_int_equal(nf_ou_decide(d, &update).rule, NF_OU_NO_UPN);
    update.upn = "nobody@x";
    assert_int_equal(nf_ou_decide(d, &update).rule, NF_OU_NO_USER);
    nf_directory_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_role_and_operation),
        cmocka_unit_test(names_of_operations),
        cmocka_unit_test(without_operation_or_directory_nothing_is_denied),
    };
    make_folder(folder);
    snprintf(path, sizeof path, "%s/directory.yaml", folder);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    remove_folder(folder);
    return failed;
}
