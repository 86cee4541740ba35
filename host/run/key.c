/* SPDX-License-Identifier: Apache-2.0 */
/* key.c: which lane a run is in: the values of the fields that its handler names. */
#include "base/alloc.h"
#include "base/jscan.h"
#include "base/macros.h"
#include "base/suggest.h"
#include "run/internal.h"

#include <string.h>
#include <strings.h>

enum { LONGEST_VALUE = 1024, LONGEST_NAME = 65536, MOST_FIELDS = 128, LONGEST_WORD = 64 };

/* ---- the values ---- */

/* Go to the value of a member of the object that was just entered; the last one counts, case does not. */
static bool go_to(nf_jscan *scan, const char *name, size_t len, nf_jtoken *token)
{
    nf_jscan there;
    bool found = false;
    nf_jtoken next;
    while (nf_jscan_next(scan) == NF_J_KEY) {
        bool hit = scan->len == len && strncasecmp(scan->text, name, len) == 0;
        next = nf_jscan_next(scan);
        if (hit) {
            found = true;
            there = *scan;
            *token = next;
        }
        if (!nf_jscan_skip(scan, next))
            return false;
    }
    if (found)
        *scan = there;
    return found;
}

/* Append the value at a path as a JSON string. False: there is none, or none that tells events apart. */
static bool add_value(nf_strbuf *out, const char *event, size_t len, const char *path)
{
    nf_jscan scan;
    char text[LONGEST_VALUE];
    nf_jscan_init(&scan, event, len);
    nf_jtoken token = nf_jscan_next(&scan);
    for (size_t n; *path; path += n + (path[n] == '.')) {
        n = strcspn(path, ".");
        if (token != NF_J_OBJECT || !go_to(&scan, path, n, &token))
            return false;
    }
    size_t size = token == NF_J_TRUE ? 4 : token == NF_J_FALSE ? 5 : scan.len;
    if (size == 0 || size > LONGEST_VALUE)
        return false;
    if (token == NF_J_STRING)
        size = nf_json_unescape(scan.text, scan.len, text);
    else if (token == NF_J_NUMBER)
        memcpy(text, scan.text, size);
    else if (token == NF_J_TRUE || token == NF_J_FALSE)
        memcpy(text, token == NF_J_TRUE ? "true" : "false", size);
    else
        return false;
    nf_strbuf_add_json(out, text, size);
    return true;
}

/* A list of the handler's name and the values: unlike for any two lanes. */
char *nf_lane_name(const nf_run *run, const char *partition)
{
    const json_t *key = run->handler->key, *path;
    nf_strbuf out = nf_strbuf_new(LONGEST_NAME);
    bool whole = key || (partition && *partition);
    size_t i;
    nf_strbuf_puts(&out, "[");
    nf_strbuf_add_json(&out, run->handler->name, strlen(run->handler->name));
    if (!key && whole) {
        nf_strbuf_puts(&out, ",");
        nf_strbuf_add_json(&out, partition, strlen(partition));
    }
    json_array_foreach (key, i, path) {
        nf_strbuf_puts(&out, ",");
        whole = whole && add_value(&out, run->event, run->len, json_string_value(path));
    }
    nf_strbuf_puts(&out, "]");
    if (whole)
        return nf_strbuf_take(&out);
    nf_strbuf_release(&out);
    return NULL;
}

/* ---- the names ---- */

static const nf_param *field_of(const nf_param *fields, const char *name, size_t len)
{
    for (; fields && fields->name; fields++) {
        if (strlen(fields->name) == len && strncasecmp(fields->name, name, len) == 0)
            return fields;
    }
    return NULL;
}

static nf_status unknown(const nf_param *fields, const char *name, size_t len, nf_error *err)
{
    const char *known[MOST_FIELDS];
    char word[LONGEST_WORD] = "";
    size_t n = 0;
    memcpy(word, name, NF_MIN(len, sizeof word - 1));
    for (; fields && fields->name && n < MOST_FIELDS - 1; fields++)
        known[n++] = fields->name;
    known[n] = NULL;
    return nf_suggest_error(err, NF_E_CONFIG, "field of the event", word, known);
}

nf_status nf_key_check(const nf_trigger *trigger, const char *path, nf_error *err)
{
    const nf_param *fields = trigger->event, *field = NULL;
    for (const char *at = path; *at || at == path;) {
        size_t n = strcspn(at, ".");
        field = field_of(fields, at, n);
        if (!field)
            return unknown(fields, at, n, err);
        if (field->type == NF_VALUE) /* what is in there is the sender's business */
            return NF_OK;
        if (at[n] == '.' && field->type != NF_OBJECT)
            return nf_error_set(err, NF_E_CONFIG, "'%s': %s is no record, it has no fields", path,
                                field->name);
        fields = field->fields;
        at += n + (at[n] == '.');
        if (at[-1] == '.' && !*at)
            return nf_error_set(err, NF_E_CONFIG, "'%s' ends with a dot", path);
    }
    if (field->type == NF_OBJECT || field->type == NF_LIST || field->type == NF_NAMED)
        return nf_error_set(err, NF_E_CONFIG,
                            "'%s' is a %s; name a field with one value, like \"taskId\" or "
                            "\"taskInformation.customer.company\"",
                            path, field->type == NF_OBJECT ? "record" : "list");
    return NF_OK;
}
