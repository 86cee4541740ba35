/* SPDX-License-Identifier: Apache-2.0 */
/* catalog.c: see catalog.h. One list per path; a list is an array of {value, display name}. */
#include "nimbus/catalog.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/suggest.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { MOST_VALUES = 10000, MOST_SUGGESTED = 512 };

struct entry {
    char *value, *name;
};

struct list {
    char *path;
    struct entry *entries;
    size_t count;
    nf_error refusal; /* of the last fetch, if Nimbus says no */
    nf_catalog *catalog;
    nf_nimbus_request *request;
    struct list *next;
};

struct nf_catalog {
    nf_nimbus *nimbus;
    struct list *lists;
    unsigned pending;
    nf_error error;
    void (*done)(void *ctx, const nf_error *err);
    void *ctx;
};

nf_catalog *nf_catalog_new(nf_nimbus *nimbus)
{
    nf_catalog *catalog = nf_alloc(sizeof *catalog);
    catalog->nimbus = nimbus;
    return catalog;
}

static void free_entries(struct list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->entries[i].value);
        free(list->entries[i].name);
    }
    free(list->entries);
    list->entries = NULL;
    list->count = 0;
}

void nf_catalog_free(nf_catalog *catalog)
{
    struct list *list, *next;
    if (!catalog)
        return;
    LL_FOREACH_SAFE (catalog->lists, list, next) {
        if (list->request)
            nf_nimbus_cancel(list->request);
        free_entries(list);
        free(list->path);
        free(list);
    }
    free(catalog);
}

static struct list *find_list(const nf_catalog *catalog, const char *path)
{
    struct list *list;
    LL_FOREACH (catalog->lists, list) {
        if (strcmp(list->path, path) == 0)
            return list;
    }
    return NULL;
}

/* A list is strings, or objects {name, value}. */
static bool read_entry(const json_t *item, struct entry *entry)
{
    const char *value =
        json_is_string(item) ? json_string_value(item) : nf_json_string(item, "value");
    const char *name = json_is_string(item) ? value : nf_json_string(item, "name");
    if (!value)
        return false;
    entry->value = nf_strdup(value);
    entry->name = nf_strdup(name ? name : value);
    return true;
}

static nf_status take_list(struct list *list, const nf_reply *reply, nf_error *err)
{
    json_t *answer = nf_json_parse(reply->body, reply->len, err);
    size_t count = json_array_size(answer), i;
    nf_status status = err->status;
    if (status == NF_OK && (!json_is_array(answer) || count > MOST_VALUES))
        status = nf_error_set(err, NF_E_PROTOCOL, "a list of at most %d values was expected",
                              MOST_VALUES);
    if (status == NF_OK) {
        free_entries(list);
        list->entries = nf_alloc((count + 1) * sizeof *list->entries);
        for (i = 0; i < count; i++) {
            if (read_entry(json_array_get(answer, i), &list->entries[list->count]))
                list->count++;
        }
    }
    json_decref(answer);
    return status;
}

static bool is_refusal(const nf_error *err)
{
    return err->status == NF_E_DENIED || err->status == NF_E_NOT_FOUND;
}

static void on_list(void *ctx, const nf_error *failure, const nf_reply *reply, const char *location)
{
    struct list *list = ctx;
    nf_catalog *catalog = list->catalog;
    nf_error err = {0};
    (void)location;
    list->request = NULL;
    if (failure)
        err = *failure;
    else if (reply->status != 200)
        nf_nimbus_reply_error("GET", list->path, reply, false, &err);
    else if (take_list(list, reply, &err) != NF_OK)
        nf_error_prefix(&err, "GET %s", list->path);
    list->refusal = is_refusal(&err) ? err : (nf_error){0};
    if (err.status != NF_OK && (catalog->error.status == NF_OK || is_refusal(&catalog->error)))
        catalog->error = err;
    if (--catalog->pending == 0)
        catalog->done(catalog->ctx, catalog->error.status == NF_OK ? NULL : &catalog->error);
}

static void fetch_list(nf_catalog *catalog, const char *path)
{
    struct list *list = find_list(catalog, path);
    if (!list) {
        list = nf_alloc(sizeof *list);
        list->path = nf_strdup(path);
        list->catalog = catalog;
        LL_APPEND(catalog->lists, list);
    }
    if (list->request)
        return;
    catalog->pending++;
    list->request = nf_nimbus_send(catalog->nimbus, "GET", path, NULL, NF_READ, on_list, list);
}

void nf_catalog_fetch(nf_catalog *catalog, const nf_trigger *const *triggers,
                      void (*done)(void *ctx, const nf_error *err), void *ctx)
{
    catalog->done = done;
    catalog->ctx = ctx;
    catalog->error = (nf_error){0};
    for (; *triggers; triggers++) {
        for (const nf_filter *filter = (*triggers)->filters; filter->name; filter++) {
            if (filter->list)
                fetch_list(catalog, filter->list);
        }
    }
    if (catalog->pending == 0)
        done(ctx, NULL);
}

const nf_error *nf_catalog_refusal(const nf_catalog *catalog, const char *path)
{
    const struct list *list = find_list(catalog, path);
    return list && list->refusal.status != NF_OK ? &list->refusal : NULL;
}

bool nf_words_alike(const char *a, const char *b)
{
    for (;;) {
        while (*a == ' ')
            a++;
        while (*b == ' ')
            b++;
        if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
            return false;
        if (!*a)
            return true;
        a++;
        b++;
    }
}

const char *nf_catalog_resolve(const nf_catalog *catalog, const char *path, const char *what,
                               const char *text, nf_error *err)
{
    const struct list *list = find_list(catalog, path);
    const char *known[MOST_SUGGESTED + 1];
    size_t n = 0;
    for (size_t i = 0; list && i < list->count; i++) {
        if (nf_words_alike(list->entries[i].value, text)
            || nf_words_alike(list->entries[i].name, text))
            return list->entries[i].value;
        if (n < MOST_SUGGESTED)
            known[n++] = list->entries[i].value;
    }
    known[n] = NULL;
    nf_suggest_error(err, NF_E_NOT_FOUND, what, text, known);
    return NULL;
}

bool nf_catalog_has(const nf_catalog *catalog, const char *path)
{
    const struct list *list = find_list(catalog, path);
    return list && list->entries;
}

size_t nf_catalog_count(const nf_catalog *catalog, const char *path)
{
    const struct list *list = find_list(catalog, path);
    return list ? list->count : 0;
}

const char *nf_catalog_value(const nf_catalog *catalog, const char *path, size_t index)
{
    const struct list *list = find_list(catalog, path);
    return list && index < list->count ? list->entries[index].value : NULL;
}
