/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_arena.c: random blocks of an arena never overlap and keep what is in them; free blocks are cut up only as long
 * as the arena is small, so a program cannot use it up with blocks that it gives back.
 */
#include "arena.h"

#include "unit.h"

#include <sys/mman.h>
#include <time.h>

enum { BLOCKS = 400, STEPS = 200000, SMALL = 256 << 10 };

static nf_arena *arena;
static uint64_t random_state;

static unsigned draw(unsigned below)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(random_state >> 33) % below;
}

static int set_up(void **state)
{
    (void)state;
    const char *given = getenv("NF_SEED");
    random_state = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    print_message("NF_SEED=%llu\n", (unsigned long long)random_state);
    arena = mmap(NULL, NF_ARENA_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(arena != MAP_FAILED);
    nf_arena_init(arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    munmap(arena, NF_ARENA_SIZE);
    return 0;
}

static size_t draw_size(void)
{
    unsigned kind = draw(10);
    return kind < 7 ? draw(200) + 1 : kind < 9 ? draw(4000) + 1 : draw(60000) + 1;
}

static void blocks_keep_what_is_in_them(void **state)
{
    static struct {
        unsigned char *at, mark;
        size_t size;
    } blocks[BLOCKS];
    (void)state;
    for (int step = 0; step < STEPS; step++) {
        unsigned i = draw(BLOCKS);
        if (blocks[i].at) {
            for (size_t k = 0; k < blocks[i].size; k++) {
                if (blocks[i].at[k] != blocks[i].mark)
                    fail_msg("step %d: byte %zu of a block of %zu was changed", step, k,
                             blocks[i].size);
            }
            nf_arena_put(arena, blocks[i].at, blocks[i].size);
            blocks[i].at = NULL;
        } else {
            blocks[i].size = draw_size();
            blocks[i].mark = (unsigned char)draw(256);
            blocks[i].at = nf_arena_get(arena, blocks[i].size);
            assert_non_null(blocks[i].at);
            assert_int_equal(0, (uintptr_t)blocks[i].at % 16);
            memset(blocks[i].at, blocks[i].mark, blocks[i].size);
        }
    }
    for (int i = 0; i < BLOCKS; i++) {
        if (blocks[i].at)
            nf_arena_put(arena, blocks[i].at, blocks[i].size);
    }
    assert_int_equal(0, arena->used);
}

static size_t taken(void)
{
    return (size_t)(arena->bump - (char *)arena);
}

static void a_free_block_is_cut_up(void **state)
{
    (void)state;
    nf_arena_put(arena, nf_arena_get(arena, 4096), 4096);
    size_t before = taken();
    char *first = nf_arena_get(arena, 100), *second = nf_arena_get(arena, 1000);
    assert_int_equal(before, taken());
    assert_true(second >= first + 100 || first >= second + 1000);
}

/* A large block comes and goes, and each time something small stays. */
static void large_blocks_come_back(void **state)
{
    enum { LARGE = 1 << 20, TIMES = 1000 };
    (void)state;
    for (int i = 0; i < TIMES; i++) {
        void *large = nf_arena_get(arena, LARGE);
        assert_non_null(large);
        nf_arena_put(arena, large, LARGE);
        assert_non_null(nf_arena_get(arena, 56));
    }
    assert_in_range(taken(), LARGE, 2 * LARGE + SMALL + TIMES * 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(blocks_keep_what_is_in_them, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_free_block_is_cut_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(large_blocks_come_back, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
