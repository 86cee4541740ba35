/* SPDX-License-Identifier: Apache-2.0 */
/* yaml.c: see yaml.h. A recursive reader over libyaml's events; the depth is bounded. */
#include "config/yaml.h"

#include "base/alloc.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <yaml.h>

enum { DEEPEST = 16, LARGEST_FILE = 1 << 20 };

struct reader {
    const char *path;
    yaml_parser_t parser;
    nf_strbuf *errors;
    bool failed; /* the text itself is broken: stop reading */
};

void nf_yaml_error(nf_strbuf *errors, const char *path, int line, int column, const char *format,
                   ...)
{
    char text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    for (char *p = text; *p; p++) {
        if ((unsigned char)*p < ' ' || *p == 0x7F)
            *p = '?';
    }
    nf_strbuf_addf(errors, "%s:%d:%d: %s\n", path, line, column, text);
}

static void complain(struct reader *r, yaml_mark_t at, const char *text)
{
    nf_yaml_error(r->errors, r->path, (int)at.line + 1, (int)at.column + 1, "%s", text);
    r->failed = true;
}

static bool next_event(struct reader *r, yaml_event_t *event)
{
    if (r->failed)
        return false;
    if (yaml_parser_parse(&r->parser, event))
        return true;
    complain(r, r->parser.problem_mark, r->parser.problem ? r->parser.problem : "cannot be read");
    return false;
}

/* A text for the tree, or NULL: what has a NUL in it would be cut there without a word. */
static char *copy_text(struct reader *r, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    if (strlen(text) == event->data.scalar.length)
        return nf_strdup(text);
    complain(r, event->start_mark, "a NUL is not allowed in a text");
    return NULL;
}

static bool decorated(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return event->data.scalar.anchor || event->data.scalar.tag;
    case YAML_MAPPING_START_EVENT:
        return event->data.mapping_start.anchor || event->data.mapping_start.tag;
    case YAML_SEQUENCE_START_EVENT:
        return event->data.sequence_start.anchor || event->data.sequence_start.tag;
    default:
        return event->type == YAML_ALIAS_EVENT;
    }
}

static nf_yaml *read_value(struct reader *r, yaml_event_t *event, int depth);

static void read_list(struct reader *r, nf_yaml *list, int depth)
{
    yaml_event_t event;
    nf_yaml **end = &list->children;
    while (next_event(r, &event)) {
        if (event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            return;
        }
        nf_yaml *item = read_value(r, &event, depth + 1);
        if (item) {
            *end = item;
            end = &item->next;
        }
    }
}

/* The keys of a map so far. */
struct known {
    const nf_yaml *node;
    UT_hash_handle hh;
};

static void check_duplicate(struct reader *r, struct known **keys, const nf_yaml *node)
{
    struct known *known;
    size_t n = strlen(node->key);
    HASH_FIND(hh, *keys, node->key, n, known);
    if (known) {
        nf_yaml_error(r->errors, r->path, node->key_line, node->key_column,
                      "key '%s' stands here twice (first in line %d)", node->key,
                      known->node->key_line);
        return;
    }
    known = nf_alloc(sizeof *known);
    known->node = node;
    HASH_ADD_KEYPTR(hh, *keys, node->key, n, known);
}

/* One "key: value"; NULL at the end of the map and after an error. */
static nf_yaml *read_entry(struct reader *r, int depth)
{
    yaml_event_t event;
    if (!next_event(r, &event))
        return NULL;
    yaml_mark_t at = event.start_mark;
    bool end = event.type == YAML_MAPPING_END_EVENT;
    if (!end && (event.type != YAML_SCALAR_EVENT || decorated(&event)))
        complain(r, at, "a key must be plain text");
    char *key = end || r->failed ? NULL : copy_text(r, &event);
    yaml_event_delete(&event);
    nf_yaml *value = key && next_event(r, &event) ? read_value(r, &event, depth + 1) : NULL;
    if (!value) {
        free(key);
        return NULL;
    }
    value->key = key;
    value->key_line = (int)at.line + 1;
    value->key_column = (int)at.column + 1;
    return value;
}

static void read_map(struct reader *r, nf_yaml *map, int depth)
{
    struct known *keys = NULL, *known, *next;
    nf_yaml **end = &map->children, *entry;
    while ((entry = read_entry(r, depth))) {
        check_duplicate(r, &keys, entry);
        *end = entry;
        end = &entry->next;
    }
    HASH_ITER (hh, keys, known, next) {
        HASH_DEL(keys, known);
        free(known);
    }
}

/* The value that begins with `event`, which is deleted here. NULL after an error. */
static nf_yaml *read_value(struct reader *r, yaml_event_t *event, int depth)
{
    yaml_mark_t at = event->start_mark;
    yaml_event_type_t type = event->type;
    nf_yaml *node = NULL;
    if (decorated(event)) {
        complain(r, at, "anchors, aliases and tags are not supported here; write the value out");
    } else if (depth > DEEPEST) {
        complain(r, at, "nested too deeply");
    } else {
        node = nf_alloc(sizeof *node);
        node->line = (int)at.line + 1;
        node->column = (int)at.column + 1;
        node->kind = type == YAML_SCALAR_EVENT          ? NF_YAML_SCALAR
                     : type == YAML_MAPPING_START_EVENT ? NF_YAML_MAP
                                                        : NF_YAML_LIST;
        if (type == YAML_SCALAR_EVENT)
            node->text = copy_text(r, event);
    }
    yaml_event_delete(event);
    if (node && node->kind == NF_YAML_MAP)
        read_map(r, node, depth);
    else if (node && node->kind == NF_YAML_LIST)
        read_list(r, node, depth);
    return node;
}

static nf_yaml *read_document(struct reader *r)
{
    yaml_event_t event;
    nf_yaml *top = NULL;
    while (next_event(r, &event)) {
        yaml_event_type_t type = event.type;
        if (type == YAML_STREAM_END_EVENT) {
            yaml_event_delete(&event);
            break;
        }
        if (type == YAML_SCALAR_EVENT || type == YAML_MAPPING_START_EVENT
            || type == YAML_SEQUENCE_START_EVENT || type == YAML_ALIAS_EVENT) {
            yaml_mark_t at = event.start_mark;
            bool map = type == YAML_MAPPING_START_EVENT;
            bool second = top != NULL;
            nf_yaml *value = read_value(r, &event, 0);
            if (!map || second)
                complain(r, at,
                         second ? "only one document is expected"
                                : "settings are expected, as 'key: value'");
            if (top)
                nf_yaml_free(value);
            else
                top = value;
        } else {
            yaml_event_delete(&event);
        }
    }
    return top ? top : nf_alloc(sizeof *top);
}

nf_yaml *nf_yaml_parse(const char *text, size_t len, const char *path, nf_strbuf *errors)
{
    struct reader r = {.path = path, .errors = errors};
    yaml_parser_initialize(&r.parser);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
    nf_yaml *top = read_document(&r);
    top->kind = NF_YAML_MAP;
    if (r.failed) {
        nf_yaml_free(top);
        top = NULL;
    }
    yaml_parser_delete(&r.parser);
    return top;
}

nf_yaml *nf_yaml_read(const char *path, nf_strbuf *errors)
{
    FILE *file = fopen(path, "rbe");
    char *text = file ? nf_alloc(LARGEST_FILE + 1) : NULL;
    size_t len = file ? fread(text, 1, LARGEST_FILE + 1, file) : 0;
    bool broken = !file || ferror(file) || len > LARGEST_FILE;
    if (broken)
        nf_strbuf_addf(errors, "%s: %s\n", path,
                       len > LARGEST_FILE ? "larger than 1 MiB" : strerror(errno));
    if (file)
        fclose(file);
    nf_yaml *top = broken ? NULL : nf_yaml_parse(text, len, path, errors);
    free(text);
    return top;
}

void nf_yaml_free(nf_yaml *node)
{
    while (node) {
        nf_yaml *next = node->next;
        nf_yaml_free(node->children);
        free(node->key);
        free(node->text);
        free(node);
        node = next;
    }
}
