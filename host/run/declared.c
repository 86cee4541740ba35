/* SPDX-License-Identifier: Apache-2.0 */
/* declared.c: what a trigger's declaration says about the order and the number of its runs. */
#include "base/json.h"
#include "base/macros.h"
#include "base/suggest.h"
#include "run/internal.h"

#include <string.h>

enum { MOST_AT_A_TIME = 10000, MOST_KEY_FIELDS = 8 };

static const char *const modes[] = {
#define X(name, text, doc) text,
    NF_MODE_MAP(X)
#undef X
        NULL,
};

static const char *const priorities[] = {"call", "chat", "mail", "batch", NULL};

/* Which of `words` it is, from 0; -1 with the error set. */
static int choice(const char *what, const char *word, const char *const *words, nf_error *err)
{
    for (int i = 0; words[i]; i++) {
        if (strcmp(words[i], word) == 0)
            return i;
    }
    nf_suggest_error(err, NF_E_CONFIG, what, word, words);
    return -1;
}

static nf_status read_number(const json_t *declared, const char *name, unsigned *number,
                             nf_error *err)
{
    const json_t *value = json_object_get(declared, name);
    if (!value)
        return NF_OK;
    json_int_t n = json_integer_value(value);
    if (n < 1 || n > MOST_AT_A_TIME)
        return nf_error_set(err, NF_E_CONFIG, "%s must be a whole number from 1 to %d", name,
                            MOST_AT_A_TIME);
    *number = (unsigned)n;
    return NF_OK;
}

static nf_status read_key(nf_handler *handler, const json_t *declared, nf_error *err)
{
    const json_t *path;
    size_t i;
    if (!declared)
        return NF_OK;
    if (json_array_size(declared) < 1 || json_array_size(declared) > MOST_KEY_FIELDS)
        return nf_error_set(err, NF_E_CONFIG, "key: 1 to %d fields of the event are expected",
                            MOST_KEY_FIELDS);
    json_array_foreach (declared, i, path) {
        const char *text = json_string_value(path);
        if (nf_key_check(handler->trigger, text ? text : "", err) != NF_OK) {
            nf_error_prefix(err, "key");
            return err->status;
        }
    }
    handler->key = json_incref((json_t *)declared);
    return NF_OK;
}

/* Things that would say nothing. */
static nf_status check_sense(const nf_handler *handler, bool mode_said, nf_error *err)
{
    bool keyed = handler->key || handler->trigger->partition;
    const char *mode = modes[handler->mode];
    if (handler->mode != NF_MODE_PARALLEL && handler->concurrent_per_key)
        return nf_error_set(
            err, NF_E_CONFIG,
            "concurrency_per_key is for mode = \"parallel\"; with \"%s\" there is one run "
            "at a time for each key",
            mode);
    bool needs_key =
        handler->concurrent_per_key || (mode_said && handler->mode != NF_MODE_PARALLEL);
    if (needs_key && !keyed)
        return nf_error_set(
            err, NF_E_CONFIG,
            "%s needs a field 'key' here: nothing orders the events of %s by itself",
            handler->concurrent_per_key ? "concurrency_per_key" : "mode", handler->trigger->name);
    return NF_OK;
}

nf_status nf_handler_read_order(nf_handler *handler, const json_t *declared, nf_error *err)
{
    const char *mode = nf_json_string(declared, "mode"),
               *priority = nf_json_string(declared, "priority");
    int which = mode ? choice("mode", mode, modes, err) : NF_MODE_QUEUE;
    if (which < 0)
        return err->status;
    handler->mode = (nf_mode)which;
    which = priority ? choice("priority", priority, priorities, err) : -1;
    if (priority && which < 0)
        return err->status;
    handler->priority = (nf_urgency)(which + 1);
    nf_status status = read_key(handler, json_object_get(declared, "key"), err);
    if (status == NF_OK)
        status = read_number(declared, "concurrency", &handler->concurrent, err);
    if (status == NF_OK)
        status = read_number(declared, "concurrency_per_key", &handler->concurrent_per_key, err);
    return status == NF_OK ? check_sense(handler, mode != NULL, err) : status;
}

void nf_handler_free_order(nf_handler *handler)
{
    json_decref(handler->key);
}
