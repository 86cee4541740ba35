/* layer: base */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_json.c: the scanner against the JSON library: what that refuses must be refused, texts must mean the same, and
 * what is quoted must come back; and our trees against the library's own.
 */
#include "base/jscan.h"
#include "base/json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The library's own limits: numbers that do not fit, and none else. */
static int refused_for_its_size(const json_error_t *error)
{
    enum json_error_code code = json_error_code(error);
    return code == json_error_numeric_overflow || code == json_error_stack_overflow;
}

static void compare(const char *text, size_t len)
{
    json_error_t error;
    json_t *tree = json_loadb(text, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    int valid = nf_json_valid(text, len);
    if (valid && !tree && !refused_for_its_size(&error))
        abort();
    /* the other way round only the depth differs, and a NUL, which ends the text for the library */
    if (!valid && tree && !memchr(text, '\0', len)) {
        nf_jscan scan;
        nf_jtoken token;
        nf_jscan_init(&scan, text, len);
        while ((token = nf_jscan_next(&scan)) != NF_J_ERROR)
            if (token == NF_J_END)
                abort();
        if (scan.depth < NF_JSON_DEPTH)
            abort();
    }
    if (valid && tree && json_is_string(tree)) {
        nf_jscan scan;
        nf_jscan_init(&scan, text, len);
        nf_jscan_next(&scan);
        char *out = malloc(scan.len + 1);
        size_t n = nf_json_unescape(scan.text, scan.len, out);
        if (n != json_string_length(tree) || memcmp(out, json_string_value(tree), n) != 0)
            abort();
        free(out);
    }
    json_decref(tree);
}

/* Where both take a text, the values are the same; where the scanner does, both take it or both do not. */
static void compare_trees(const char *text, size_t len)
{
    nf_error err = {0};
    json_t *ours = nf_json_parse(text, len, &err);
    json_t *theirs =
        json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    if (nf_json_valid(text, len) && (!ours != !theirs || (ours && !json_equal(ours, theirs))))
        abort();
    if (!ours != (err.status != NF_OK))
        abort();
    json_decref(ours);
    json_decref(theirs);
}

static void round_trip(const char *text, size_t len)
{
    char *quoted = malloc(6 * len + 2), *back;
    size_t n = nf_json_quote(text, len, quoted);
    if (n > 6 * len + 2 || !nf_json_valid(quoted, n))
        abort();
    back = malloc(n);
    size_t m = nf_json_unescape(quoted + 1, n - 2, back);
    size_t good = 0, step;
    while (good < len && (step = nf_utf8_length(text + good, len - good)))
        good += step;
    if (good == len && (m != len || memcmp(text, back, len) != 0))
        abort();
    free(back);
    free(quoted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nf_jscan scan;
    int line, column;
    compare((const char *)data, size);
    compare_trees((const char *)data, size);
    round_trip((const char *)data, size);
    nf_jscan_init(&scan, (const char *)data, size);
    nf_jscan_skip(&scan, nf_jscan_next(&scan));
    nf_jscan_position(&scan, &line, &column);
    if (line < 1 || column < 1)
        abort();
    return 0;
}
