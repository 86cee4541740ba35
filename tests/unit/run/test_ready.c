/* SPDX-License-Identifier: Apache-2.0 */
/* Whose turn it is: by class, then by age; with time every class has its turn; and nothing is lost or given twice. */
#include "run/internal.h"

#include "unit.h"

enum { RUNS = 400, SECOND = 1000000000 };

static nf_pool pool;
static nf_run runs[RUNS];

static nf_run *come(int i, nf_urgency urgency, uint64_t second)
{
    runs[i] =
        (nf_run){.pool = &pool, .id = i, .urgency = urgency, .came_ns = (second + 1) * SECOND};
    nf_queued_add(&runs[i]);
    nf_ready_push(&pool.ready, &runs[i]);
    return &runs[i];
}

static nf_run *take(uint64_t second)
{
    nf_run *run = nf_ready_take(&pool.ready, (second + 1) * SECOND);
    if (run)
        nf_queued_remove(run);
    return run;
}

static void clear(void)
{
    while (take(0))
        continue;
    pool.ready.turn = 0;
    assert_int_equal(0, pool.waiting);
    assert_int_equal(0, pool.ready.count);
}

static void by_class_then_by_age(void **state)
{
    (void)state;
    nf_run *batch = come(0, NF_URGENCY_BATCH, 0), *mail = come(1, NF_URGENCY_MAIL, 1),
           *second_mail = come(2, NF_URGENCY_MAIL, 2), *chat = come(3, NF_URGENCY_CHAT, 3),
           *call = come(4, NF_URGENCY_CALL, 4);
    assert_int_equal(5, pool.waiting);
    assert_ptr_equal(call, take(5));
    assert_ptr_equal(chat, take(5));
    assert_ptr_equal(mail, take(5));
    assert_ptr_equal(second_mail, take(5));
    assert_ptr_equal(batch, take(5));
    assert_null(take(5));
    clear();
}

static void who_was_on_a_worker_comes_first(void **state)
{
    (void)state;
    nf_run *mail = come(0, NF_URGENCY_MAIL, 0), *call = come(1, NF_URGENCY_CALL, 1);
    runs[2] = (nf_run){.pool = &pool, .urgency = NF_URGENCY_MAIL, .came_ns = SECOND, .began_ns = 1};
    nf_ready_push(&pool.ready, &runs[2]);
    assert_ptr_equal(call, take(2));
    assert_ptr_equal(&runs[2], take(2));
    assert_ptr_equal(mail, take(2));
    clear();
}

static void waiting_raises_but_not_above_calls(void **state)
{
    (void)state;
    nf_run *batch = come(0, NF_URGENCY_BATCH, 0), *mail = come(1, NF_URGENCY_MAIL, 29),
           *late_chat = come(2, NF_URGENCY_CHAT, 61), *call = come(3, NF_URGENCY_CALL, 70);
    assert_ptr_equal(call, take(70));
    assert_ptr_equal(batch, take(70)); /* 70 s: like a chat, and older than it */
    assert_ptr_equal(mail, take(70));  /* 41 s: like a chat */
    assert_ptr_equal(late_chat, take(70));
    come(0, NF_URGENCY_BATCH, 0);
    come(1, NF_URGENCY_MAIL, 31);
    assert_ptr_equal(&runs[0], take(30)); /* like a mail, and older */
    clear();
}

static void calls_alone_cannot_keep_others_waiting_for_ever(void **state)
{
    int others = 0;
    (void)state;
    for (int i = 0; i < 80; i++)
        come(i, NF_URGENCY_CALL, 40);
    for (int i = 80; i < 90; i++)
        come(i, NF_URGENCY_BATCH, 0);
    for (int i = 0; i < 80; i++)
        others += take(41)->urgency == NF_URGENCY_BATCH;
    assert_int_equal(80 / NF_OLDEST_TURN, others);
    clear();
    for (int i = 0; i < 20; i++)
        come(i, NF_URGENCY_CALL, 40);
    come(20, NF_URGENCY_BATCH, 30);
    for (int i = 0; i < 20; i++) /* it has not waited long */
        assert_int_equal(NF_URGENCY_CALL, take(41)->urgency);
    clear();
}

static void raising_moves_it(void **state)
{
    (void)state;
    nf_run *mail = come(0, NF_URGENCY_MAIL, 0), *chat = come(1, NF_URGENCY_CHAT, 1);
    nf_run_raise(mail, NF_URGENCY_CALL);
    nf_run_raise(chat, NF_URGENCY_BATCH); /* never lower */
    assert_int_equal(NF_URGENCY_CHAT, chat->urgency);
    assert_ptr_equal(mail, take(2));
    assert_ptr_equal(chat, take(2));
    clear();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_class_then_by_age),
        cmocka_unit_test(who_was_on_a_worker_comes_first),
        cmocka_unit_test(waiting_raises_but_not_above_calls),
        cmocka_unit_test(calls_alone_cannot_keep_others_waiting_for_ever),
        cmocka_unit_test(raising_moves_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
