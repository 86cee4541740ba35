/* SPDX-License-Identifier: Apache-2.0 */
/* test_http_turns.c: owners of requests share the links of a host by weight, and one alone never gets all. */
#include "net/http_turns.h"

#include "unit.h"

enum { LINKS = 8, REQUESTS = 64 };

static nf_turns turns;
static nf_turn requests[3][REQUESTS];
static nf_http_share owners[3];
static nf_turn *busy[LINKS];

static void fill(int owner, unsigned weight, int count)
{
    owners[owner].weight = weight;
    for (int i = 0; i < count; i++)
        nf_turns_add(&turns, &requests[owner][i], &owners[owner]);
}

static int owner_of(const nf_turn *turn)
{
    for (int i = 0; i < 3; i++) {
        if (turn >= requests[i] && turn < requests[i] + REQUESTS)
            return i;
    }
    return -1;
}

/* Give every link to whose turn it is; how many each owner has then. */
static int share_out(int count[3])
{
    int used = 0;
    nf_turn *next;
    memset(count, 0, 3 * sizeof *count);
    for (int i = 0; i < LINKS && (next = nf_turns_next(&turns)); i++, used++) {
        nf_turns_take(&turns, next);
        busy[i] = next;
        count[owner_of(next)]++;
    }
    return used;
}

static void end_all(void)
{
    for (int i = 0; i < LINKS; i++) {
        if (busy[i])
            nf_turns_end(&turns, busy[i]);
        busy[i] = NULL;
    }
    for (nf_turn *first; (first = nf_turns_first(&turns));)
        nf_turns_leave(&turns, first);
    assert_null(turns.lines);
}

static void one_alone_leaves_a_quarter(void **state)
{
    (void)state;
    int count[3];
    turns.links = LINKS;
    fill(0, 100, REQUESTS);
    assert_int_equal(LINKS * 3 / 4, nf_turns_ready(&turns, 100));
    assert_int_equal(LINKS * 3 / 4, share_out(count));
    fill(1, 100, 1); /* a newcomer is served at once */
    assert_int_equal(1, owner_of(nf_turns_next(&turns)));
    end_all();
}

static void equals_share_equally(void **state)
{
    (void)state;
    int count[3];
    fill(0, 100, REQUESTS);
    fill(1, 100, REQUESTS);
    assert_int_equal(LINKS, share_out(count));
    assert_int_equal(LINKS / 2, count[0]);
    assert_int_equal(LINKS / 2, count[1]);
    end_all();
}

static void weights_count(void **state)
{
    (void)state;
    int count[3];
    fill(0, 100, REQUESTS);
    fill(1, 50, REQUESTS);
    fill(2, 50, REQUESTS);
    assert_int_equal(LINKS, share_out(count));
    assert_int_equal(LINKS / 2, count[0]);
    assert_int_equal(LINKS / 4, count[1]);
    assert_int_equal(LINKS / 4, count[2]);
    end_all();
}

static void order_within_an_owner_is_kept(void **state)
{
    (void)state;
    fill(0, 100, 3);
    nf_turn *first = nf_turns_next(&turns);
    assert_ptr_equal(&requests[0][0], first);
    nf_turns_take(&turns, first);
    assert_ptr_equal(&requests[0][1], nf_turns_next(&turns));
    nf_turns_again(&turns, first); /* its link was lost: it is first again */
    assert_ptr_equal(&requests[0][0], nf_turns_next(&turns));
    end_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_alone_leaves_a_quarter), cmocka_unit_test(equals_share_equally),
        cmocka_unit_test(weights_count), cmocka_unit_test(order_within_an_owner_is_kept)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
