/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_tree.c: what must hold in every tree of units, tried on thousands of random ones.
 *
 * In each unit there are an owner and an OU Admin, a service that every owner owns, and an address book. The parents
 * are kept here beside the directory, and "above" is found by walking: the plain way, to compare with.
 */
#include "ou/decide.h"
#include "ou/seen.h"

#include "unit.h"

enum { TREES = 2000, MOST_UNITS = 14 };

struct tree {
    int parent[MOST_UNITS], count;
    nf_directory *directory;
};

static char folder[UNIT_PATH], path[UNIT_PATH + 16];
static uint32_t seed = 20260116;

static unsigned dice(unsigned sides)
{
    seed = seed * 1664525U + 1013904223U;
    return (seed >> 8) % sides;
}

static void grow(struct tree *t)
{
    nf_strbuf text = nf_strbuf_new(100000), errors = nf_strbuf_new(1000);
    t->count = 1 + (int)dice(MOST_UNITS);
    nf_strbuf_puts(&text, "units:\n  U0:\n");
    for (int i = 1; i < t->count; i++) {
        t->parent[i] = (int)dice((unsigned)i);
        nf_strbuf_addf(&text, "  U%d: U%d\n", i, t->parent[i]);
    }
    nf_strbuf_puts(&text, "users:\n");
    for (int i = 0; i < t->count; i++)
        nf_strbuf_addf(&text,
                       "  o%d@x: {role: Service Owner, unit: U%d}\n  a%d@x: {role: OU Admin, "
                       "unit: U%d}\n",
                       i, i, i, i);
    nf_strbuf_puts(&text, "services:\n");
    for (int i = 0; i < t->count; i++) {
        nf_strbuf_addf(&text, "  s%d@x: {unit: U%d, licence: CC, owners: [o0@x", i, i);
        for (int k = 1; k < t->count; k++)
            nf_strbuf_addf(&text, ", o%d@x", k);
        nf_strbuf_puts(&text, "]}\n");
    }
    nf_strbuf_puts(&text, "address_books:\n");
    for (int i = 0; i < t->count; i++)
        nf_strbuf_addf(&text, "  B%d: {unit: U%d}\n", i, i);
    write_file(path, text.bytes);
    t->directory = nf_directory_read(path, &errors);
    assert_string_equal("", nf_strbuf_text(&errors));
    nf_strbuf_release(&text);
    nf_strbuf_release(&errors);
}

static bool above(const struct tree *t, int a, int unit)
{
    while (unit > a)
        unit = t->parent[unit];
    return unit == a;
}

static bool may(const struct tree *t, char who, int user, nf_operation op, char what, int entity)
{
    char upn[16], name[16];
    snprintf(upn, sizeof upn, "%c%d@x", who, user);
    snprintf(name, sizeof name, what == 's' ? "s%d@x" : "B%d", entity);
    nf_ou_question q = {.upn = upn, .operation = op, .entity = name};
    return nf_ou_decide(t->directory, &q).allowed;
}

static void check_pair(const struct tree *t, int user, int entity)
{
    bool up = above(t, entity, user), down = above(t, user, entity);
    bool task = may(t, 'o', user, NF_OP_TASK_UPDATE, 's', entity);
    bool hours = may(t, 'o', user, NF_OP_OPENING_HOURS, 's', entity);
    bool read = may(t, 'a', user, NF_OP_CONTACTS_GET, 'B', entity);
    bool change = may(t, 'a', user, NF_OP_CONTACT_ADD, 'B', entity);
    /* exactly what is on the path; so no sibling's, no cousin's, nothing from below */
    assert_int_equal(task, up);
    assert_int_equal(hours, up);
    assert_int_equal(read, up);
    assert_int_equal(change, down);
    if (entity == 0)
        assert_true(task && read); /* the root is on every path */
    if (user == entity)
        assert_true(task && read && change);
    if (user == 0)
        assert_true(change); /* everything is below the root */
    if (!up && !down)
        assert_false(task || hours || read || change);
    if (read && change)
        assert_int_equal(user, entity); /* both only at home */
}

/* Moving a user one unit down adds what is read there and takes nothing away; of what may be changed it adds none. */
static void check_move(const struct tree *t, int from, int to, int entity)
{
    bool read_before = may(t, 'a', from, NF_OP_CONTACTS_GET, 'B', entity);
    bool read_after = may(t, 'a', to, NF_OP_CONTACTS_GET, 'B', entity);
    bool change_before = may(t, 'a', from, NF_OP_CONTACT_ADD, 'B', entity);
    bool change_after = may(t, 'a', to, NF_OP_CONTACT_ADD, 'B', entity);
    assert_true(!read_before || read_after);
    assert_true(!change_after || change_before);
    assert_int_equal(read_after && !read_before, entity == to);
}

static void random_trees(void **state)
{
    (void)state;
    for (int n = 0; n < TREES; n++) {
        struct tree t;
        grow(&t);
        for (int user = 0; user < t.count; user++) {
            for (int entity = 0; entity < t.count; entity++) {
                check_pair(&t, user, entity);
                if (user > 0)
                    check_move(&t, t.parent[user], user, entity);
            }
        }
        nf_directory_free(t.directory);
    }
}

static void service_of_a_task(void **state)
{
    (void)state;
    nf_seen *seen = nf_seen_new(3);
    assert_null(nf_seen_service(seen, "t1"));
    nf_seen_add(seen, "t1", "a@x");
    nf_seen_add(seen, "t2", "a@x");
    nf_seen_add(seen, "t3", "b@x");
    nf_seen_add(seen, "t1", "a@x"); /* heard of again */
    nf_seen_add(seen, "t4", "b@x"); /* the oldest, t2, goes */
    assert_null(nf_seen_service(seen, "t2"));
    assert_string_equal("a@x", nf_seen_service(seen, "t1"));
    nf_seen_add(seen, "t1", "b@x"); /* transferred */
    assert_string_equal("b@x", nf_seen_service(seen, "t1"));
    nf_seen_add(seen, "", "b@x");
    assert_null(nf_seen_service(seen, ""));
    nf_seen_free(seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_trees),
                                       cmocka_unit_test(service_of_a_task)};
    make_folder(folder);
    snprintf(path, sizeof path, "%s/directory.yaml", folder);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    remove_folder(folder);
    return failed;
}
