/* SPDX-License-Identifier: Apache-2.0 */
/* args.c: see args.h: objects, lists and maps; what is in them is checked by args_scalar.c. */
#include "act/args.h"

#include "act/args_scalar.h"
#include "base/suggest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ITEMS = 1000, LONGEST_PATH = 512 };

static json_t *check_value(nf_args_path *path, const nf_param *param, const json_t *value);
static json_t *check_object(nf_args_path *path, const nf_param *params, const json_t *object);

static size_t enter(nf_args_path *path, const char *name)
{
    size_t before = path->text.len;
    const char *between = before == path->base ? ": " : name[0] == '[' ? "" : ".";
    nf_strbuf_puts(&path->text, between);
    nf_strbuf_puts(&path->text, name);
    return before;
}

static void leave(nf_args_path *path, size_t before)
{
    path->text.len = before;
    path->text.bytes[before] = '\0';
    path->text.overflow = false; /* a name too long for a message; the next one may fit */
}

/* Steals `checked`; false when there is none and all is over. */
static bool append(json_t *list, json_t *checked)
{
    return checked && json_array_append_new(list, checked) == 0;
}

static json_t *drop(json_t *list)
{
    json_decref(list);
    return NULL;
}

/* ---- lists ---- */

static bool count_is_right(nf_args_path *path, const nf_param *param, size_t count)
{
    size_t most = param->max ? param->max : MOST_ITEMS;
    if (count > most)
        nf_args_refuse(path, "", "has %zu items; at most %zu", count, most);
    else if (count < (size_t)param->least)
        nf_args_refuse(path, "", "has %zu items; at least %lld", count, (long long)param->least);
    return count <= most && count >= (size_t)param->least;
}

static json_t *check_item(nf_args_path *path, const nf_param *fields, const json_t *item)
{
    static const nf_param text_item = {.name = NF_ITEM, .type = NF_TEXT};
    if (!fields)
        fields = &text_item;
    return strcmp(fields->name, NF_ITEM) == 0 ? check_value(path, fields, item)
                                              : check_object(path, fields, item);
}

static json_t *check_list(nf_args_path *path, const nf_param *param, const json_t *value)
{
    size_t i;
    const json_t *item;
    char at[24];
    bool empty = json_is_object(value) && json_object_size(value) == 0; /* {} in Lua is both */
    if (!json_is_array(value) && !empty)
        return nf_args_refuse(path, "", "a list is expected");
    if (!count_is_right(path, param, json_array_size(value)))
        return NULL;
    json_t *list = json_array();
    json_array_foreach ((json_t *)value, i, item) {
        snprintf(at, sizeof at, "[%zu]", i + 1);
        size_t before = enter(path, at);
        bool good = append(list, check_item(path, param->fields, item));
        leave(path, before);
        if (!good)
            return drop(list);
    }
    return list;
}

/* ---- maps of names ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const nf_param any_pair[] = {
    {"name", NF_STRING, true, "name", NULL, 0, 0, 0},
    {"value", NF_TEXT, false, "value", NULL, 0, 0, 0},
    {0},
};

/* One name of a map with its value, in wire form. */
static json_t *check_pair(nf_args_path *path, const nf_param *pair, const char *name,
                          const json_t *value)
{
    json_t *given = json_string(name);
    path->subject = "its name ";
    json_t *checked = nf_args_scalar(path, &pair[0], given);
    path->subject = "";
    json_decref(given);
    json_t *text = checked ? nf_args_scalar(path, &pair[1], value) : NULL;
    if (text)
        return json_pack("{s:o, s:o}", pair[0].name, checked, pair[1].name, text);
    json_decref(checked);
    return NULL;
}

/* A map {VIP = true}: sorted, so that the same table gives the same request. */
static json_t *check_map(nf_args_path *path, const nf_param *param, const json_t *map)
{
    const char *names[MOST_ITEMS], *name;
    json_t *value;
    size_t n = 0;
    if (!count_is_right(path, param, json_object_size(map)))
        return NULL;
    json_object_foreach ((json_t *)map, name, value) {
        if (!json_is_null(value))
            names[n++] = name;
    }
    if (n)
        qsort(names, n, sizeof *names, by_name);
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        size_t before = enter(path, names[i]);
        bool good = append(list, check_pair(path, param->fields ? param->fields : any_pair,
                                            names[i], json_object_get(map, names[i])));
        leave(path, before);
        if (!good)
            return drop(list);
    }
    return list;
}

static json_t *check_named(nf_args_path *path, const nf_param *param, const json_t *value)
{
    nf_param wire = *param;
    wire.fields = param->fields ? param->fields : any_pair;
    if (json_is_array(value))
        return check_list(path, &wire, value);
    if (!json_is_object(value))
        return nf_args_refuse(path, "",
                              "names and values are expected, for example { VIP = true }");
    return check_map(path, param, value);
}

/* ---- objects ---- */

static json_t *check_value(nf_args_path *path, const nf_param *param, const json_t *value)
{
    switch (param->type) {
    case NF_OBJECT:
        return check_object(path, param->fields, value);
    case NF_LIST:
        return check_list(path, param, value);
    case NF_NAMED:
        return check_named(path, param, value);
    default:
        return nf_args_scalar(path, param, value);
    }
}

static json_t *unknown_field(nf_args_path *path, const nf_param *params, const char *name)
{
    const char *names[NF_ARGS_FIELDS + 1];
    size_t n = 0;
    nf_error err = {0};
    for (; params->name && n < NF_ARGS_FIELDS; params++)
        names[n++] = params->name;
    names[n] = NULL;
    nf_suggest_error(&err, NF_E_ARG, "field", name, names);
    return nf_args_refuse(path, "", "%s", err.text);
}

/* Sort the members by their parameters; false when one has none. A null is as good as none. */
static bool sort_members(nf_args_path *path, const nf_param *params, const json_t *object,
                         const json_t *given[NF_ARGS_FIELDS])
{
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)object, name, value) {
        size_t at = 0;
        while (params[at].name && strcmp(params[at].name, name) != 0)
            at++;
        if (!params[at].name) {
            unknown_field(path, params, name);
            return false;
        }
        given[at] = json_is_null(value) ? NULL : value;
    }
    return true;
}

static json_t *check_object(nf_args_path *path, const nf_param *params, const json_t *object)
{
    const json_t *given[NF_ARGS_FIELDS] = {NULL};
    bool empty_list = json_is_array(object) && json_array_size(object) == 0;
    if (!json_is_object(object) && !empty_list)
        return nf_args_refuse(path, "", "a table with named fields is expected");
    if (!sort_members(path, params, object, given))
        return NULL;
    json_t *out = json_object();
    for (size_t i = 0; params[i].name; i++) {
        const nf_param *param = &params[i];
        if (!given[i] && !param->required)
            continue;
        size_t before = enter(path, param->name);
        json_t *checked =
            given[i] ? check_value(path, param, given[i]) : nf_args_refuse(path, "", "is missing");
        leave(path, before);
        if (!checked) {
            json_decref(out);
            return NULL;
        }
        json_object_set_new_nocheck(out, param->name, checked);
    }
    return out;
}

json_t *nf_args_check(const char *action, const nf_param *params, const json_t *args, nf_error *err)
{
    nf_args_path path = {nf_strbuf_new(LONGEST_PATH), strlen(action), "", err};
    nf_strbuf_puts(&path.text, action);
    json_t *checked = check_object(&path, params, args);
    nf_strbuf_release(&path.text);
    return checked;
}
