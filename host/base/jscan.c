/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jscan.c: see jscan.h.
 *
 * The grammar is a small state machine: `expect` says what may come next, one bit per nesting level says whether the
 * level is an object. Main invariant: text/len always lie inside [start, end).
 */
#include "base/jscan.h"

#include <string.h>

enum { EXPECT_VALUE, EXPECT_FIRST, EXPECT_KEY, EXPECT_NEXT, EXPECT_NOTHING, EXPECT_FAILED };

void nf_jscan_init(nf_jscan *scan, const char *text, size_t len)
{
    *scan = (nf_jscan){.start = text, .at = text, .end = text + len, .expect = EXPECT_VALUE};
}

static nf_jtoken fail(nf_jscan *s, const char *why)
{
    if (!s->error)
        s->error = why;
    s->expect = EXPECT_FAILED;
    return NF_J_ERROR;
}

static void skip_space(nf_jscan *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\r' || *s->at == '\t'))
        s->at++;
}

size_t nf_utf8_length(const char *text, size_t len)
{
    const unsigned char *u = (const unsigned char *)text;
    if (len == 0)
        return 0;
    if (u[0] < 0x80)
        return 1;
    if (u[0] >= 0xC2 && u[0] <= 0xDF)
        return len >= 2 && (u[1] & 0xC0) == 0x80 ? 2 : 0;
    if (u[0] >= 0xE0 && u[0] <= 0xEF) {
        if (len < 3 || (u[1] & 0xC0) != 0x80 || (u[2] & 0xC0) != 0x80)
            return 0;
        if ((u[0] == 0xE0 && u[1] < 0xA0) || (u[0] == 0xED && u[1] > 0x9F))
            return 0; /* overlong, or a surrogate */
        return 3;
    }
    if (u[0] >= 0xF0 && u[0] <= 0xF4) {
        if (len < 4 || (u[1] & 0xC0) != 0x80 || (u[2] & 0xC0) != 0x80 || (u[3] & 0xC0) != 0x80)
            return 0;
        if ((u[0] == 0xF0 && u[1] < 0x90) || (u[0] == 0xF4 && u[1] > 0x8F))
            return 0;
        return 4;
    }
    return 0;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Four hex digits at `p`, or -1. */
static int hex4(const char *p, const char *end)
{
    if (end - p < 4)
        return -1;
    int value = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_value(p[i]);
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* One escape behind the backslash; moves `at` behind it. */
static const char *check_escape(nf_jscan *s)
{
    if (s->at >= s->end)
        return "unfinished string";
    char c = *s->at++;
    if (c != 'u')
        return c && strchr("\"\\/bfnrt", c) ? NULL : "unknown escape in a string";
    int high = hex4(s->at, s->end);
    if (high < 0)
        return "\\u needs four hexadecimal digits";
    s->at += 4;
    if (high >= 0xDC00 && high <= 0xDFFF)
        return "lone surrogate in a string";
    if (high < 0xD800 || high > 0xDBFF)
        return NULL;
    if (s->end - s->at < 6 || s->at[0] != '\\' || s->at[1] != 'u')
        return "lone surrogate in a string";
    int low = hex4(s->at + 2, s->end);
    if (low < 0xDC00 || low > 0xDFFF)
        return "lone surrogate in a string";
    s->at += 6;
    return NULL;
}

static nf_jtoken scan_string(nf_jscan *s, nf_jtoken token)
{
    s->text = ++s->at;
    s->escaped = false;
    while (s->at < s->end) {
        unsigned char c = (unsigned char)*s->at;
        if (c == '"') {
            s->len = (size_t)(s->at++ - s->text);
            return token;
        }
        if (c < 0x20)
            return fail(s, "control character in a string");
        if (c == '\\') {
            s->escaped = true;
            s->at++;
            const char *why = check_escape(s);
            if (why)
                return fail(s, why);
        } else if (c < 0x80) {
            s->at++;
        } else {
            size_t n = nf_utf8_length(s->at, (size_t)(s->end - s->at));
            if (n == 0)
                return fail(s, "not valid UTF-8");
            s->at += n;
        }
    }
    return fail(s, "unfinished string");
}

static bool digits(nf_jscan *s)
{
    const char *from = s->at;
    while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
        s->at++;
    return s->at > from;
}

static nf_jtoken scan_number(nf_jscan *s)
{
    s->text = s->at;
    s->integer = true;
    if (*s->at == '-')
        s->at++;
    if (s->at < s->end && *s->at == '0')
        s->at++;
    else if (!digits(s))
        return fail(s, "not a value");
    if (s->at < s->end && *s->at == '.') {
        s->at++;
        s->integer = false;
        if (!digits(s))
            return fail(s, "a number needs a digit after the point");
    }
    if (s->at < s->end && (*s->at == 'e' || *s->at == 'E')) {
        s->at++;
        s->integer = false;
        if (s->at < s->end && (*s->at == '+' || *s->at == '-'))
            s->at++;
        if (!digits(s))
            return fail(s, "a number needs a digit in its exponent");
    }
    s->len = (size_t)(s->at - s->text);
    return NF_J_NUMBER;
}

static nf_jtoken scan_word(nf_jscan *s, const char *word, nf_jtoken token)
{
    size_t n = strlen(word);
    if ((size_t)(s->end - s->at) < n || memcmp(s->at, word, n) != 0)
        return fail(s, "not a value");
    s->at += n;
    return token;
}

static nf_jtoken open_level(nf_jscan *s, bool object)
{
    if (s->depth >= NF_JSON_DEPTH)
        return fail(s, "nested too deeply");
    uint64_t bit = (uint64_t)1 << s->depth++;
    s->is_object = object ? s->is_object | bit : s->is_object & ~bit;
    s->at++;
    s->expect = EXPECT_FIRST;
    return object ? NF_J_OBJECT : NF_J_ARRAY;
}

static bool in_object(const nf_jscan *s)
{
    return (s->is_object >> (s->depth - 1)) & 1;
}

static nf_jtoken close_level(nf_jscan *s)
{
    bool object = in_object(s);
    s->at++;
    s->depth--;
    s->expect = s->depth ? EXPECT_NEXT : EXPECT_NOTHING;
    return object ? NF_J_OBJECT_END : NF_J_ARRAY_END;
}

static nf_jtoken scan_value(nf_jscan *s)
{
    if (s->at >= s->end)
        return fail(s, "unexpected end");
    nf_jtoken token = NF_J_ERROR;
    switch (*s->at) {
    case '{':
        return open_level(s, true);
    case '[':
        return open_level(s, false);
    case '"':
        token = scan_string(s, NF_J_STRING);
        break;
    case 't':
        token = scan_word(s, "true", NF_J_TRUE);
        break;
    case 'f':
        token = scan_word(s, "false", NF_J_FALSE);
        break;
    case 'n':
        token = scan_word(s, "null", NF_J_NULL);
        break;
    default:
        token = scan_number(s);
    }
    if (token != NF_J_ERROR)
        s->expect = s->depth ? EXPECT_NEXT : EXPECT_NOTHING;
    return token;
}

static nf_jtoken scan_key(nf_jscan *s)
{
    if (s->at >= s->end || *s->at != '"')
        return fail(s, "a key in double quotes is expected");
    if (scan_string(s, NF_J_KEY) == NF_J_ERROR)
        return NF_J_ERROR;
    skip_space(s);
    if (s->at >= s->end || *s->at != ':')
        return fail(s, "':' is expected after a key");
    s->at++;
    s->expect = EXPECT_VALUE;
    return NF_J_KEY;
}

/* Inside an object or array: its end, or the comma and what follows it. */
static nf_jtoken scan_next(nf_jscan *s)
{
    char close = in_object(s) ? '}' : ']';
    if (s->at >= s->end)
        return fail(s, "unexpected end");
    if (*s->at == close)
        return close_level(s);
    if (s->expect == EXPECT_NEXT) {
        if (*s->at != ',')
            return fail(s, close == '}' ? "',' or '}' is expected" : "',' or ']' is expected");
        s->at++;
        skip_space(s);
    }
    return close == '}' ? scan_key(s) : scan_value(s);
}

nf_jtoken nf_jscan_next(nf_jscan *s)
{
    if (s->expect == EXPECT_FAILED)
        return NF_J_ERROR;
    skip_space(s);
    switch (s->expect) {
    case EXPECT_NOTHING:
        return s->at == s->end ? NF_J_END : fail(s, "something follows the value");
    case EXPECT_VALUE:
        return scan_value(s);
    default:
        return scan_next(s);
    }
}

bool nf_jscan_skip(nf_jscan *s, nf_jtoken token)
{
    if (token == NF_J_ERROR)
        return false;
    if (token != NF_J_OBJECT && token != NF_J_ARRAY)
        return true;
    int outside = s->depth - 1;
    while (s->depth > outside) {
        if (nf_jscan_next(s) == NF_J_ERROR)
            return false;
    }
    return true;
}

bool nf_json_valid(const char *text, size_t len)
{
    nf_jscan scan;
    nf_jtoken token;
    nf_jscan_init(&scan, text, len);
    do
        token = nf_jscan_next(&scan);
    while (token != NF_J_END && token != NF_J_ERROR);
    return token == NF_J_END;
}

void nf_jscan_position(const nf_jscan *scan, int *line, int *column)
{
    *line = 1;
    *column = 1;
    for (const char *p = scan->start; p < scan->at && p < scan->end; p++) {
        if (*p == '\n') {
            ++*line;
            *column = 1;
        } else {
            ++*column;
        }
    }
}

static size_t put_utf8(unsigned code, char *out)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xC0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xE0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3F));
        out[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3F));
    out[2] = (char)(0x80 | (code >> 6 & 0x3F));
    out[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

/* \uXXXX or a surrogate pair at `p` (behind the u); returns how far it read. */
static size_t unescape_unicode(const char *p, const char *end, char **out)
{
    unsigned code = (unsigned)hex4(p, end);
    size_t read = 4;
    if (code >= 0xD800 && code <= 0xDBFF) {
        unsigned low = (unsigned)hex4(p + 6, end);
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        read = 10;
    }
    *out += put_utf8(code, *out);
    return read;
}

size_t nf_json_unescape(const char *text, size_t len, char *out)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    const char *end = text + len;
    char *o = out;
    while (text < end) {
        if (*text != '\\') {
            *o++ = *text++;
            continue;
        }
        char c = text[1];
        text += 2;
        const char *simple = strchr(from, c);
        if (c == 'u')
            text += unescape_unicode(text, end, &o);
        else
            *o++ = simple ? to[simple - from] : c;
    }
    return (size_t)(o - out);
}

bool nf_jscan_equals(const nf_jscan *scan, const char *text)
{
    size_t n = strlen(text);
    if (!scan->escaped)
        return scan->len == n && memcmp(scan->text, text, n) == 0;
    char plain[256];
    if (scan->len > sizeof plain)
        return false;
    return nf_json_unescape(scan->text, scan->len, plain) == n && memcmp(plain, text, n) == 0;
}

static size_t quote_control(unsigned char c, char *out)
{
    static const char hex[] = "0123456789abcdef", from[] = "\b\f\n\r\t", to[] = "bfnrt";
    const char *simple = c ? strchr(from, c) : NULL;
    out[0] = '\\';
    if (simple) {
        out[1] = to[simple - from];
        return 2;
    }
    memcpy(out + 1, "u00", 3);
    out[4] = hex[c >> 4];
    out[5] = hex[c & 15];
    return 6;
}

size_t nf_json_quote(const char *text, size_t len, char *out)
{
    const char *end = text + len;
    char *o = out;
    *o++ = '"';
    while (text < end) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20) {
            o += quote_control(c, o);
            text++;
        } else if (c == '"' || c == '\\') {
            *o++ = '\\';
            *o++ = *text++;
        } else if (c < 0x80) {
            *o++ = *text++;
        } else {
            size_t n = nf_utf8_length(text, (size_t)(end - text));
            memcpy(o, n ? text : "\xEF\xBF\xBD", n ? n : 3);
            o += n ? n : 3;
            text += n ? n : 1;
        }
    }
    *o++ = '"';
    return (size_t)(o - out);
}
