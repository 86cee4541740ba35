/* SPDX-License-Identifier: Apache-2.0 */
/* xlsx_strings.c: see xlsx_strings.h. */
#include "reader/xlsx_strings.h"

#include "reader/xlsx_value.h"

#include <stdlib.h>
#include <string.h>

typedef struct state {
    nf_strings *strings;
    bool in_text, phonetic;
} state;

static void out_of_memory(nf_error *err)
{
    nf_error_set(err, NF_E_LIMIT, "it needs too much memory");
}

/* Remember that a text begins here. */
static void begin_text(nf_strings *strings, nf_error *err)
{
    if (strings->count >= NF_READ_STRINGS_MAX) {
        nf_error_set(err, NF_E_LIMIT, "it has more than %d different texts", NF_READ_STRINGS_MAX);
        return;
    }
    if (strings->count + 2 > strings->starts) {
        size_t starts = strings->starts ? 2 * strings->starts : 1024;
        uint32_t *bigger = realloc(strings->start, starts * sizeof *bigger);
        if (!bigger) {
            out_of_memory(err);
            return;
        }
        strings->start = bigger;
        strings->starts = starts;
    }
    strings->start[strings->count++] = (uint32_t)strings->len;
    strings->start[strings->count] = (uint32_t)strings->len;
}

static void on_open(void *ctx, const char *element, const char **attributes, nf_error *err)
{
    state *s = ctx;
    (void)attributes;
    if (strcmp(element, "si") == 0)
        begin_text(s->strings, err);
    else if (strcmp(element, "rPh") == 0)
        s->phonetic = true;
    else if (strcmp(element, "t") == 0)
        s->in_text = true;
}

static void on_close(void *ctx, const char *element, nf_error *err)
{
    state *s = ctx;
    nf_strings *strings = s->strings;
    (void)err;
    if (strcmp(element, "t") == 0) {
        s->in_text = false;
    } else if (strcmp(element, "rPh") == 0) {
        s->phonetic = false;
    } else if (strcmp(element, "si") == 0 && strings->count > 0) {
        size_t start = strings->start[strings->count - 1];
        if (strings->len > start)
            strings->len = start + nf_unescape_text(strings->bytes + start, strings->len - start);
        strings->start[strings->count] = (uint32_t)strings->len;
    }
}

static void on_text(void *ctx, const char *text, size_t len, nf_error *err)
{
    state *s = ctx;
    nf_strings *strings = s->strings;
    if (!s->in_text || s->phonetic || strings->count == 0)
        return;
    if (len > NF_READ_STRING_BYTES_MAX - strings->len) {
        nf_error_set(err, NF_E_LIMIT, "its texts are more than %d MiB",
                     NF_READ_STRING_BYTES_MAX >> 20);
        return;
    }
    if (strings->len + len > strings->capacity) {
        size_t capacity = strings->capacity ? strings->capacity : 1 << 16;
        while (capacity < strings->len + len)
            capacity += capacity / 2;
        char *bigger = realloc(strings->bytes, capacity);
        if (!bigger) {
            out_of_memory(err);
            return;
        }
        strings->bytes = bigger;
        strings->capacity = capacity;
    }
    memcpy(strings->bytes + strings->len, text, len);
    strings->len += len;
}

nf_status nf_strings_read(nf_strings *strings, nf_archive *archive, const char *path, nf_error *err)
{
    static const nf_xml_handler handler = {on_open, on_close, on_text};
    state s = {.strings = strings};
    return nf_part_parse(archive, path, &handler, &s, err);
}

const char *nf_strings_get(const nf_strings *strings, unsigned long index, size_t *len)
{
    if (index >= strings->count)
        return NULL;
    *len = strings->start[index + 1] - strings->start[index];
    return *len ? strings->bytes + strings->start[index] : "";
}

void nf_strings_release(nf_strings *strings)
{
    free(strings->bytes);
    free(strings->start);
}
