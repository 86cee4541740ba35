/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.c: the queue of writes and the thread that commits them in groups.
 *
 * A write is in exactly one list: `fresh` (loop only, until the loop sleeps), `queue` (under the mutex), the batch the
 * thread works on, `kept` (thread only: must-writes waiting for a disk that works again), or `finished` (under the
 * mutex, until the loop calls its done).
 */
#include "store/store.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/macros.h"
#include "log/log.h"
#include "store/internal.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <utlist.h>

enum { RETRY_MS = 500 };

/*
 * When writes wait for others: after a commit of many, while so many runs are under way that each waits for its turn
 * for much longer; until there are enough, and no longer than 4 ms.
 */
enum { MANY_WRITES = 16, MANY_RUNS = 256, ENOUGH_WRITES = 128, WAITS = 8, WAIT_US = 500 };

struct nf_store {
    nf_loop *loop;
    nf_database db;
    nf_end_hook hook;
    uv_async_t wake_loop;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake_thread;
    nf_write *fresh, *fresh_last;
    size_t fresh_count;
    nf_write *queue, *queue_last;
    size_t queued; /* how many are in `queue` */
    nf_write *finished, *finished_last;
    nf_write *kept;
    bool stop;
    atomic_bool failing;
    atomic_uint under_way;
    int64_t next_id;
};

/* Append the list `from` (ending in `from_last`) to `to` in constant time. */
static void append(nf_write **to, nf_write **to_last, nf_write *from, nf_write *from_last)
{
    if (!from)
        return;
    if (*to)
        (*to_last)->next = from;
    else
        *to = from;
    *to_last = from_last;
}

/* ---- the thread ---- */

/* An empty batch finds out whether the disk works again. */
static nf_status commit(nf_store *store, nf_write *batch, nf_error *err)
{
    nf_database *db = &store->db;
    nf_fault_point("store.begin.before");
    nf_status status = nf_database_step(db, NF_SQL_BEGIN, err);
    nf_fault_point("store.begin.after");
    /* a group may change nothing (the end of a run that was refused): that it succeeds says nothing
     * about the disk */
    if ((!batch || atomic_load(&store->failing)) && status == NF_OK)
        status = nf_database_step(db, NF_SQL_PROBE, err);
    for (nf_write *w = batch; w && status == NF_OK; w = w->next) {
        nf_fault_point("store.apply.before");
        status = w->apply(db, w, err);
        nf_fault_point("store.apply.after");
        if (status
            == NF_E_NOT_FOUND) { /* this write only: what it adds to is not there; the group goes on */
            w->result = *err;
            status = NF_OK;
        }
    }
    if (status == NF_OK)
        status = nf_history_write(db, err);
    nf_fault_point("store.commit.before");
    if (status == NF_OK)
        status = nf_database_step(db, NF_SQL_COMMIT, err);
    nf_fault_point("store.commit.after");
    if (status != NF_OK && !sqlite3_get_autocommit(db->writer))
        nf_database_step(db, NF_SQL_ROLLBACK, NULL);
    nf_history_settle(db, status == NF_OK);
    return status;
}

/* After a failure: must-writes are kept, in order, the others are told. Returns those that are told. */
static nf_write *set_apart(nf_store *store, nf_write *batch, const nf_error *err)
{
    nf_write *told = NULL, *w, *next;
    LL_FOREACH_SAFE (batch, w, next) {
        w->next = NULL;
        if (w->must) {
            LL_APPEND(store->kept, w);
        } else {
            w->result = *err;
            LL_APPEND(told, w);
        }
    }
    return told;
}

static size_t work_batch(nf_store *store, nf_write *batch)
{
    nf_error err = {0};
    bool was_failing = atomic_load(&store->failing);
    if (store->kept) { /* the oldest first */
        nf_write *kept = store->kept;
        store->kept = NULL;
        LL_CONCAT(kept, batch);
        batch = kept;
    }
    nf_status status = commit(store, batch, &err);
    if (status != NF_OK)
        batch = set_apart(store, batch, &err);
    if (was_failing != (status != NF_OK)) {
        atomic_store(&store->failing, status != NF_OK);
        if (status != NF_OK)
            nf_log_error("store", "%s: %s; new events are refused with 503 until it works again",
                         store->db.path, err.text);
        else
            nf_log_info("store", "%s: writing works again", store->db.path);
    }
    nf_write *last = batch;
    size_t count = 1;
    for (; last && last->next; count++)
        last = last->next;
    pthread_mutex_lock(&store->mutex);
    append(&store->finished, &store->finished_last, batch, last);
    pthread_mutex_unlock(&store->mutex);
    nf_fault_point("store.finished");
    uv_async_send(&store->wake_loop);
    if (status == NF_OK)
        nf_history_trim(&store->db); /* those who wait for this group have been told */
    return count;
}

/* Let more writes come, if many came with the last commit. With the mutex, which is released meanwhile. */
static void gather(nf_store *store, size_t written)
{
    const struct timespec wait = {.tv_nsec = WAIT_US * 1000};
    if (written < MANY_WRITES || atomic_load(&store->under_way) < MANY_RUNS)
        return;
    for (int i = 0; i < WAITS && store->queued < ENOUGH_WRITES && !store->stop; i++) {
        pthread_mutex_unlock(&store->mutex);
        nanosleep(&wait, NULL);
        pthread_mutex_lock(&store->mutex);
    }
}

static void wait_for_work(nf_store *store)
{
    bool retry = store->kept || atomic_load(&store->failing);
    uint64_t ms = retry ? RETRY_MS : nf_trim_wait_ms(&store->db);
    if (!ms) {
        pthread_cond_wait(&store->wake_thread, &store->mutex);
        return;
    }
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)(ms / 1000);
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&store->wake_thread, &store->mutex, &until);
}

static void *thread_main(void *ctx)
{
    nf_store *store = ctx;
    pthread_mutex_lock(&store->mutex);
    for (;;) {
        if (!store->queue && !store->stop && !nf_history_trimming(&store->db))
            wait_for_work(store);
        nf_write *batch = store->queue;
        store->queue = store->queue_last = NULL;
        store->queued = 0;
        if (!batch && store->stop)
            break;
        if (!batch && !store->kept && !atomic_load(&store->failing)) {
            pthread_mutex_unlock(&store->mutex);
            nf_history_trim(&store->db);
            pthread_mutex_lock(&store->mutex);
            continue;
        }
        pthread_mutex_unlock(&store->mutex);
        size_t written = work_batch(store, batch);
        pthread_mutex_lock(&store->mutex);
        gather(store, written);
    }
    pthread_mutex_unlock(&store->mutex);
    if (store
            ->kept) /* the last try; what fails now is found again as an open run after the next start */
        work_batch(store, NULL);
    return NULL;
}

/* ---- the loop's side ---- */

void nf_store_expect(nf_store *store, unsigned under_way)
{
    atomic_store(&store->under_way, under_way);
}

static void hand_over(void *ctx)
{
    nf_store *store = ctx;
    if (!store->fresh)
        return;
    pthread_mutex_lock(&store->mutex);
    append(&store->queue, &store->queue_last, store->fresh, store->fresh_last);
    store->queued += store->fresh_count;
    pthread_cond_signal(&store->wake_thread);
    pthread_mutex_unlock(&store->mutex);
    store->fresh = store->fresh_last = NULL;
    store->fresh_count = 0;
}

static void report(nf_store *store)
{
    pthread_mutex_lock(&store->mutex);
    nf_write *w = store->finished;
    store->finished = store->finished_last = NULL;
    pthread_mutex_unlock(&store->mutex);
    while (w) {
        nf_write *next = w->next;
        nf_fault_point("store.done.before");
        if (w->done)
            w->done(w->ctx, w->result.status == NF_OK ? NULL : &w->result);
        nf_fault_point("store.done.after");
        free(w);
        w = next;
    }
}

static void on_wake(uv_async_t *async)
{
    report(async->data);
}

nf_write *nf_store_enqueue(nf_store *store,
                           nf_status (*apply)(nf_database *, const nf_write *, nf_error *),
                           nf_store_done *done, void *ctx)
{
    nf_write *w = nf_realloc(NULL, sizeof *w);
    memset(w, 0, offsetof(nf_write, result.text) + 1);
    nf_fault_point("store.queued");
    w->apply = apply;
    w->done = done;
    w->ctx = ctx;
    append(&store->fresh, &store->fresh_last, w, w);
    store->fresh_count++;
    return w;
}

static int64_t highest_id(sqlite3 *db)
{
    static const char sql[] =
        "SELECT max((SELECT ifnull(max(id),0) FROM event), (SELECT ifnull(max(id),0) FROM run),"
        " (SELECT ifnull(max(id),0) FROM subscription), (SELECT ifnull(max(id),0) FROM sign_in))";
    sqlite3_stmt *statement = NULL;
    int64_t id = 0;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK
        && sqlite3_step(statement) == SQLITE_ROW)
        id = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return id;
}

nf_status nf_store_open(nf_loop *loop, const char *folder, nf_store **out, nf_error *err)
{
    nf_store *store = nf_alloc(sizeof *store);
    nf_status status = nf_database_open(&store->db, folder, err);
    if (status != NF_OK) {
        nf_database_close(&store->db);
        free(store);
        return status;
    }
    store->loop = loop;
    store->next_id = highest_id(store->db.writer);
    store->hook = (nf_end_hook){.run = hand_over, .ctx = store};
    nf_loop_before_sleep(loop, &store->hook);
    uv_async_init(&loop->uv, &store->wake_loop, on_wake);
    uv_unref((uv_handle_t *)&store->wake_loop);
    store->wake_loop.data = store;
    pthread_mutex_init(&store->mutex, NULL);
    pthread_cond_init(&store->wake_thread, NULL);
    if (pthread_create(&store->thread, NULL, thread_main, store) != 0)
        nf_bug("the store's thread could not be started");
    *out = store;
    return NF_OK;
}

static void free_store(uv_handle_t *handle)
{
    free(handle->data);
}

static void drop_write(nf_store *store, nf_write *w)
{
    if (w->apply == nf_apply_open_history && !nf_history_find(&store->db, w->of.history->tenant))
        nf_history_free(w->of.history);
    free(w);
}

void nf_store_close(nf_store *store)
{
    if (!store)
        return;
    hand_over(store);
    pthread_mutex_lock(&store->mutex);
    store->stop = true;
    pthread_cond_signal(&store->wake_thread);
    pthread_mutex_unlock(&store->mutex);
    pthread_join(store->thread, NULL);
    report(store);
    nf_write *w, *next;
    LL_FOREACH_SAFE (store->kept, w,
                     next) { /* the disk never came back: the owners still get their memory back */
        if (w->done)
            w->done(w->ctx,
                    &(nf_error){.status = NF_E_STORE, .text = "the database could not be written"});
        drop_write(store, w);
    }
    LL_FOREACH_SAFE (store->fresh, w,
                     next) /* from the callbacks above; nobody waits for them any more */
        drop_write(store, w);
    nf_loop_forget(store->loop, &store->hook);
    nf_database_close(&store->db);
    pthread_mutex_destroy(&store->mutex);
    pthread_cond_destroy(&store->wake_thread);
    uv_close((uv_handle_t *)&store->wake_loop, free_store);
}

bool nf_store_failing(const nf_store *store)
{
    return atomic_load(&store->failing);
}

int64_t nf_store_new_id(nf_store *store)
{
    return ++store->next_id;
}

nf_database *nf_store_database(nf_store *store)
{
    return &store->db;
}

nf_loop *nf_store_loop(nf_store *store)
{
    return store->loop;
}
