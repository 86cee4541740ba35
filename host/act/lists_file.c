/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lists_file.c: the life of one file: looked at, read, indexed, replaced.
 *
 * Reading is done by children (two at a time for the whole process), indexes of large tables are
 * made on libuv's threads. Before a new version takes the place of an old one, the indexes that the
 * old one had are made for it, so that no look-up waits for them.
 */
#include "act/lists_file.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "log/log.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

enum {
    READERS = 2,        /* at the same time */
    SMALL_TABLE = 5000, /* rows that are indexed at once: about 2 ms */
    CHECK_MS = 1000,
    RETRY_MS = 10000, /* after a failure that has nothing to do with the file */
    JOB_INDEXES = 64,
};

/* Work for another thread: some indexes of one book. `file` is NULL when the file was freed
 * meanwhile. */
typedef struct nf_index_job {
    uv_work_t work;
    nf_list_file *file;
    nf_book *book;
    bool install; /* then the book takes the place of the file's */
    char *country;
    size_t count;
    struct {
        const nf_table *table;
        size_t column;
        nf_list_index *index;
    } wanted[JOB_INDEXES];
} nf_index_job;

static void start_reading(nf_list_file *file);

bool nf_list_file_busy(const nf_list_file *file)
{
    return file->load || file->queued || file->job;
}

/* ---- indexes ---- */

static void make_indexes(uv_work_t *work)
{
    nf_index_job *job = work->data;
    for (size_t i = 0; i < job->count; i++)
        job->wanted[i].index = nf_list_index_make(job->book, job->wanted[i].table,
                                                  job->wanted[i].column, job->country);
}

static void install(nf_list_file *file, nf_book *book)
{
    nf_book_unref(file->book);
    file->book = book;
    file->err = (nf_error){0};
}

static void after_indexes(uv_work_t *work, int status)
{
    nf_index_job *job = work->data;
    nf_list_file *file = job->file;
    nf_error err = {0};
    (void)status;
    for (size_t i = 0; i < job->count; i++)
        if (job->wanted[i].index)
            nf_book_add_index(job->book, job->wanted[i].index, &err);
    if (file) {
        file->job = NULL;
        if (job->install)
            install(file, nf_book_ref(job->book));
        if (err.status)
            nf_log_error("lists", "%s/%s: %s", file->folder->dir, file->name, err.text);
        nf_list_wake(file);
    }
    nf_book_unref(job->book);
    free(job->country);
    free(job);
}

/* A job without work yet; the caller adds what is wanted and then calls run_job. */
static nf_index_job *new_job(nf_list_file *file, nf_book *book)
{
    nf_index_job *job = nf_alloc(sizeof *job);
    job->work.data = job;
    job->file = file;
    job->book = nf_book_ref(book);
    job->country = nf_strdup(file->folder->country);
    return job;
}

static void want(nf_index_job *job, const nf_table *table, size_t column)
{
    if (job->count == JOB_INDEXES)
        return;
    job->wanted[job->count].table = table;
    job->wanted[job->count++].column = column;
}

static void run_job(nf_index_job *job)
{
    job->file->job = job;
    uv_queue_work(&job->file->folder->lists->loop->uv, &job->work, make_indexes, after_indexes);
}

bool nf_list_file_index(nf_list_file *file, const nf_table *table, size_t column,
                        nf_list_index **index, nf_error *err)
{
    *index = nf_book_index(file->book, table, column);
    if (*index)
        return true;
    if (table->rows <= SMALL_TABLE) {
        nf_list_index *made = nf_list_index_make(file->book, table, column, file->folder->country);
        if (nf_book_add_index(file->book, made, err) == NF_OK)
            *index = made;
        return true;
    }
    size_t room = file->book->limit - NF_MIN(file->book->limit, file->book->bytes);
    if (room / (4 * sizeof(nf_list_slot)) < table->rows) {
        nf_error_set(err, NF_E_LIMIT, "an index of %zu rows does not fit into the %d MiB for lists",
                     table->rows, NF_LISTS_MEMORY_MAX >> 20);
        return true;
    }
    if (!file->job) {
        nf_index_job *job = new_job(file, file->book);
        want(job, table, column);
        run_job(job);
    }
    return false;
}

/* ---- reading ---- */

/* Memory that a new version of this file may take. */
static size_t memory_left(const nf_list_file *file)
{
    size_t used = 0;
    for (nf_list_file *other = file->folder->files; other; other = other->hh.next)
        if (other != file && other->book)
            used += other->book->bytes;
    return used < NF_LISTS_MEMORY_MAX ? NF_LISTS_MEMORY_MAX - used : 0;
}

static void start_next(nf_lists *lists)
{
    while (lists->queue && lists->reading < READERS) {
        nf_list_file *file = lists->queue;
        DL_DELETE2(lists->queue, file, queue_prev, queue_next);
        file->queued = false;
        start_reading(file);
        if (!file->load)
            nf_list_wake(file);
    }
}

static void note_failure(nf_list_file *file, const nf_error *err)
{
    nf_log_error("lists", "%s (in %s)%s", err->text, file->folder->dir,
                 file->book ? "; the version read before stays in use" : "");
    file->err = *err;
    if (nf_status_retryable(err->status)) {
        file->version = (nf_file_version){0};
        file->next_check_ms = uv_now(&file->folder->lists->loop->uv) + RETRY_MS;
    }
}

/* Make for `book` the indexes that the old version has, then install it. */
static void prepare(nf_list_file *file, nf_book *book)
{
    nf_index_job *job = new_job(file, book);
    job->install = true;
    for (nf_list_index *old = file->book->indexes; old; old = old->next) {
        nf_error ignored = {0};
        const nf_table *table = nf_book_table(book, old->table->name, old->table->sheet, &ignored);
        long column =
            table ? nf_table_column(table, old->table->columns[old->column], &ignored) : -1;
        if (column >= 0)
            want(job, table, (size_t)column);
    }
    run_job(job);
    nf_book_unref(book); /* the job has it */
}

static void on_loaded(void *ctx, nf_book *book, const nf_error *err)
{
    nf_list_file *file = ctx;
    nf_lists *lists = file->folder->lists;
    file->load = NULL;
    lists->reading--;
    if (!book) {
        note_failure(file, err);
    } else {
        size_t rows = 0;
        for (size_t i = 0; i < book->table_count; i++)
            rows += book->tables[i].rows;
        nf_log_info("lists", "%s/%s: %zu rows in %zu tables", file->folder->dir, file->name, rows,
                    book->table_count);
        if (file->book && file->book->indexes && !file->job)
            prepare(file, book);
        else
            install(file, book);
    }
    start_next(lists);
    if (!file->job)
        nf_list_wake(file);
}

static void start_reading(nf_list_file *file)
{
    nf_lists *lists = file->folder->lists;
    nf_error err = {0};
    int fd = nf_list_open(file->folder->dir, file->name, &file->version, &err);
    if (fd >= 0 && file->version.size > NF_LISTS_FILE_MAX)
        nf_error_set(&err, NF_E_LIMIT, "%s is larger than %d MiB", file->name,
                     NF_LISTS_FILE_MAX >> 20);
    else if (fd >= 0)
        file->load = nf_list_load_start(lists->loop, lists->reader, fd, file->kind, file->name,
                                        memory_left(file), on_loaded, file, &err);
    if (fd >= 0)
        close(fd);
    if (file->load)
        lists->reading++;
    else
        note_failure(file, &err);
}

static void enqueue(nf_list_file *file)
{
    nf_lists *lists = file->folder->lists;
    file->queued = true;
    DL_APPEND2(lists->queue, file, queue_prev, queue_next);
    start_next(lists);
}

/* ---- looking ---- */

/* A missing file is believed at the second look: some programs save by deleting first. */
static void note_missing(nf_list_file *file, const nf_error *err)
{
    if (file->missing || !file->book) {
        nf_book_unref(file->book);
        file->book = NULL;
        file->version = (nf_file_version){0};
        file->err = *err;
    }
    file->missing = true;
}

static void check(nf_list_file *file)
{
    nf_file_version version;
    nf_error err = {0};
    uint64_t now = uv_now(&file->folder->lists->loop->uv);
    if (now < file->next_check_ms || nf_list_file_busy(file))
        return;
    file->next_check_ms = now + CHECK_MS;
    int fd = nf_list_open(file->folder->dir, file->name, &version, &err);
    if (fd < 0) {
        note_missing(file, &err);
        return;
    }
    close(fd);
    file->missing = false;
    if (!nf_file_version_equal(&version, &file->version))
        enqueue(file);
}

static nf_list_file *add_file(nf_list_folder *folder, const char *name, nf_error *err)
{
    nf_file_version version;
    const char *kind = nf_list_kind(name, err);
    if (kind && HASH_COUNT(folder->files) == NF_LISTS_FILES_MAX)
        nf_error_set(err, NF_E_LIMIT, "%s: more than %d lists of the folder %s are in use", name,
                     NF_LISTS_FILES_MAX, folder->dir);
    int fd = err->status ? -1 : nf_list_open(folder->dir, name, &version, err);
    if (fd < 0)
        return NULL;
    close(fd);
    nf_list_file *file = nf_alloc(sizeof *file);
    file->folder = folder;
    file->name = nf_strdup(name);
    file->kind = kind;
    HASH_ADD_KEYPTR(hh, folder->files, file->name, strlen(file->name), file);
    return file;
}

nf_list_file *nf_list_file_get(nf_list_folder *folder, const char *name, nf_error *err)
{
    nf_list_file *file;
    HASH_FIND_STR(folder->files, name, file);
    if (!file)
        file = add_file(folder, name, err);
    if (file)
        check(file);
    return file;
}

void nf_list_file_free(nf_list_file *file)
{
    nf_lists *lists = file->folder->lists;
    if (file->load) {
        nf_list_load_stop(file->load);
        lists->reading--;
    }
    if (file->queued)
        DL_DELETE2(lists->queue, file, queue_prev, queue_next);
    if (file->job)
        file->job->file = NULL;
    nf_list_cancel(file);
    nf_book_unref(file->book);
    free(file->name);
    free(file);
    start_next(lists);
}
