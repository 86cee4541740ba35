/* SPDX-License-Identifier: Apache-2.0 */
/* test_checkpoint.c: a long history does not stay in the kernel's cache, and is read all the same. */
#include "store/store.h"

#include "unit.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sqlite3.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

enum {
    MIB = 1 << 20,
    AT_A_TIME = 20,
    TIMES = 17,
    LOOKED_AT = 32 * MIB
}; /* 340 MiB; 256 are kept */

static nf_loop loop;
static nf_store *store;
static unsigned durable;

static void on_done(void *ctx, const nf_error *err)
{
    (void)ctx;
    assert_null(err);
    if (++durable % AT_A_TIME == 0)
        nf_loop_stop(&loop);
}

static void on_time_over(void *ctx)
{
    (void)ctx;
    abort();
}

static void add_some(const char *body)
{
    nf_event_row events[AT_A_TIME];
    for (int i = 0; i < AT_A_TIME; i++) {
        events[i] = (nf_event_row){.id = nf_store_new_id(store),
                                   .tenant = "acme",
                                   .trigger = "a.on",
                                   .body = body,
                                   .len = MIB};
        nf_store_add_event(store, &events[i], NULL, 0, on_done, NULL);
    }
    nf_loop_run(&loop);
}

/* How many percent of the file's first bytes are in memory. */
static size_t in_memory(const char *path)
{
    static unsigned char pages[LOOKED_AT / 4096];
    size_t count = LOOKED_AT / (size_t)sysconf(_SC_PAGESIZE), resident = 0;
    int fd = open(path, O_RDONLY);
    struct stat file;
    assert_int_equal(0, fstat(fd, &file));
    assert_true(file.st_size > 300 * (off_t)MIB);
    void *at = mmap(NULL, LOOKED_AT, PROT_READ, MAP_SHARED, fd, 0);
    assert_true(at != MAP_FAILED);
    assert_int_equal(0, mincore(at, LOOKED_AT, pages));
    for (size_t i = 0; i < count; i++)
        resident += pages[i] & 1;
    munmap(at, LOOKED_AT);
    close(fd);
    return resident * 100 / count;
}

/* The events' bodies, all of them, are what they were. */
static void check_bodies(const char *path, const char *body)
{
    sqlite3 *db;
    sqlite3_stmt *s;
    assert_int_equal(SQLITE_OK, sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL));
    assert_int_equal(SQLITE_OK, sqlite3_prepare_v2(db, "SELECT count(*) FROM event WHERE body = ?",
                                                   -1, &s, NULL));
    sqlite3_bind_text(s, 1, body, MIB, SQLITE_STATIC);
    assert_int_equal(SQLITE_ROW, sqlite3_step(s));
    assert_int_equal(AT_A_TIME * TIMES, sqlite3_column_int(s, 0));
    sqlite3_finalize(s);
    sqlite3_close(db);
}

static void old_pages_are_given_up(void **state)
{
    char folder[UNIT_PATH], path[UNIT_PATH + 16];
    struct statfs fs;
    nf_error err = {0};
    (void)state;
    make_folder(folder);
    if (statfs(folder, &fs) == 0 && fs.f_type == TMPFS_MAGIC) {
        remove_folder(folder);
        skip(); /* what is in memory only stays there */
    }
    snprintf(path, sizeof path, "%s/nimflow.db", folder);
    assert_int_equal(NF_OK, nf_loop_open(&loop, NULL));
    nf_timer *alive = nf_timer_new(&loop, on_time_over, NULL);
    nf_timer_start(alive, 120000, 0);
    if (nf_store_open(&loop, folder, &store, &err) != NF_OK)
        fail_msg("%s", err.text);
    char *body = malloc(MIB);
    memset(body, ' ', MIB);
    for (int i = 0; i < TIMES; i++)
        add_some(body);
    nf_store_close(store);
    assert_in_range(in_memory(path), 0, 20);
    check_bodies(path, body);
    free(body);
    nf_timer_close(alive);
    nf_loop_close(&loop);
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(old_pages_are_given_up)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
