/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lists.c: look-ups. A look-up is tried at once; what it lacks (the file, an index) is set under
 * way, and it is tried again whenever something of its file has ended.
 */
#include "act/lists_file.h"

#include "base/alloc.h"
#include "base/macros.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <utlist.h>

enum { PREPARED_MAX = 4 << 20, PREPARED_FILES = 16 };

nf_lists *nf_lists_new(nf_loop *loop, const char *reader)
{
    nf_lists *lists = nf_alloc(sizeof *lists);
    lists->loop = loop;
    lists->reader = nf_strdup(reader);
    return lists;
}

void nf_lists_free(nf_lists *lists)
{
    if (!lists)
        return;
    if (lists->queue || lists->reading)
        nf_bug("lists freed before their folders");
    free(lists->reader);
    free(lists);
}

nf_list_folder *nf_list_folder_new(nf_lists *lists, const char *dir, const char *country)
{
    nf_list_folder *folder = nf_alloc(sizeof *folder);
    folder->lists = lists;
    folder->dir = nf_strdup(dir);
    folder->country = nf_strdup(country);
    return folder;
}

void nf_list_folder_free(nf_list_folder *folder)
{
    nf_list_file *file, *next;
    if (!folder)
        return;
    HASH_ITER (hh, folder->files, file, next) {
        HASH_DEL(folder->files, file);
        nf_list_file_free(file);
    }
    free(folder->dir);
    free(folder->country);
    free(folder);
}

static void end_with_error(nf_find *find, nf_error *err, const char *name)
{
    if (strncmp(err->text, name, strlen(name)) != 0)
        nf_error_prefix(err, "%s", name);
    find->done(find->ctx, err, NULL);
}

static void end_with_row(nf_find *find, const nf_book *book, const nf_list_index *index)
{
    nf_list_match match = {0};
    nf_strbuf row = nf_strbuf_new(SIZE_MAX / 2);
    long found =
        nf_list_index_find(book, index, &find->key, find->file->folder->country, &match.matches);
    if (found >= 0) {
        nf_table_row_json(book, index->table, (size_t)found, &row);
        match.row = nf_strbuf_text(&row);
        match.row_len = row.len;
    }
    find->done(find->ctx, NULL, &match);
    nf_strbuf_release(&row);
}

/* True when the look-up has ended. */
static bool try_find(nf_find *find)
{
    nf_list_file *file = find->file;
    nf_error err = {0};
    nf_list_index *index = NULL;
    if (!file->book && nf_list_file_busy(file))
        return false;
    if (!file->book)
        err = file->err;
    const nf_table *table =
        err.status ? NULL : nf_book_table(file->book, find->query.table, find->query.sheet, &err);
    long column = table ? nf_table_column(table, find->query.column, &err) : -1;
    if (column >= 0 && !nf_list_file_index(file, table, (size_t)column, &index, &err))
        return false;
    if (err.status) {
        end_with_error(find, &err, file->name);
    } else {
        nf_book *book = nf_book_ref(file->book); /* the callback may lead to another version */
        end_with_row(find, book, index);
        nf_book_unref(book);
    }
    return true;
}

static nf_find *keep_waiting(const nf_find *find)
{
    nf_find *waiter = nf_alloc(sizeof *waiter);
    *waiter = *find;
    waiter->query = (nf_list_query){
        .column = nf_strdup(find->query.column),
        .table = nf_strdup(find->query.table),
        .sheet = nf_strdup(find->query.sheet),
    };
    waiter->round = find->file->round;
    DL_APPEND(find->file->waiters, waiter);
    return waiter;
}

static void free_find(nf_find *find)
{
    free((char *)find->query.column);
    free((char *)find->query.table);
    free((char *)find->query.sheet);
    nf_list_key_release(&find->key);
    free(find);
}

void nf_lists_forget(nf_find *find)
{
    DL_DELETE(find->file->waiters, find);
    free_find(find);
}

void nf_list_cancel(nf_list_file *file)
{
    nf_error err = {0};
    nf_error_set(&err, NF_E_CANCELLED, "%s: the lists are being closed", file->name);
    while (file->waiters) {
        nf_find *find = file->waiters;
        DL_DELETE(file->waiters, find);
        find->done(find->ctx, &err, NULL);
        free_find(find);
    }
}

void nf_list_wake(nf_list_file *file)
{
    unsigned round = ++file->round;
    for (nf_find *find = file->waiters; find;) {
        if (find->round == round) {
            find = find->next;
            continue;
        }
        find->round = round;
        DL_DELETE(file->waiters,
                  find); /* out of the list first: the callback may change the list */
        if (try_find(find))
            free_find(find);
        else
            DL_APPEND(file->waiters, find);
        find = file->waiters;
    }
}

static bool worth_preparing(const char *dir, const char *name)
{
    const char *dot = strrchr(name, '.');
    struct stat st;
    char *path = nf_format("%s/%s", dir, name);
    bool small = stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= PREPARED_MAX;
    free(path);
    return small && name[0] != '.' && dot
           && (strcmp(dot, ".xlsx") == 0 || strcmp(dot, ".csv") == 0);
}

void nf_lists_prepare(nf_list_folder *folder)
{
    DIR *dir = opendir(folder->dir);
    unsigned count = 0;
    for (struct dirent *entry; dir && count < PREPARED_FILES && (entry = readdir(dir));) {
        nf_error err = {0}; /* what is wrong with a file is told when it is asked for */
        if (worth_preparing(folder->dir, entry->d_name)
            && nf_list_file_get(folder, entry->d_name, &err))
            count++;
    }
    if (dir)
        closedir(dir);
}

nf_find *nf_lists_find(nf_list_folder *folder, const nf_list_query *query, nf_list_done *done,
                       void *ctx)
{
    nf_error err = {0};
    nf_find find = {.query = *query, .done = done, .ctx = ctx};
    find.file = nf_list_file_get(folder, query->file, &err);
    if (!find.file) {
        done(ctx, &err, NULL);
        return NULL;
    }
    bool has_key = nf_list_key_of_json(&find.key, query->value, folder->country);
    if (!has_key && (json_is_object(query->value) || json_is_array(query->value))) {
        nf_error_set(&err, NF_E_ARG, "the value to look up must be a text, a number or a boolean");
        done(ctx, &err, NULL);
    } else if (!try_find(&find)) {
        return keep_waiting(&find);
    }
    nf_list_key_release(&find.key);
    return NULL;
}

json_t *nf_list_match_json(const nf_list_match *match)
{
    json_t *row = match->row ? json_loadb(match->row, match->row_len, 0, NULL) : NULL;
    if (!row)
        return json_null();
    return json_pack("{s:o, s:I}", "row", row, "matches", (json_int_t)match->matches);
}
