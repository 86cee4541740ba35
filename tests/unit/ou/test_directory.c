/* SPDX-License-Identifier: Apache-2.0 */
/* test_directory.c: directory.yaml: the worked example of docs/RIGHTS.md, and every mistake with its place. */
#include "ou/decide.h"

#include "unit.h"

static char folder[UNIT_PATH], path[UNIT_PATH + 16];

static nf_directory *read_text(const char *text, nf_strbuf *errors)
{
    *errors = nf_strbuf_new(100000);
    write_file(path, text);
    return nf_directory_read(path, errors);
}

/* The errors of a file, each "LINE:COLUMN: text" in a line; the file must be refused. */
static void refuse(const char *text, const char *expected)
{
    nf_strbuf errors, all = nf_strbuf_new(100000);
    nf_directory *d = read_text(text, &errors);
    size_t n = strlen(path) + 1;
    for (char *line = strtok(errors.bytes, "\n"); line; line = strtok(NULL, "\n"))
        nf_strbuf_addf(&all, "%s\n", strncmp(line, path, n - 1) == 0 ? line + n : line);
    if (strcmp(expected, nf_strbuf_text(&all)) != 0)
        fprintf(stderr, "%s", nf_strbuf_text(&all)); /* whole: cmocka cuts long texts */
    assert_string_equal(expected, nf_strbuf_text(&all));
    assert_null(d);
    nf_strbuf_release(&errors);
    nf_strbuf_release(&all);
}

#define TREE "units:\n  Contoso:\n  CH: Contoso\n  Zurich: CH\n  DE: Contoso\n"

static const char *const good = TREE
    "users:\n"
    "  flows@contoso.example: {role: Tenant Admin}\n"
    "  anna@contoso.example: {role: Service Owner, unit: Zurich, owns: [support@contoso.example, "
    "desk@contoso.example]}\n"
    "  ben@contoso.example: {role: [OU Admin, team-owner limited], unit: CH}\n"
    "  carl@contoso.example: {role: User, unit: Zurich}\n"
    "services:\n"
    "  support@contoso.example: {unit: Zurich, licence: Contact Center}\n"
    "  desk@contoso.example: {unit: CH, licence: ER, owners: ben@contoso.example}\n"
    "  verkauf@contoso.example: {unit: DE, licence: CC, owners: [anna@contoso.example]}\n"
    "  lobby@contoso.example: {unit: Contoso, licence: none, owners: [anna@contoso.example]}\n"
    "  night@contoso.example: {unit: CH, licence: ER, workflow: false, owners: "
    "[anna@contoso.example]}\n"
    "address_books:\n"
    "  All: {unit: Contoso}\n"
    "  Swiss: {unit: CH, id: b-42}\n"
    "  Local: {unit: Zurich}\n"
    "  German: {unit: DE}\n";

struct expected {
    const char *upn;
    nf_operation operation;
    const char *entity;
    nf_ou_rule rule;
};

static void worked_example(void **state)
{
    static const struct expected cases[] = {
        {"flows@contoso.example", NF_OP_TASK_TRIGGER, "verkauf@contoso.example", NF_OU_EVERYTHING},
        {"flows@contoso.example", NF_OP_TASK_UPDATE, NULL, NF_OU_EVERYTHING},
        {"flows@contoso.example", NF_OP_TASK_UPDATE, "lobby@contoso.example", NF_OU_NO_LICENCE},
        {"flows@contoso.example", NF_OP_TASK_UPDATE, "new@contoso.example", NF_OU_NO_ENTITY},
        {"flows@contoso.example", NF_OP_CONTACT_ADD, "not listed", NF_OU_EVERYTHING},
        {"ANNA@Contoso.Example", NF_OP_TASK_TRIGGER, "Support@contoso.example", NF_OU_OWNER},
        {"anna@contoso.example", NF_OP_TASK_TRIGGER, "desk@contoso.example", NF_OU_OWNER},
        {"anna@contoso.example", NF_OP_TASK_TRIGGER, "verkauf@contoso.example", NF_OU_OFF_PATH},
        {"anna@contoso.example", NF_OP_TASK_TRIGGER, "lobby@contoso.example", NF_OU_NO_LICENCE},
        {"anna@contoso.example", NF_OP_TASK_TRIGGER, "night@contoso.example", NF_OU_NO_WORKFLOW},
        {"anna@contoso.example", NF_OP_TASK_UPDATE, "night@contoso.example", NF_OU_OWNER},
        {"anna@contoso.example", NF_OP_EXTERNAL_TASK_ADD, "desk@contoso.example", NF_OU_NO_CENTER},
        {"anna@contoso.example", NF_OP_EXTERNAL_TASK_ADD, "support@contoso.example", NF_OU_OWNER},
        {"anna@contoso.example", NF_OP_TASK_UPDATE, NULL, NF_OU_NOT_SEEN},
        {"anna@contoso.example", NF_OP_CONTACTS_GET, "Local", NF_OU_WRONG_ROLE},
        {"ben@contoso.example", NF_OP_TASK_UPDATE, "desk@contoso.example", NF_OU_WRONG_ROLE},
        {"ben@contoso.example", NF_OP_SCHEDULER_CREATE, "desk@contoso.example", NF_OU_NO_CENTER},
        {"ben@contoso.example", NF_OP_OPENING_HOURS, "desk@contoso.example", NF_OU_ON_PATH},
        {"ben@contoso.example", NF_OP_OPENING_HOURS, "support@contoso.example", NF_OU_OFF_PATH},
        {"ben@contoso.example", NF_OP_CONTACT_ADD, "Swiss", NF_OU_IN_BRANCH},
        {"ben@contoso.example", NF_OP_CONTACT_ADD, "b-42", NF_OU_IN_BRANCH},
        {"ben@contoso.example", NF_OP_CONTACT_ADD, "Local", NF_OU_IN_BRANCH},
        {"ben@contoso.example", NF_OP_CONTACT_ADD, "All", NF_OU_OFF_BRANCH},
        {"ben@contoso.example", NF_OP_CONTACT_ADD, "German", NF_OU_OFF_BRANCH},
        {"ben@contoso.example", NF_OP_CONTACTS_GET, "All", NF_OU_ON_PATH},
        {"ben@contoso.example", NF_OP_CONTACTS_GET, "swiss", NF_OU_ON_PATH},
        {"ben@contoso.example", NF_OP_CONTACTS_GET, "Local", NF_OU_OFF_PATH},
        {"ben@contoso.example", NF_OP_CONTACTS_GET, "German", NF_OU_OFF_PATH},
        {"ben@contoso.example", NF_OP_CONTACTS_GET, "Nowhere", NF_OU_NO_ENTITY},
        {"carl@contoso.example", NF_OP_LOOKUP, NULL, NF_OU_WRONG_ROLE},
    };
    (void)state;
    nf_strbuf errors;
    nf_directory *d = read_text(good, &errors);
    assert_string_equal("", nf_strbuf_text(&errors));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct expected *c = &cases[i];
        nf_ou_question q = {.upn = c->upn, .operation = c->operation, .entity = c->entity};
        nf_ou_verdict v = nf_ou_decide(d, &q);
        char text[NF_OU_TEXT];
        nf_ou_explain(&q, &v, text);
        if (v.rule != c->rule)
            fail_msg("case %zu: %s", i, text);
    }
    nf_ou_question preferred = {.upn = "anna@contoso.example",
                                .operation = NF_OP_TASK_UPDATE,
                                .entity = "desk@contoso.example",
                                .preferred_users = true};
    assert_int_equal(nf_ou_decide(d, &preferred).rule, NF_OU_NO_CENTER);
    nf_directory_free(d);
    nf_strbuf_release(&errors);
}

static void words(void **state)
{
    (void)state;
    nf_strbuf errors;
    char text[NF_OU_TEXT];
    nf_directory *d = read_text(good, &errors);
    nf_ou_question q = {.upn = "anna@contoso.example",
                        .operation = NF_OP_TASK_UPDATE,
                        .entity = "verkauf@contoso.example"};
    nf_ou_verdict v = nf_ou_decide(d, &q);
    nf_ou_explain(&q, &v, text);
    assert_string_equal(text,
                        "anna@contoso.example (Service Owner in Contoso > CH > Zurich) may not do "
                        "'Update task' on verkauf@contoso.example (in Contoso > DE): it is not on "
                        "the path from the user's unit up to the root");
    q = (nf_ou_question){
        .upn = "anna@contoso.example", .operation = NF_OP_TASK_UPDATE, .id = "task 7"};
    v = nf_ou_decide(d, &q);
    nf_ou_explain(&q, &v, text);
    assert_contains(text, "'Update task' on task 7: its service is not known here");
    q = (nf_ou_question){
        .upn = "anna@contoso.example", .operation = NF_OP_CONTACT_ADD, .entity = "Swiss"};
    v = nf_ou_decide(d, &q);
    nf_ou_explain(&q, &v, text);
    assert_contains(text, "on Swiss: the role may not; it needs Tenant Admin or OU Admin");
    nf_directory_free(d);
    nf_strbuf_release(&errors);
}

static void mistakes_in_units(void **state)
{
    (void)state;
    refuse("",
           "1:1: 'units' is missing; write the tenant, 'Contoso:', and below it each unit with the "
           "one above it, 'CH: Contoso'\n");
    refuse("units:\n  A:\n  B: A\n  C: D\n  D: C\n",
           "4:3: the units go in a circle: C, D, C; one of them must have another above it\n");
    refuse("units:\n  A: A\n",
           "2:3: the units go in a circle: A, A; one of them must have another above it\n");
    refuse(
        "units:\n  A:\n  B:\n",
        "3:3: 'B' is a second root (the first is 'A' in line 2); write the unit above it, 'B: A'\n");
    refuse("units:\n  A:\n  Berne: A\n  C: Bern\n",
           "4:6: unknown unit 'Bern'; did you mean 'Berne'?\n");
    refuse("units:\n  A:\n  C: Nowhere\n", "3:6: unknown unit 'Nowhere'; add it under 'units'\n");
    refuse("units:\n  A:\n  B: A\n  C: [A, B]\n",
           "4:6: C: a unit has exactly one above it; write one name\n");
    refuse("units:\n  A:\n  B: A\n  b: A\n",
           "4:3: 'b' stands here twice (first as 'B' in line 3); take one out\n");
    refuse("units:\n  A:\n  B: A\n  B: A\n", "4:3: key 'B' stands here twice (first in line 3)\n");
    refuse("units:\n  A:\nuser:\n  x@y: {}\n", "3:1: unknown key 'user'; did you mean 'users'?\n");
}

static void mistakes_all_at_once(void **state)
{
    (void)state;
    refuse(
        TREE "users:\n"
             "  anna@x: {role: Boss, unit: Zurich}\n"
             "  ben@x: {role: User, unit: [CH, DE]}\n"
             "  carl@x: {role: User, unit: Zürich, owns: [support@x]}\n"
             "  dora@x: {unit: Zurigh}\n"
             "  emil: {role: User, unit: CH}\n"
             "  fred@x: {role: Service Owner, unit: CH, owns: [suport@x], age: 7}\n"
             "  Fred@x: {role: User, unit: CH}\n"
             "services:\n"
             "  support@x: {unit: Zurich, licence: Contact Centre, owners: [fredd@x, ghost@x]}\n"
             "  desk@x: {licence: ER, workflow: yes}\n"
             "  lobby@x: hello\n"
             "address_books:\n"
             "  A: {unit: CH, id: 1}\n"
             "  B: {unit: CH, id: 1}\n"
             "  C: {}\n",
        "7:18: unknown role 'Boss'; known: Tenant Admin, OU Admin, Team Owner, Service Owner, Team "
        "Owner Limited, Partner Admin, Supervisor, User\n"
        "8:29: unit: a user is in exactly one unit; write one\n"
        "9:30: unknown unit 'Zürich'; did you mean 'Zurich'?\n"
        "10:3: dora@x: 'role' is missing; write a role, for example Service Owner, or a list of them\n"
        "10:18: unknown unit 'Zurigh'; did you mean 'Zurich'?\n"
        "11:3: 'emil' is not a UPN; write it like name@contoso.example\n"
        "12:61: unknown key 'age'; known: role, unit, owns\n"
        "13:3: 'Fred@x' stands here twice (first as 'fred@x' in line 12); take one out\n"
        "15:38: unknown licence 'Contact Centre'; did you mean 'Contact Center'?\n"
        "16:3: desk@x: 'unit' is missing; write the organization unit that the service is in\n"
        "16:35: workflow: true or false is expected: has the service a valid workflow?\n"
        "17:12: lobby@x: write it like {unit: CH, licence: Contact Center}\n"
        "20:21: id '1' is that of 'A' too; give each its own\n"
        "21:3: C: 'unit' is missing; write the organization unit that the address book is in\n"
        "15:63: unknown owner 'fredd@x'; did you mean 'fred@x'?\n"
        "15:72: unknown owner 'ghost@x'; add it under 'users'\n"
        "9:45: carl@x cannot own a service: the role for that is Service Owner, Team Owner or Team "
        "Owner Limited\n"
        "12:50: unknown service 'suport@x'; did you mean 'support@x'?\n");
}

static void depth_is_bounded(void **state)
{
    (void)state;
    nf_strbuf text = nf_strbuf_new(100000), errors;
    nf_strbuf_puts(&text, "units:\n  U0:\n");
    for (int i = 1; i <= NF_OU_DEPTH_MAX; i++)
        nf_strbuf_addf(&text, "  U%d: U%d\n", i, i - 1);
    nf_directory *d = read_text(text.bytes, &errors);
    assert_string_equal("", nf_strbuf_text(&errors));
    nf_directory_free(d);
    nf_strbuf_addf(&text, "  U%d: U%d\n", NF_OU_DEPTH_MAX + 1, NF_OU_DEPTH_MAX);
    refuse(text.bytes, "35:3: 'U33' is more than 32 levels below the root\n");
    nf_strbuf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worked_example),    cmocka_unit_test(words),
        cmocka_unit_test(mistakes_in_units), cmocka_unit_test(mistakes_all_at_once),
        cmocka_unit_test(depth_is_bounded),
    };
    make_folder(folder);
    snprintf(path, sizeof path, "%s/directory.yaml", folder);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    remove_folder(folder);
    return failed;
}
