/* SPDX-License-Identifier: Apache-2.0 */
/* test_index.c: the listeners of a subscription, compared with looking at all of them. */
#include "tenant/index.h"

#include "unit.h"

enum { LISTENERS = 500, CONNECTIONS = 3, TRIGGERS = 2, REGISTRATIONS = 20, ROUNDS = 20 };

static const nf_trigger triggers[TRIGGERS];
static nf_connection connections[CONNECTIONS];
static nf_handler handlers[TRIGGERS];
static nf_listener listeners[LISTENERS], *all[LISTENERS];
static char registrations[REGISTRATIONS][16];
static uint32_t seed = 4711;

static unsigned dice(unsigned sides)
{
    seed = seed * 1664525U + 1013904223U;
    return (seed >> 8) % sides;
}

static void make_listeners(void)
{
    for (int i = 0; i < REGISTRATIONS; i++)
        snprintf(registrations[i], sizeof registrations[i], "{\"r\":%d}", i);
    for (int i = 0; i < TRIGGERS; i++)
        handlers[i].trigger = &triggers[i];
    for (int i = 0; i < LISTENERS; i++) {
        unsigned c = dice(CONNECTIONS + 1);
        listeners[i] = (nf_listener){.handler = &handlers[dice(TRIGGERS)],
                                     .connection = c < CONNECTIONS ? &connections[c] : NULL,
                                     .registration = registrations[dice(REGISTRATIONS)]};
        all[i] = &listeners[i];
    }
}

static void check(nf_index *index, size_t count, const nf_subscription *s)
{
    nf_group group = nf_index_find(index, s);
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        const nf_listener *l = all[i];
        if (l->connection != s->owner || l->handler->trigger != s->trigger
            || strcmp(l->registration, s->filter) != 0)
            continue;
        assert_true(n < group.count);
        assert_ptr_equal(l, group.listeners[n++]);
    }
    assert_int_equal(n, group.count);
}

static void as_looking_at_all(void **state)
{
    (void)state;
    nf_index *index = nf_index_new();
    nf_subscription s = {.id = 1};
    make_listeners();
    s.owner = &connections[0];
    s.trigger = &triggers[0];
    s.filter = registrations[0];
    check(index, 0, &s); /* nothing was built yet */
    for (int round = 0; round < ROUNDS; round++) {
        size_t count = dice(LISTENERS + 1);
        nf_index_build(index, all, count);
        for (int c = 0; c < CONNECTIONS; c++) {
            for (int t = 0; t < TRIGGERS; t++) {
                for (int r = 0; r < REGISTRATIONS; r++) {
                    s.id = 1 + r + REGISTRATIONS * (t + TRIGGERS * c);
                    s.owner = &connections[c];
                    s.trigger = &triggers[t];
                    s.filter = registrations[r];
                    check(index, count, &s);
                    check(index, count, &s); /* now it is known */
                }
            }
        }
    }
    nf_index_free(index);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_looking_at_all)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
