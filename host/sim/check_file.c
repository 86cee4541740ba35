/* SPDX-License-Identifier: Apache-2.0 */
/* check_file.c: a map of a file as JSON, by the same tables as the bodies of the API. See check.h. */
#include "base/macros.h"
#include "base/suggest.h"
#include "sim/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FIELDS = 64 };

typedef struct file_reader {
    const char *path;
    nf_strbuf *errors;
} file_reader;

NF_PRINTF(3, 4)
static json_t *complain(const file_reader *r, const nf_yaml *node, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    nf_yaml_error(r->errors, r->path, node->line, node->column, "%s", text);
    return json_null();
}

static json_t *read_text(const file_reader *r, const nf_yaml *node, const char *name, long most)
{
    if (node->kind != NF_YAML_SCALAR)
        return complain(r, node, "%s: text is expected", name);
    if (most && sim_characters(node->text) > (size_t)most)
        return complain(r, node, "%s: at most %ld characters are allowed", name, most);
    json_t *text = json_string(node->text);
    return text ? text : complain(r, node, "%s: the text is no UTF-8", name);
}

static json_t *read_integer(const file_reader *r, const nf_yaml *node, const sim_field *f)
{
    char *end = NULL;
    long long number = node->kind == NF_YAML_SCALAR ? strtoll(node->text, &end, 10) : 0;
    if (end && *node->text && !*end && (!f->most || (number >= f->least && number <= f->most)))
        return json_integer(number);
    return f->most ? complain(r, node, "%s: a whole number from %ld to %ld is expected", f->name,
                              f->least, f->most)
                   : complain(r, node, "%s: a whole number is expected", f->name);
}

/* "1m30s", "250ms", "12" (seconds) in ms; -1: it is none. */
static int64_t duration(const char *text)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    int64_t sum = 0;
    if (!*text)
        return -1;
    while (*text) {
        char *end;
        double number = strtod(text, &end);
        size_t len = strspn(end, "mhs"), i = 0;
        if (end == text || number < 0 || number > 1e7)
            return -1;
        while (i < NF_COUNT(units)
               && (strlen(units[i].unit) != len || strncmp(units[i].unit, end, len) != 0))
            i++;
        if (i == NF_COUNT(units) && len)
            return -1;
        sum += (int64_t)(number * (double)(len ? units[i].ms : 1000));
        text = end + len;
    }
    return sum;
}

static json_t *read_scalar(const file_reader *r, const nf_yaml *node, const sim_field *f)
{
    int64_t ms;
    bool scalar = node->kind == NF_YAML_SCALAR;
    if (f->kind == SIM_TEXT)
        return read_text(r, node, f->name, f->most);
    if (f->kind == SIM_INTEGER)
        return read_integer(r, node, f);
    if (f->kind == SIM_BOOLEAN)
        return scalar && strcmp(node->text, "true") == 0 ? json_true()
               : scalar && strcmp(node->text, "false") == 0
                   ? json_false()
                   : complain(r, node, "%s: true or false is expected", f->name);
    if (f->kind == SIM_OFFSET && scalar && strcmp(node->text, "null") == 0)
        return json_null();
    if (f->kind == SIM_DURATION || f->kind == SIM_OFFSET)
        return scalar && (ms = duration(node->text)) >= 0
                   ? json_integer(ms)
                   : complain(r, node, "%s: a duration such as 90s or 1m30s is expected", f->name);
    if (scalar && sim_moment(node->text, &ms))
        return json_string(node->text);
    return complain(r, node, "%s: a time in UTC such as 2020-03-23T11:00:00Z is expected", f->name);
}

static json_t *read_any(const file_reader *r, const nf_yaml *node)
{
    const nf_yaml *child;
    if (node->kind == NF_YAML_SCALAR)
        return read_text(r, node, "the value", 0);
    json_t *value = node->kind == NF_YAML_MAP ? json_object() : json_array();
    for (child = node->children; child; child = child->next)
        if (node->kind == NF_YAML_MAP)
            json_object_set_new(value, child->key, read_any(r, child));
        else
            json_array_append_new(value, read_any(r, child));
    return value;
}

static json_t *read_list(const file_reader *r, const nf_yaml *node, const sim_field *f)
{
    json_t *list = json_array();
    const nf_yaml *child;
    long count = 0;
    if (node->kind != NF_YAML_LIST)
        complain(r, node, "%s: a list is expected", f->name);
    for (child = node->kind == NF_YAML_LIST ? node->children : NULL; child; child = child->next) {
        count++;
        json_array_append_new(list, f->kind == SIM_TEXTS
                                        ? read_text(r, child, f->name, f->chars)
                                        : sim_check_file(f->of, child, r->path, r->errors));
    }
    if (f->most && count > f->most)
        complain(r, node, "%s: at most %ld entries are allowed", f->name, f->most);
    return list;
}

static json_t *read_field(const file_reader *r, const nf_yaml *node, const sim_field *f)
{
    if (f->kind == SIM_TEXTS || f->kind == SIM_OBJECTS)
        return read_list(r, node, f);
    if (f->kind == SIM_OBJECT)
        return sim_check_file(f->of, node, r->path, r->errors);
    return f->kind == SIM_ANY ? read_any(r, node) : read_scalar(r, node, f);
}

static const sim_field *find_field(const file_reader *r, const sim_field *fields,
                                   const nf_yaml *node)
{
    const char *known[MOST_FIELDS + 1] = {NULL};
    nf_error err = {0};
    for (size_t i = 0; fields[i].name && i < MOST_FIELDS; i++) {
        if (strcmp(fields[i].name, node->key) == 0)
            return &fields[i];
        known[i] = fields[i].name;
    }
    nf_suggest_error(&err, NF_E_CONFIG, "key", node->key, known);
    nf_yaml_error(r->errors, r->path, node->key_line, node->key_column, "%s", err.text);
    return NULL;
}

json_t *sim_check_file(const sim_field *fields, const nf_yaml *map, const char *path,
                       nf_strbuf *errors)
{
    const file_reader r = {path, errors};
    json_t *object = json_object();
    const nf_yaml *child;
    json_object_set_new(object, "$line", json_integer(map->line));
    if (map->kind != NF_YAML_MAP) {
        complain(&r, map, "'key: value' is expected here");
        return object;
    }
    for (child = map->children; child; child = child->next) {
        const sim_field *f = find_field(&r, fields, child);
        if (f)
            json_object_set_new(object, f->name, read_field(&r, child, f));
    }
    for (const sim_field *f = fields; f->name; f++)
        if (f->required && !json_object_get(object, f->name))
            complain(&r, map, "'%s' is missing", f->name);
    return object;
}
