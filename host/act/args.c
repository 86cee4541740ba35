/* SPDX-License-Identifier: Apache-2.0 */
/*
 * args.c: see args.h.
 *
 * Nimbus shows plain text only. A scalar becomes text without surprise (2.0 is "2"), while markup and control
 * characters are refused rather than shown to an agent as they stand.
 */
#include "act/args.h"

#include "base/strbuf.h"
#include "base/suggest.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FIELDS = 64, LONGEST_TEXT = 64 << 10, MOST_ITEMS = 1000 };

/* Where in the arguments we are, as "customer.telNumbers[2].name". */
struct path {
    nf_strbuf text;
    size_t base; /* length of the action's name in front */
    nf_error *err;
};

static json_t *check_value(struct path *path, const nf_param *param, const json_t *value);
static json_t *check_object(struct path *path, const nf_param *params, const json_t *object);

static json_t *refuse(struct path *path, nf_status status, const char *hint, const char *text)
{
    if (path->err && path->err->status == NF_OK)
        snprintf(path->err->hint, sizeof path->err->hint, "%s", hint);
    nf_error_set(path->err, status, "%s: %s", nf_strbuf_text(&path->text), text);
    return NULL;
}

static size_t enter(struct path *path, const char *name)
{
    size_t before = path->text.len;
    const char *between = before == path->base ? ": " : name[0] == '[' ? "" : ".";
    nf_strbuf_addf(&path->text, "%s%s", between, name);
    return before;
}

static void leave(struct path *path, size_t before)
{
    path->text.len = before;
    path->text.bytes[before] = '\0';
    path->text.overflow = false; /* a name too long for a message; the next one may fit */
}

/* A tag as HTML has it: "<", an optional "/", a letter, anything, ">". A lone "<" is text. */
static bool has_markup(const char *text)
{
    const char *last = strrchr(text, '>'), *p = text;
    for (; last && (p = strchr(p, '<')) && p < last; p++) {
        const char *name = p[1] == '/' ? p + 2 : p + 1;
        if ((*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z'))
            return true;
    }
    return false;
}

static bool has_control(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F)
            return true;
    }
    return false;
}

static json_t *number_text(double number)
{
    char text[64];
    if (number == floor(number) && fabs(number) < 1e15)
        snprintf(text, sizeof text, "%.0f", number);
    else
        snprintf(text, sizeof text, "%.14g", number);
    return json_string(text);
}

static json_t *check_text(struct path *path, const nf_param *param, const json_t *value)
{
    if (json_is_boolean(value))
        return json_string(json_is_true(value) ? "true" : "false");
    if (json_is_integer(value)) {
        char text[32];
        snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
        return json_string(text);
    }
    if (json_is_real(value))
        return number_text(json_real_value(value));
    if (!json_is_string(value))
        return refuse(path, NF_E_ARG, "", "text is expected");
    const char *text = json_string_value(value);
    size_t len = json_string_length(value), most = param->max ? param->max : LONGEST_TEXT;
    char why[96];
    if (len > most) {
        snprintf(why, sizeof why, "%zu bytes are more than the allowed %zu", len, most);
        return refuse(path, NF_E_ARG, "", why);
    }
    if (has_control(text, len))
        return refuse(path, NF_E_ARG, "text.plain",
                      "control characters are not allowed; Nimbus shows plain text");
    if (has_markup(text))
        return refuse(path, NF_E_ARG, "text.plain",
                      "markup is not allowed; Nimbus shows plain text");
    return json_incref((json_t *)value);
}

static json_t *check_string(struct path *path, const nf_param *param, const json_t *value)
{
    if (!json_is_string(value))
        return refuse(path, NF_E_ARG, "", "a string is expected");
    if (json_string_length(value) == 0)
        return refuse(path, NF_E_ARG, "", "must not be empty");
    return check_text(path, param, value);
}

/* A number of Lua that is whole, also when it is a float (2.0); floats beyond 2^53 are not exact any more. */
static bool whole_number(const json_t *value, long long *number)
{
    double real = json_real_value(value);
    if (json_is_integer(value)) {
        *number = json_integer_value(value);
        return true;
    }
    if (!json_is_real(value) || floor(real) != real || fabs(real) > 9007199254740992.0)
        return false;
    *number = (long long)real;
    return true;
}

static json_t *check_integer(struct path *path, const nf_param *param, const json_t *value)
{
    long long number;
    char why[96];
    if (!whole_number(value, &number))
        return refuse(path, NF_E_ARG, "", "a whole number is expected");
    if (param->least != param->most && (number < param->least || number > param->most)) {
        snprintf(why, sizeof why, "%lld is out of range; allowed are %lld to %lld", number,
                 (long long)param->least, (long long)param->most);
        return refuse(path, NF_E_ARG, "", why);
    }
    return json_integer(number);
}

static json_t *check_list(struct path *path, const nf_param *param, const json_t *value)
{
    static const nf_param text_item = {.name = "item", .type = NF_TEXT};
    size_t most = param->max ? param->max : MOST_ITEMS, i;
    const json_t *item;
    char why[96], at[24];
    if (json_is_object(value) && json_object_size(value) == 0)
        return json_array(); /* an empty table in Lua is both */
    if (!json_is_array(value))
        return refuse(path, NF_E_ARG, "", "a list is expected");
    if (json_array_size(value) > most) {
        snprintf(why, sizeof why, "%zu items are more than the allowed %zu", json_array_size(value),
                 most);
        return refuse(path, NF_E_ARG, "", why);
    }
    json_t *list = json_array();
    json_array_foreach ((json_t *)value, i, item) {
        snprintf(at, sizeof at, "[%zu]", i + 1);
        size_t before = enter(path, at);
        json_t *checked = param->fields ? check_object(path, param->fields, item)
                                        : check_text(path, &text_item, item);
        leave(path, before);
        if (!checked) {
            json_decref(list);
            return NULL;
        }
        json_array_append_new(list, checked);
    }
    return list;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* One name of a map with its value, in wire form. */
static json_t *check_pair(struct path *path, const nf_param *param, const char *name,
                          const json_t *value)
{
    static const nf_param name_param = {.name = "name", .type = NF_STRING};
    json_t *designation = json_string(name);
    json_t *checked = check_string(path, &name_param, designation);
    json_decref(designation);
    json_t *text = checked ? check_text(path, param, value) : NULL;
    if (text)
        return json_pack("{s:o, s:o}", "name", checked, "value", text);
    json_decref(checked);
    return NULL;
}

/* A map {VIP = true}: sorted, so that the same table gives the same request. */
static json_t *check_map(struct path *path, const nf_param *param, const json_t *map)
{
    const char *names[MOST_ITEMS], *name;
    json_t *value;
    size_t n = 0;
    if (json_object_size(map) > MOST_ITEMS)
        return refuse(path, NF_E_ARG, "", "too many names");
    json_object_foreach ((json_t *)map, name, value)
        names[n++] = name;
    if (n)
        qsort(names, n, sizeof *names, by_name);
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        value = json_object_get(map, names[i]);
        if (json_is_null(value))
            continue;
        size_t before = enter(path, names[i]);
        json_t *pair = check_pair(path, param, names[i], value);
        leave(path, before);
        if (!pair) {
            json_decref(list);
            return NULL;
        }
        json_array_append_new(list, pair);
    }
    return list;
}

static json_t *check_named(struct path *path, const nf_param *param, const json_t *value)
{
    static const nf_param pair[] = {
        {"name", NF_STRING, true, "name", NULL, 0, 0, 0},
        {"value", NF_TEXT, false, "value", NULL, 0, 0, 0},
        {0},
    };
    const nf_param wire = {.name = param->name, .type = NF_LIST, .fields = pair};
    if (json_is_array(value))
        return check_list(path, &wire, value);
    if (!json_is_object(value))
        return refuse(path, NF_E_ARG, "",
                      "names and values are expected, for example { VIP = true }");
    return check_map(path, param, value);
}

static json_t *check_value(struct path *path, const nf_param *param, const json_t *value)
{
    switch (param->type) {
    case NF_STRING:
        return check_string(path, param, value);
    case NF_TEXT:
        return check_text(path, param, value);
    case NF_INTEGER:
        return check_integer(path, param, value);
    case NF_NUMBER:
        return json_is_number(value) ? json_incref((json_t *)value)
                                     : refuse(path, NF_E_ARG, "", "a number is expected");
    case NF_BOOLEAN:
        return json_is_boolean(value) ? json_incref((json_t *)value)
                                      : refuse(path, NF_E_ARG, "", "true or false is expected");
    case NF_OBJECT:
        return check_object(path, param->fields, value);
    case NF_LIST:
        return check_list(path, param, value);
    case NF_NAMED:
        return check_named(path, param, value);
    case NF_VALUE:
        return json_incref((json_t *)value);
    case NF_FUNCTION:
        break;
    }
    return refuse(path, NF_E_ARG, "", "a function cannot be given here");
}

static json_t *unknown_field(struct path *path, const nf_param *params, const char *name)
{
    const char *names[MOST_FIELDS + 1];
    size_t n = 0;
    nf_error err = {0};
    for (; params->name && n < MOST_FIELDS; params++)
        names[n++] = params->name;
    names[n] = NULL;
    nf_suggest_error(&err, NF_E_ARG, "field", name, names);
    return refuse(path, NF_E_ARG, "", err.text);
}

static const nf_param *find_param(const nf_param *params, const char *name)
{
    for (; params->name; params++) {
        if (strcmp(params->name, name) == 0)
            return params;
    }
    return NULL;
}

static bool all_known(struct path *path, const nf_param *params, const json_t *object)
{
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)object, name, value) {
        if (!find_param(params, name)) {
            unknown_field(path, params, name);
            return false;
        }
    }
    return true;
}

static json_t *check_object(struct path *path, const nf_param *params, const json_t *object)
{
    bool empty_list = json_is_array(object) && json_array_size(object) == 0;
    if (!json_is_object(object) && !empty_list)
        return refuse(path, NF_E_ARG, "", "a table with named fields is expected");
    if (!all_known(path, params, object))
        return NULL;
    json_t *out = json_object();
    for (const nf_param *param = params; param->name; param++) {
        const json_t *value = json_object_get(object, param->name);
        if (json_is_null(value))
            value = NULL;
        if (!value && !param->required)
            continue;
        size_t before = enter(path, param->name);
        json_t *checked =
            value ? check_value(path, param, value) : refuse(path, NF_E_ARG, "", "is missing");
        leave(path, before);
        if (!checked) {
            json_decref(out);
            return NULL;
        }
        json_object_set_new(out, param->name, checked);
    }
    return out;
}

json_t *nf_args_check(const char *action, const nf_param *params, const json_t *args, nf_error *err)
{
    struct path path = {nf_strbuf_new(4096), strlen(action), err};
    nf_strbuf_puts(&path.text, action);
    json_t *checked = check_object(&path, params, args);
    nf_strbuf_release(&path.text);
    return checked;
}
