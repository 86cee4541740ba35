/* SPDX-License-Identifier: Apache-2.0 */
/* test_event.c: see test_event.h. */
#include "cli/test_event.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/suggest.h"
#include "nimbus/catalog.h"
#include "tenant/flows.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LARGEST_EVENT = 1 << 20, MOST_FIELDS = 256 };

/* ---- reading ---- */

static json_t *read_file(const nf_test_case *test, const char *name, nf_error *err)
{
    const char *slash = strrchr(test->file, '/');
    char *path = name[0] == '/' || !slash
                     ? nf_strdup(name)
                     : nf_format("%.*s/%s", (int)(slash - test->file), test->file, name);
    char *text = NULL;
    size_t len;
    json_t *event = NULL;
    if (nf_file_read(path, LARGEST_EVENT, &text, &len, err) == NF_OK) {
        event = nf_json_parse(text, len, err);
        nf_error_prefix(err, "%s", path);
    }
    nf_error_prefix(err, "event");
    free(text);
    free(path);
    return event;
}

static nf_status check_fields(const nf_param *params, const json_t *value, nf_error *err);

static nf_status check_field(const nf_param *params, const char *name, const json_t *value,
                             nf_error *err)
{
    const char *known[MOST_FIELDS + 1];
    size_t n = 0;
    for (const nf_param *p = params; p->name && n < MOST_FIELDS; p++) {
        if (strcasecmp(p->name, name) == 0)
            return p->fields ? check_fields(p->fields, value, err) : NF_OK;
        known[n++] = p->name;
    }
    known[n] = NULL;
    return nf_suggest_error(err, NF_E_ARG, "field", name, known);
}

static nf_status check_fields(const nf_param *params, const json_t *value, nf_error *err)
{
    const char *name;
    json_t *item;
    size_t i;
    json_object_foreach ((json_t *)value, name, item)
        check_field(params, name, item, err);
    json_array_foreach ((json_t *)value, i, item)
        check_fields(params, item, err);
    return err->status;
}

json_t *nf_test_event(const nf_test_case *test, const nf_handler *handler, nf_error *err)
{
    const json_t *given = json_object_get(test->what, "event");
    const nf_param *fields = handler->trigger->event;
    if (json_is_string(given))
        return read_file(test, json_string_value(given), err); /* as it came, whatever is in it */
    if (given && !json_is_object(given))
        nf_error_set(err, NF_E_ARG, "a table or the name of a file is expected");
    else if (given && fields)
        check_fields(fields, given, err);
    nf_error_prefix(err, "event");
    return err->status == NF_OK ? given ? json_incref((json_t *)given) : json_object() : NULL;
}

/* ---- filters ---- */

static const json_t *field_of(const json_t *event, const char *field)
{
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)event, name, value) {
        if (strcasecmp(name, field) == 0)
            return json_is_null(value) ? NULL : value;
    }
    return NULL;
}

/* The value as filters compare it; owned by the caller. */
static char *text_of(const json_t *value)
{
    return json_is_string(value) ? nf_strdup(json_string_value(value)) : nf_json_text(value);
}

static bool one_of(const json_t *wanted, const json_t *value)
{
    char *text = text_of(value);
    bool found = false;
    size_t i;
    json_t *item;
    json_array_foreach ((json_t *)wanted, i, item) {
        const char *one = json_string_value(item);
        found = found || (one && (strcmp(one, "*") == 0 || nf_words_alike(one, text)));
    }
    free(text);
    return found;
}

char *nf_test_event_misfit(const nf_handler *handler, const json_t *event)
{
    const char *name;
    json_t *wanted;
    for (const nf_filter *f = handler->trigger->filters; f && f->name; f++) {
        const json_t *values = json_object_get(handler->filters, f->name),
                     *value = field_of(event, f->field);
        if (values && value && !one_of(values, value))
            return nf_strdup(f->name);
    }
    json_object_foreach (handler->where, name, wanted) {
        const json_t *value = field_of(event, name);
        if (value && !one_of(wanted, value))
            return nf_format("where.%s", name);
    }
    return NULL;
}
