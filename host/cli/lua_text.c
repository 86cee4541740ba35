/* SPDX-License-Identifier: Apache-2.0 */
/* lua_text.c: see lua_text.h. */
#include "cli/lua_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_LINE = 100, MOST_TEXT = 64 << 20 };

void nf_lua_string(nf_strbuf *out, const char *text, size_t len)
{
    nf_strbuf_puts(out, "\"");
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\')
            nf_strbuf_addf(out, "\\%c", c);
        else if (c == '\n')
            nf_strbuf_puts(out, "\\n");
        else if (c < 0x20 || c == 0x7F)
            nf_strbuf_addf(out, "\\x%02X", c);
        else
            nf_strbuf_add(out, &text[i], 1);
    }
    nf_strbuf_puts(out, "\"");
}

static bool is_name(const char *key)
{
    static const char *const words[] = {"and",   "break", "do",       "else", "elseif", "end",
                                        "false", "for",   "function", "goto", "if",     "in",
                                        "local", "nil",   "not",      "or",   "repeat", "return",
                                        "then",  "true",  "until",    "while"};
    size_t n = strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    if (n == 0 || key[n] || (key[0] >= '0' && key[0] <= '9'))
        return false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(words[i], key) == 0)
            return false;
    }
    return true;
}

static void add_key(nf_strbuf *out, const char *key)
{
    if (is_name(key)) {
        nf_strbuf_puts(out, key);
    } else {
        nf_strbuf_puts(out, "[");
        nf_lua_string(out, key, strlen(key));
        nf_strbuf_puts(out, "]");
    }
    nf_strbuf_puts(out, " = ");
}

static void add_real(nf_strbuf *out, double number)
{
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            break;
    }
    nf_strbuf_puts(out, text);
    if (strcspn(text, ".en") == strlen(text)) /* a whole number that is no integer */
        nf_strbuf_puts(out, ".0");
}

static void add_scalar(nf_strbuf *out, const json_t *value)
{
    if (json_is_string(value))
        nf_lua_string(out, json_string_value(value), json_string_length(value));
    else if (json_is_integer(value) && json_integer_value(value) == INT64_MIN)
        nf_strbuf_puts(out, "math.mininteger");
    else if (json_is_integer(value))
        nf_strbuf_addf(out, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        add_real(out, json_real_value(value));
    else if (json_is_boolean(value))
        nf_strbuf_puts(out, json_is_true(value) ? "true" : "false");
    else
        nf_strbuf_puts(out, "json.null");
}

/* Between the items: a blank, or a new line. */
static void next_item(nf_strbuf *out, unsigned indent, bool broken, bool first)
{
    if (broken)
        nf_strbuf_addf(out, "\n%*s", (int)indent, "");
    else
        nf_strbuf_puts(out, first ? "" : " ");
}

static void add_table(nf_strbuf *out, const json_t *value, unsigned indent, bool nulls, bool broken)
{
    const char *key;
    json_t *item;
    size_t i;
    bool first = true;
    nf_strbuf_puts(out, broken ? "{" : "{ ");
    json_array_foreach ((json_t *)value, i, item) {
        next_item(out, indent + 2, broken, i == 0);
        nf_lua_value(out, item, indent + 2, nulls);
        if (broken || i + 1 < json_array_size(value))
            nf_strbuf_puts(out, ",");
    }
    json_object_foreach ((json_t *)value, key, item) {
        if (json_is_null(item) && !nulls)
            continue;
        if (!first && !broken)
            nf_strbuf_puts(out, ",");
        next_item(out, indent + 2, broken, first);
        add_key(out, key);
        nf_lua_value(out, item, indent + 2, nulls);
        if (broken)
            nf_strbuf_puts(out, ",");
        first = false;
    }
    next_item(out, indent, broken, false);
    nf_strbuf_puts(out, "}");
}

static bool is_empty(const json_t *value, bool nulls)
{
    const char *key;
    json_t *item;
    json_object_foreach ((json_t *)value, key, item) {
        if (nulls || !json_is_null(item))
            return false;
    }
    return true;
}

void nf_lua_value(nf_strbuf *out, const json_t *value, unsigned indent, bool nulls)
{
    nf_strbuf line = nf_strbuf_new(MOST_TEXT);
    if (json_is_array(value) && json_array_size(value) == 0) {
        nf_strbuf_puts(out, "json.array {}");
    } else if (json_is_object(value) && is_empty(value, nulls)) {
        nf_strbuf_puts(out, "{}");
    } else if (json_is_object(value) || json_is_array(value)) {
        add_table(&line, value, indent, nulls, false);
        if (line.len + indent > LONGEST_LINE || memchr(nf_strbuf_text(&line), '\n', line.len))
            add_table(out, value, indent, nulls, true);
        else
            nf_strbuf_add(out, line.bytes, line.len);
    } else {
        add_scalar(out, value);
    }
    nf_strbuf_release(&line);
}
