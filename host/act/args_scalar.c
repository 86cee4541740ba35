/* SPDX-License-Identifier: Apache-2.0 */
/*
 * args_scalar.c: see args_scalar.h.
 *
 * Nimbus shows plain text only. A scalar becomes text without surprise (2.0 is "2"), while markup and control
 * characters are refused rather than shown to an agent as they stand. Lengths are in characters, as the limits of
 * Nimbus are; a character is one code point.
 */
#include "act/args_scalar.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LONGEST_TEXT = 64 << 10 };

json_t *nf_args_refuse(nf_args_path *path, const char *hint, const char *format, ...)
{
    char why[NF_ERROR_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    if (path->err && path->err->status == NF_OK)
        snprintf(path->err->hint, sizeof path->err->hint, "%s", hint);
    nf_error_set(path->err, NF_E_ARG, "%s: %s%s", nf_strbuf_text(&path->text), path->subject, why);
    return NULL;
}

/* ---- text ---- */

static size_t characters(const char *text, size_t len)
{
    size_t count = 0;
    for (size_t i = 0; i < len; i++)
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
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

/* The text of a scalar, or NULL. */
static json_t *as_text(const json_t *value)
{
    if (json_is_boolean(value))
        return json_string(json_is_true(value) ? "true" : "false");
    if (json_is_integer(value))
        return json_sprintf("%lld", (long long)json_integer_value(value));
    if (json_is_real(value))
        return number_text(json_real_value(value));
    return json_is_string(value) ? json_incref((json_t *)value) : NULL;
}

/* Steals `text`. */
static json_t *plain(nf_args_path *path, const nf_param *param, json_t *text)
{
    const char *bytes = json_string_value(text);
    size_t len = json_string_length(text), most = param->max ? param->max : LONGEST_TEXT,
           length = characters(bytes, len);
    json_t *checked = NULL;
    if (length > most)
        nf_args_refuse(path, "", "is %zu characters long; at most %zu", length, most);
    else if (has_control(bytes, len))
        nf_args_refuse(path, "text.plain",
                       "control characters are not allowed; Nimbus shows plain text");
    else if (has_markup(bytes))
        nf_args_refuse(path, "text.plain", "markup is not allowed; Nimbus shows plain text");
    else
        checked = json_incref(text);
    json_decref(text);
    return checked;
}

static json_t *check_text(nf_args_path *path, const nf_param *param, const json_t *value)
{
    json_t *text = as_text(value);
    return text ? plain(path, param, text) : nf_args_refuse(path, "", "text is expected");
}

static json_t *check_string(nf_args_path *path, const nf_param *param, const json_t *value)
{
    if (!json_is_string(value))
        return nf_args_refuse(path, "", "a string is expected");
    if (json_string_length(value) == 0)
        return nf_args_refuse(path, "", "must not be empty");
    return plain(path, param, json_incref((json_t *)value));
}

/* One "@" with something on both sides, no blanks: enough to see that it is no name and no number. */
static bool is_upn(const char *text)
{
    const char *at = strchr(text, '@');
    return at && at > text && at[1] && !strchr(at + 1, '@') && !strpbrk(text, " \t\r\n<>,;\"");
}

static json_t *check_upn(nf_args_path *path, const nf_param *param, const json_t *value)
{
    json_t *text = check_string(path, param, value);
    if (!text || is_upn(json_string_value(text)))
        return text;
    json_decref(text);
    return nf_args_refuse(path, "", "is no UPN; one is like support@contoso.example");
}

/* ---- numbers ---- */

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

static json_t *check_integer(nf_args_path *path, const nf_param *param, const json_t *value)
{
    long long number;
    if (!whole_number(value, &number))
        return nf_args_refuse(path, "", "a whole number is expected");
    if (param->least != param->most && (number < param->least || number > param->most))
        return nf_args_refuse(path, "", "is %lld; allowed are %lld to %lld", number,
                              (long long)param->least, (long long)param->most);
    return json_integer(number);
}

/* ---- time ---- */

static int digits(const char *text, int count)
{
    int number = 0;
    for (int i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        number = 10 * number + (text[i] - '0');
    }
    return number;
}

static bool is_date(int year, int month, int day)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return year >= 1 && month >= 1 && month <= 12 && day >= 1
           && day <= days[month - 1] + (month == 2 && leap);
}

/* 2020-03-23T11:00:00Z, with up to seven digits of a second after a point. */
static bool is_utc(const char *text)
{
    static const char shape[] = "0000-00-00T00:00:00";
    for (size_t i = 0; i < sizeof shape - 1; i++) {
        if (shape[i] == '0' ? digits(text + i, 1) < 0 : text[i] != shape[i])
            return false;
    }
    const char *rest = text + sizeof shape - 1;
    size_t fraction = *rest == '.' ? strspn(rest + 1, "0123456789") : 0;
    if (*rest == '.' && (fraction < 1 || fraction > 7))
        return false;
    return strcmp(rest + (fraction ? fraction + 1 : 0), "Z") == 0
           && is_date(digits(text, 4), digits(text + 5, 2), digits(text + 8, 2))
           && digits(text + 11, 2) < 24 && digits(text + 14, 2) < 60 && digits(text + 17, 2) < 60;
}

/* Seconds since 1970 as text, or NULL when that is no year with four digits. */
static json_t *utc_text(double seconds)
{
    char text[32];
    struct tm parts;
    time_t whole = (time_t)floor(seconds);
    if (!(seconds >= 0 && seconds < 253402300800.0) || !gmtime_r(&whole, &parts))
        return NULL;
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return json_string(text);
}

static json_t *check_time(nf_args_path *path, const json_t *value)
{
    json_t *text = NULL;
    if (json_is_number(value))
        text = utc_text(json_number_value(value));
    else if (json_is_string(value) && is_utc(json_string_value(value)))
        text = json_incref((json_t *)value);
    return text ? text
                : nf_args_refuse(path, "",
                                 "is no time in UTC; one is text like 2020-03-23T11:00:00Z or a "
                                 "number of seconds since 1970, like time.now() + 600");
}

/* ---- all ---- */

json_t *nf_args_scalar(nf_args_path *path, const nf_param *param, const json_t *value)
{
    switch (param->type) {
    case NF_STRING:
    case NF_BOOK:
        return check_string(path, param, value);
    case NF_UPN:
        return check_upn(path, param, value);
    case NF_TEXT:
        return check_text(path, param, value);
    case NF_TIME:
        return check_time(path, value);
    case NF_INTEGER:
        return check_integer(path, param, value);
    case NF_NUMBER:
        return json_is_number(value) ? json_incref((json_t *)value)
                                     : nf_args_refuse(path, "", "a number is expected");
    case NF_BOOLEAN:
        return json_is_boolean(value) ? json_incref((json_t *)value)
                                      : nf_args_refuse(path, "", "true or false is expected");
    case NF_VALUE:
        return json_incref((json_t *)value);
    default:
        return nf_args_refuse(path, "", "a function cannot be given here");
    }
}
