/* SPDX-License-Identifier: Apache-2.0 */
/* strbuf.c: see strbuf.h for the invariants. */
#include "base/strbuf.h"

#include "base/alloc.h"
#include "base/jscan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool make_room(nf_strbuf *sb, size_t more)
{
    if (sb->overflow || more > sb->limit - sb->len) {
        sb->overflow = true;
        return false;
    }
    size_t need = sb->len + more + 1;
    if (need > sb->capacity) {
        size_t capacity = sb->capacity ? sb->capacity : 64;
        while (capacity < need)
            capacity *= 2;
        sb->bytes = nf_realloc(sb->bytes, capacity);
        sb->capacity = capacity;
    }
    return true;
}

bool nf_strbuf_add(nf_strbuf *sb, const void *bytes, size_t len)
{
    if (!make_room(sb, len))
        return false;
    if (len)
        memcpy(sb->bytes + sb->len, bytes, len);
    sb->len += len;
    sb->bytes[sb->len] = '\0';
    return true;
}

bool nf_strbuf_reserve(nf_strbuf *sb, size_t more)
{
    return make_room(sb, more);
}

bool nf_strbuf_add_u64(nf_strbuf *sb, uint64_t number)
{
    char digits[20], *at = digits + sizeof digits;
    do
        *--at = (char)('0' + number % 10);
    while (number /= 10);
    return nf_strbuf_add(sb, at, (size_t)(digits + sizeof digits - at));
}

bool nf_strbuf_addf(nf_strbuf *sb, const char *format, ...)
{
    va_list args, again;
    size_t free_bytes = sb->capacity - sb->len;
    if (sb->overflow)
        return false;
    va_start(args, format);
    va_copy(again, args);
    /* most texts fit into what is there */
    int n = vsnprintf(free_bytes ? sb->bytes + sb->len : NULL, free_bytes, format, args);
    va_end(args);
    bool fits = n >= 0 && (size_t)n < free_bytes && (size_t)n <= sb->limit - sb->len;
    bool ok = fits || (n >= 0 && make_room(sb, (size_t)n));
    if (ok && !fits)
        vsnprintf(sb->bytes + sb->len, (size_t)n + 1, format, again);
    va_end(again);
    if (ok)
        sb->len += (size_t)n;
    else if (sb->capacity)
        sb->bytes[sb->len] = '\0';
    return ok;
}

bool nf_strbuf_add_json(nf_strbuf *sb, const char *text, size_t len)
{
    /* six bytes are the longest escape of one byte; the quotes add two */
    if (len > (sb->limit - sb->len) || !make_room(sb, len * 6 + 2)) {
        sb->overflow = true;
        return false;
    }
    sb->len += nf_json_quote(text, len, sb->bytes + sb->len);
    sb->bytes[sb->len] = '\0';
    return true;
}

void nf_strbuf_shift(nf_strbuf *sb, size_t count)
{
    if (count >= sb->len) {
        nf_strbuf_clear(sb);
        return;
    }
    memmove(sb->bytes, sb->bytes + count, sb->len - count + 1);
    sb->len -= count;
}

const char *nf_strbuf_text(const nf_strbuf *sb)
{
    return sb->bytes ? sb->bytes : "";
}

char *nf_strbuf_take(nf_strbuf *sb)
{
    char *bytes = sb->bytes ? sb->bytes : nf_memdup("", 0);
    *sb = nf_strbuf_new(sb->limit);
    return bytes;
}

void nf_strbuf_clear(nf_strbuf *sb)
{
    sb->len = 0;
    sb->overflow = false;
    if (sb->bytes)
        sb->bytes[0] = '\0';
}

void nf_strbuf_release(nf_strbuf *sb)
{
    free(sb->bytes);
    *sb = nf_strbuf_new(sb->limit);
}
