/* SPDX-License-Identifier: Apache-2.0 */
/* json.c: see json.h. The scanner runs first: it bounds the depth and refuses what jansson would take. */
#include "base/json.h"

#include "base/alloc.h"
#include "base/jscan.h"
#include "base/macros.h"

#include <stdlib.h>
#include <string.h>

json_t *nf_json_parse(const char *text, size_t len, nf_error *err)
{
    nf_jscan scan;
    nf_jtoken token;
    nf_jscan_init(&scan, text, len);
    do
        token = nf_jscan_next(&scan);
    while (token != NF_J_END && token != NF_J_ERROR);
    if (token == NF_J_ERROR) {
        int line, column;
        nf_jscan_position(&scan, &line, &column);
        nf_error_set(err, NF_E_PARSE, "not valid JSON at line %d, column %d: %s", line, column,
                     scan.error);
        return NULL;
    }
    json_error_t why;
    json_t *value =
        json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
    if (!value)
        nf_error_set(err, NF_E_PARSE, "not valid JSON at line %d, column %d: %s", why.line,
                     why.column, why.text);
    return value;
}

char *nf_json_text(const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    if (!text)
        nf_bug("a JSON value that cannot be written");
    return text;
}

const char *nf_json_string(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

json_int_t nf_json_integer(const json_t *object, const char *key, json_int_t otherwise)
{
    const json_t *value = json_object_get(object, key);
    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

void nf_json_digest(const char *text, size_t len, uint8_t out[NF_SHA256_SIZE])
{
    json_t *value = json_loadb(text, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    char *canonical =
        value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS) : NULL;
    if (canonical)
        nf_sha256(canonical, strlen(canonical), out);
    else
        nf_sha256(text, len, out);
    free(canonical);
    json_decref(value);
}
