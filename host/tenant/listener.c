/* SPDX-License-Identifier: Apache-2.0 */
/* listener.c: see listener.h. */
#include "tenant/listener.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/suggest.h"
#include "tenant/webhook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Without case, since events are compared so; the order of equal ones must be fixed all the same. */
static int by_text(const void *a, const void *b)
{
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    int order = strcasecmp(x, y);
    return order ? order : strcmp(x, y);
}

static int by_word(const void *a, const void *b)
{
    return strcasecmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_value(char **list, size_t *count, const char *value)
{
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(list[i], value) == 0)
            return;
    }
    list[(*count)++] = nf_strdup(value);
}

/* The singular of a filter's name, for messages: "services" -> "service", "modalities" -> "modality". */
static void singular(const char *name, char *out, size_t size)
{
    size_t n = strlen(name);
    bool ies = n > 3 && strcmp(name + n - 3, "ies") == 0;
    size_t keep = ies ? n - 3 : n > 1 ? n - 1 : n;
    snprintf(out, size, "%.*s%s", (int)keep, name, ies ? "y" : "");
}

static size_t longest(const json_t *wanted, const nf_catalog *catalog, const nf_filter *filter)
{
    return json_array_size(wanted) + (filter->list ? nf_catalog_count(catalog, filter->list) : 0)
           + 2;
}

/* The value for a word of a filter that Nimbus lists nothing for, or NULL with `err` set. */
static const char *resolve_word(const nf_filter *filter, const char *what, const char *word,
                                nf_error *err)
{
    size_t i = 0;
    while (filter->choices && filter->choices[i] && !nf_words_alike(filter->choices[i], word))
        i++;
    if (!filter->choices)
        return word;
    if (!filter->choices[i])
        nf_suggest_error(err, NF_E_NOT_FOUND, what, word, filter->choices);
    return filter->choices[i];
}

static const char *resolve_value(const nf_catalog *catalog, const nf_filter *filter,
                                 const char *what, const char *word, nf_error *err)
{
    const nf_error *refusal = filter->list ? nf_catalog_refusal(catalog, filter->list) : NULL;
    if (!filter->list)
        return resolve_word(filter, what, word, err);
    if (!refusal)
        return nf_catalog_resolve(catalog, filter->list, what, word, err);
    *err = *refusal;
    return NULL;
}

/* The list of values for one filter, sorted; "*" stands for all that Nimbus lists. */
static nf_status resolve_filter(nf_listener *l, size_t index, const json_t *wanted,
                                const nf_catalog *catalog, nf_error *err)
{
    const nf_filter *filter = &l->handler->trigger->filters[index];
    char what[64];
    size_t count = 0, i;
    const json_t *item;
    singular(filter->name, what, sizeof what);
    char **list = nf_alloc(longest(wanted, catalog, filter) * sizeof *list);
    l->values[index] = list;
    if (!filter->list && json_array_size(wanted) == 1
        && strcmp(json_string_value(json_array_get(wanted, 0)), "*") == 0) {
        free(list);
        l->values[index] = NULL; /* everything */
        return NF_OK;
    }
    json_array_foreach ((json_t *)wanted, i, item) {
        const char *text = json_string_value(item);
        if (text && filter->list && strcmp(text, "*") == 0
            && !nf_catalog_refusal(catalog, filter->list)) {
            for (size_t k = 0; k < nf_catalog_count(catalog, filter->list); k++)
                add_value(list, &count, nf_catalog_value(catalog, filter->list, k));
            continue;
        }
        const char *value = resolve_value(catalog, filter, what, text ? text : "", err);
        if (!value) {
            nf_error_prefix(err, "%s:%d: %s", nf_version_file(l->version), l->handler->line,
                            filter->name);
            return err->status;
        }
        add_value(list, &count, value);
    }
    if (count)
        qsort(list, count, sizeof *list, by_text);
    l->counts[index] = count;
    return NF_OK;
}

static void add_to_registration(json_t *config, const nf_filter *filter, char *const *values)
{
    json_t *list = json_array();
    for (; values && *values; values++)
        json_array_append_new(list, json_string(*values));
    json_object_set_new(config, filter->wire, list);
}

static nf_status resolve(nf_listener *l, const nf_catalog *catalog, json_t *config, nf_error *err)
{
    const nf_handler *handler = l->handler;
    for (size_t i = 0; i < NF_EVENT_FILTERS && handler->trigger->filters[i].name; i++) {
        const nf_filter *filter = &handler->trigger->filters[i];
        const json_t *wanted = json_object_get(handler->filters, filter->name);
        if (!wanted)
            continue;
        nf_status status = resolve_filter(l, i, wanted, catalog, err);
        if (status != NF_OK)
            return status;
        if (filter->required && !l->values[i][0])
            return nf_error_set(
                err, NF_E_DENIED,
                "%s:%d: %s: Nimbus lists none for this connection; check its role and "
                "organization unit",
                nf_version_file(l->version), handler->line, filter->name);
        if (filter->wire)
            add_to_registration(config, filter, l->values[i]);
    }
    return NF_OK;
}

nf_listener *nf_listener_new(const nf_handler *handler, nf_connection *connection, nf_error *err)
{
    nf_listener *l = nf_alloc(sizeof *l);
    json_t *config = json_object();
    l->handler = handler;
    l->connection = connection;
    l->version = nf_version_ref(handler->version);
    nf_status status = resolve(l, connection ? connection->catalog : NULL, config, err);
    if (status == NF_OK) {
        l->registration = json_dumps(config, JSON_COMPACT | JSON_SORT_KEYS);
    } else {
        nf_listener_free(l);
        l = NULL;
    }
    json_decref(config);
    return l;
}

void nf_listener_free(nf_listener *l)
{
    if (!l)
        return;
    for (size_t i = 0; i < NF_EVENT_FILTERS; i++) {
        for (char **value = l->values[i]; value && *value; value++)
            free(*value);
        free(l->values[i]);
    }
    nf_webhook_free(l->webhook);
    free(l->registration);
    nf_version_unref(l->version);
    free(l);
}

static bool in_list(char *const *list, size_t count, const char *value)
{
    return count && bsearch(&value, list, count, sizeof *list, by_word);
}

/* Is each field that `where` names one of its values? */
static bool fits_where(const json_t *where, const nf_event *event, const char **which)
{
    const char *field;
    json_t *values, *value;
    json_object_foreach ((json_t *)where, field, values) {
        char *has = nf_event_field(event, field);
        bool fits = false;
        size_t i;
        json_array_foreach (values, i, value)
            fits = fits || (has && strcasecmp(has, json_string_value(value)) == 0);
        free(has);
        if (!fits) {
            if (which)
                *which = field;
            return false;
        }
    }
    return true;
}

bool nf_listener_wants(const nf_listener *l, const nf_event *event, const char **which)
{
    const nf_filter *filters = l->handler->trigger->filters;
    for (size_t i = 0; i < NF_EVENT_FILTERS && filters[i].name; i++) {
        if (l->values[i]
            && !(event->values[i] && in_list(l->values[i], l->counts[i], event->values[i]))) {
            if (which)
                *which = filters[i].name;
            return false;
        }
    }
    return fits_where(l->handler->where, event, which);
}

bool nf_handler_fits(const nf_handler *handler, const nf_event *event)
{
    if (!nf_event_plausible(event))
        return false;
    const nf_filter *filters = handler->trigger->filters;
    for (size_t i = 0; i < NF_EVENT_FILTERS && filters[i].name; i++) {
        const json_t *wanted = json_object_get(handler->filters, filters[i].name), *item;
        size_t k;
        bool fits = !wanted;
        json_array_foreach ((json_t *)wanted, k, item) {
            const char *text = json_string_value(item);
            fits = fits || (text && strcmp(text, "*") == 0)
                   || (text && event->values[i] && nf_words_alike(text, event->values[i]));
        }
        if (!fits)
            return false;
    }
    return fits_where(handler->where, event, NULL);
}
