/* SPDX-License-Identifier: Apache-2.0 */
/* check.c: see check.h. The checks of JSON; check_file.c has those of files. */
#include "sim/check.h"

#include "base/macros.h"
#include "base/suggest.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MOST_FIELDS = 64, WHERE = 160 };

typedef struct checker {
    char *why;
    size_t size;
    bool closed;
} checker;

NF_PRINTF(2, 3) static bool wrong(const checker *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(c->why, c->size, format, args);
    va_end(args);
    return false;
}

size_t sim_characters(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

bool sim_moment(const char *text, int64_t *ms)
{
    struct tm t = {0};
    int used = 0, milli = 0, digits = 0;
    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &t.tm_year, &t.tm_mon, &t.tm_mday, &t.tm_hour,
               &t.tm_min, &t.tm_sec, &used)
            != 6
        || used != 19)
        return false;
    const char *rest = text + used;
    if (*rest == '.')
        for (rest++; *rest >= '0' && *rest <= '9'; rest++, digits++)
            if (digits < 3)
                milli = milli * 10 + (*rest - '0');
    for (; digits > 0 && digits < 3; digits++)
        milli *= 10;
    struct tm wanted = t;
    wanted.tm_year -= 1900;
    wanted.tm_mon--;
    struct tm made = wanted;
    *ms = (int64_t)timegm(&made) * 1000 + milli;
    return strcmp(rest, "Z") == 0 && made.tm_mday == wanted.tm_mday && made.tm_mon == wanted.tm_mon
           && made.tm_hour == wanted.tm_hour && made.tm_min == wanted.tm_min;
}

static bool check_text(const checker *c, const char *at, const json_t *value, long most)
{
    if (!json_is_string(value))
        return wrong(c, "%s must be a string", at);
    size_t len = sim_characters(json_string_value(value));
    if (most && len > (size_t)most)
        return wrong(c, "%s has %zu characters; the most is %ld", at, len, most);
    return true;
}

static bool check_integer(const checker *c, const char *at, const json_t *value, const sim_field *f)
{
    json_int_t number = json_integer_value(value);
    if (json_is_integer(value) && (!f->most || (number >= f->least && number <= f->most)))
        return true;
    return f->most ? wrong(c, "%s must be a whole number from %ld to %ld", at, f->least, f->most)
                   : wrong(c, "%s must be a whole number", at);
}

static bool check_moment(const checker *c, const char *at, const json_t *value)
{
    int64_t ms;
    const char *text = json_string_value(value);
    return (text && sim_moment(text, &ms))
           || wrong(c, "%s must be a time in UTC such as 2020-03-23T11:00:00Z", at);
}

static bool check_object(const checker *c, const char *where, const json_t *value,
                         const sim_field *fields);

static bool check_list(const checker *c, const char *at, const json_t *value, const sim_field *f)
{
    size_t i;
    json_t *item;
    char name[WHERE + 32];
    if (!json_is_array(value))
        return wrong(c, "%s must be a list", at);
    if (json_array_size(value) < (size_t)f->least
        || (f->most && json_array_size(value) > (size_t)f->most))
        return f->most ? wrong(c, "%s must be a list of %s %ld entries", at,
                               f->least ? "one to" : "at most", f->most)
                       : wrong(c, "%s must be a list with at least one entry", at);
    json_array_foreach (value, i, item) {
        snprintf(name, sizeof name, "%s[%zu]", at, i);
        if (f->kind == SIM_TEXTS ? !check_text(c, name, item, f->chars)
                                 : !check_object(c, name, item, f->of))
            return false;
    }
    return true;
}

static bool check_field(const checker *c, const char *at, const json_t *value, const sim_field *f)
{
    switch (f->kind) {
    case SIM_TEXT:
        if (check_text(c, at, value, f->most))
            return !f->required || json_string_length(value) > 0
                   || wrong(c, "%s must not be empty", at);
        return false;
    case SIM_INTEGER:
    case SIM_DURATION:
        return check_integer(c, at, value, f);
    case SIM_OFFSET:
        return json_is_null(value) || (json_is_integer(value) && json_integer_value(value) >= 0)
               || wrong(c, "%s must be null or the ms since the beginning", at);
    case SIM_BOOLEAN:
        return json_is_boolean(value) || wrong(c, "%s must be true or false", at);
    case SIM_MOMENT:
        return check_moment(c, at, value);
    case SIM_TEXTS:
    case SIM_OBJECTS:
        return check_list(c, at, value, f);
    case SIM_OBJECT:
        return check_object(c, at, value, f->of);
    default:
        return true;
    }
}

/* Refuse members that the table does not name. */
static bool check_names(const checker *c, const char *where, const json_t *value,
                        const sim_field *fields)
{
    const char *key, *known[MOST_FIELDS + 1] = {NULL};
    json_t *item;
    nf_error err = {0};
    for (size_t i = 0; fields[i].name && i < MOST_FIELDS; i++)
        known[i] = fields[i].name;
    json_object_foreach ((json_t *)value, key, item) {
        size_t i = 0;
        while (known[i] && strcmp(known[i], key) != 0)
            i++;
        if (known[i])
            continue;
        nf_suggest_error(&err, NF_E_ARG, "field", key, known);
        return wrong(c, "%s: %s", *where ? where : "the body", err.text);
    }
    return true;
}

static bool check_object(const checker *c, const char *where, const json_t *value,
                         const sim_field *fields)
{
    char at[WHERE];
    if (!json_is_object(value))
        return wrong(c, "%s must be an object", *where ? where : "the body");
    if (c->closed && !check_names(c, where, value, fields))
        return false;
    for (const sim_field *f = fields; f->name; f++) {
        const json_t *member = json_object_get(value, f->name);
        snprintf(at, sizeof at, "%.100s%s%s", where, *where ? "." : "", f->name);
        if (!member && f->required)
            return wrong(c, "%s is missing", at);
        if (member && !check_field(c, at, member, f))
            return false;
    }
    return true;
}

bool sim_check(const sim_field *fields, const json_t *value, bool closed, char *why, size_t size)
{
    const checker c = {why, size, closed};
    return check_object(&c, "", value, fields);
}
