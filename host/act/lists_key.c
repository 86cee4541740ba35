/* SPDX-License-Identifier: Apache-2.0 */
/* lists_key.c: see lists_key.h. */
#include "act/lists_key.h"

#include "base/alloc.h"
#include "base/jscan.h"
#include "base/phone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PHONE_LONGEST = 64 }; /* no telephone number is longer, however it is written */

static void make_room(nf_list_key *key, size_t len)
{
    if (len <= key->capacity)
        return;
    key->capacity = len < 128 ? 128 : 2 * len;
    key->bytes = nf_realloc(key->bytes, key->capacity);
}

/* Bytes of white space at `text`: ASCII and the no-break space. */
static size_t blank(const char *text, size_t len)
{
    if (len >= 2 && memcmp(text, "\xc2\xa0", 2) == 0)
        return 2;
    return len >= 1 && (*text == ' ' || (*text >= '\t' && *text <= '\r')) ? 1 : 0;
}

static void trim(const char **text, size_t *len)
{
    for (size_t n; (n = blank(*text, *len)) > 0; *text += n)
        *len -= n;
    for (;;) {
        if (*len > 0 && blank(*text + *len - 1, 1))
            *len -= 1;
        else if (*len >= 2 && blank(*text + *len - 2, 2) == 2)
            *len -= 2;
        else
            return;
    }
}

/* Lower case of a character of two UTF-8 bytes that has the same length. */
static uint32_t fold(uint32_t c)
{
    if ((c >= 0xc0 && c <= 0xde && c != 0xd7) || (c >= 0x391 && c <= 0x3a9 && c != 0x3a2)
        || (c >= 0x410 && c <= 0x42f))
        return c + 0x20;
    if (c >= 0x400 && c <= 0x40f)
        return c + 0x50;
    bool even_is_upper =
        (c >= 0x100 && c <= 0x12f) || (c >= 0x132 && c <= 0x137) || (c >= 0x14a && c <= 0x177);
    bool odd_is_upper = (c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e);
    if ((even_is_upper && c % 2 == 0) || (odd_is_upper && c % 2 == 1))
        return c + 1;
    return c == 0x178 ? 0xff : c;
}

static void fold_into(char *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 'A' && c <= 'Z') {
            out[i] = (char)(c + 32);
        } else if (c >= 0xc3 && c <= 0xd1 && i + 1 < len) {
            uint32_t folded = fold((uint32_t)((c & 0x1f) << 6 | (text[i + 1] & 0x3f)));
            out[i] = (char)(0xc0 | folded >> 6);
            out[++i] = (char)(0x80 | (folded & 0x3f));
        } else {
            out[i] = (char)c;
        }
    }
}

bool nf_list_key_of_text(nf_list_key *key, const char *text, size_t len, const char *country)
{
    trim(&text, &len);
    make_room(key, len > NF_PHONE_TEXT ? len : NF_PHONE_TEXT);
    char phone[NF_PHONE_TEXT];
    if (len <= PHONE_LONGEST && nf_phone_e164_bytes(text, len, country, phone)) {
        key->len = strlen(phone);
        memcpy(key->bytes, phone, key->len);
    } else {
        key->len = len;
        fold_into(key->bytes, text, len);
    }
    return key->len > 0;
}

static bool key_of_string(nf_list_key *key, const nf_jscan *scan, const char *country)
{
    char small[512];
    if (!scan->escaped)
        return nf_list_key_of_text(key, scan->text, scan->len, country);
    char *plain = scan->len <= sizeof small ? small : nf_alloc(scan->len);
    size_t len = nf_json_unescape(scan->text, scan->len, plain);
    bool found = nf_list_key_of_text(key, plain, len, country);
    if (plain != small)
        free(plain);
    return found;
}

bool nf_list_key_of_cell(nf_list_key *key, const char *row, size_t len, size_t column,
                         const char *country)
{
    nf_jscan scan;
    nf_jscan_init(&scan, row, len);
    nf_jtoken token = nf_jscan_next(&scan); /* the bracket */
    for (size_t i = 0; i <= column; i++)
        token = nf_jscan_next(&scan);
    switch (token) {
    case NF_J_STRING:
        return key_of_string(key, &scan, country);
    case NF_J_NUMBER:
        return nf_list_key_of_text(key, scan.text, scan.len, country);
    case NF_J_TRUE:
        return nf_list_key_of_text(key, "true", 4, country);
    case NF_J_FALSE:
        return nf_list_key_of_text(key, "false", 5, country);
    default:
        return false;
    }
}

bool nf_list_key_of_json(nf_list_key *key, const json_t *value, const char *country)
{
    char text[64];
    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_STRING:
        return nf_list_key_of_text(key, json_string_value(value), json_string_length(value),
                                   country);
    case JSON_INTEGER:
        snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        break;
    case JSON_REAL: {
        double number = json_real_value(value);
        bool whole = number > -9e18 && number < 9e18 && number == (double)(int64_t)number;
        snprintf(text, sizeof text, whole ? "%.0f" : "%.15g", number);
        break;
    }
    case JSON_TRUE:
    case JSON_FALSE:
        snprintf(text, sizeof text, "%s", json_is_true(value) ? "true" : "false");
        break;
    default:
        return false;
    }
    return nf_list_key_of_text(key, text, strlen(text), country);
}

bool nf_list_key_equal(const nf_list_key *a, const nf_list_key *b)
{
    return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

uint64_t nf_list_key_hash(const nf_list_key *key)
{
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a, then mixed so that the low bits depend on all */
    for (size_t i = 0; i < key->len; i++)
        hash = (hash ^ (unsigned char)key->bytes[i]) * 0x100000001b3u;
    hash = (hash ^ hash >> 32) * 0xd6e8feb86659fd93u;
    return hash ^ hash >> 32;
}

void nf_list_key_release(nf_list_key *key)
{
    free(key->bytes);
    *key = (nf_list_key){0};
}
