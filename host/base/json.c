/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.c: see json.h.
 *
 * Trees are jansson's, but built from our scanner's tokens and not by jansson's own reader: the scanner has to go over
 * the text in any case, since it bounds the depth and refuses what jansson would take, and the second pass took 4 us of
 * an event's CPU time. They are written here too, for the same reason: jansson's writer took 2.5 us of it.
 */
#include "base/json.h"

#include "base/alloc.h"
#include "base/jscan.h"
#include "base/macros.h"
#include "base/strbuf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading ---- */

/* A tree under construction. Main invariant: every value made so far is owned by `root`. */
typedef struct nf_tree {
    nf_jscan scan;
    json_t *root, *open[NF_JSON_DEPTH + 1]; /* open[0] is not used: nothing is around the root */
    char *key;                              /* of the value that comes next, if it has one */
    size_t key_len, key_room;
} nf_tree;

static const char twice[] = "is there twice"; /* said of the key */

static bool fail(nf_tree *tree, const char *why)
{
    tree->scan.error = why;
    return false;
}

static bool take_key(nf_tree *tree)
{
    const nf_jscan *scan = &tree->scan;
    if (scan->len >= tree->key_room) {
        tree->key_room = scan->len + 64;
        tree->key = nf_realloc(tree->key, tree->key_room);
    }
    if (scan->escaped) {
        tree->key_len = nf_json_unescape(scan->text, scan->len, tree->key);
    } else {
        memcpy(tree->key, scan->text, scan->len);
        tree->key_len = scan->len;
    }
    return !memchr(tree->key, 0, tree->key_len) || fail(tree, "a key with \\u0000 in it");
}

/* Steals `value`, which belongs to the container that is open `depth` levels deep; NULL when none could be made. */
static bool add(nf_tree *tree, int depth, json_t *value)
{
    json_t *around = depth ? tree->open[depth] : NULL;
    if (!value)
        return tree->scan.error ? false : fail(tree, "there is no memory for it");
    if (!around) {
        tree->root = value;
        return true;
    }
    if (json_is_array(around))
        return json_array_append_new(around, value) == 0 || fail(tree, "there is no memory for it");
    size_t before = json_object_size(around);
    json_object_setn_new_nocheck(around, tree->key, tree->key_len, value);
    return json_object_size(around) > before || fail(tree, twice);
}

static json_t *string_of(const nf_jscan *scan)
{
    if (!scan->escaped)
        return json_stringn_nocheck(scan->text, scan->len);
    char *plain = nf_realloc(NULL, scan->len);
    json_t *value = json_stringn_nocheck(plain, nf_json_unescape(scan->text, scan->len, plain));
    free(plain);
    return value;
}

/* NULL when it is beyond what 64 bits hold. */
static json_t *number_of(nf_tree *tree)
{
    const nf_jscan *scan = &tree->scan;
    char *text =
        nf_memdup(scan->text, scan->len); /* with an end, which the document does not have */
    json_t *value = NULL;
    errno = 0;
    if (scan->integer) {
        long long whole = strtoll(text, NULL, 10);
        if (errno != ERANGE)
            value = json_integer(whole);
        else
            fail(tree, text[0] == '-' ? "an integer below -2^63" : "an integer above 2^63 - 1");
    } else {
        value = json_real(strtod(text, NULL)); /* NULL when it is infinite */
        if (!value)
            fail(tree, "a number too large for a double");
    }
    free(text);
    return value;
}

/* False at the end or at an error. */
static bool take_token(nf_tree *tree)
{
    nf_jscan *scan = &tree->scan;
    switch (nf_jscan_next(scan)) {
    case NF_J_OBJECT:
        tree->open[scan->depth] = json_object();
        return add(tree, scan->depth - 1, tree->open[scan->depth]);
    case NF_J_ARRAY:
        tree->open[scan->depth] = json_array();
        return add(tree, scan->depth - 1, tree->open[scan->depth]);
    case NF_J_KEY:
        return take_key(tree);
    case NF_J_STRING:
        return add(tree, scan->depth, string_of(scan));
    case NF_J_NUMBER:
        return add(tree, scan->depth, number_of(tree));
    case NF_J_TRUE:
        return add(tree, scan->depth, json_true());
    case NF_J_FALSE:
        return add(tree, scan->depth, json_false());
    case NF_J_NULL:
        return add(tree, scan->depth, json_null());
    case NF_J_OBJECT_END:
    case NF_J_ARRAY_END:
        return true;
    default:
        return false;
    }
}

static void say_why(const nf_tree *tree, nf_error *err)
{
    enum { KEY_SHOWN = 100 };
    const char *why = tree->scan.error;
    size_t shown = NF_MIN(tree->key_len, (size_t)KEY_SHOWN);
    int line, column;
    while (shown > 0 && shown < tree->key_len && (tree->key[shown] & 0xC0) == 0x80)
        shown--; /* not in the middle of a character */
    nf_jscan_position(&tree->scan, &line, &column);
    if (why == twice)
        nf_error_set(err, NF_E_PARSE, "not valid JSON at line %d, column %d: the key \"%.*s\" %s",
                     line, column, (int)shown, tree->key, why);
    else
        nf_error_set(err, NF_E_PARSE, "not valid JSON at line %d, column %d: %s", line, column,
                     why);
}

json_t *nf_json_parse(const char *text, size_t len, nf_error *err)
{
    nf_tree tree = {.root = NULL};
    nf_jscan_init(&tree.scan, text, len);
    while (take_token(&tree))
        ;
    if (tree.scan.error) {
        say_why(&tree, err);
        json_decref(tree.root);
        tree.root = NULL;
    }
    free(tree.key);
    return tree.root;
}

/* ---- writing ---- */

static void write_value(nf_strbuf *out, const json_t *value);

static void write_object(nf_strbuf *out, json_t *object)
{
    const char *before = "{";
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        nf_strbuf_add(out, before, 1);
        nf_strbuf_add_json(out, json_object_iter_key(at), json_object_iter_key_len(at));
        nf_strbuf_add(out, ":", 1);
        write_value(out, json_object_iter_value(at));
        before = ",";
    }
    nf_strbuf_puts(out, before[0] == '{' ? "{}" : "}");
}

static void write_array(nf_strbuf *out, const json_t *array)
{
    size_t count = json_array_size(array);
    for (size_t i = 0; i < count; i++) {
        nf_strbuf_add(out, i ? "," : "[", 1);
        write_value(out, json_array_get(array, i));
    }
    nf_strbuf_puts(out, count ? "]" : "[]");
}

static void write_real(nf_strbuf *out, const json_t *value)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY);
    if (!text)
        nf_bug("a JSON value that cannot be written");
    nf_strbuf_puts(out, text);
    free(text);
}

static void write_value(nf_strbuf *out, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        write_object(out, (json_t *)value);
        break;
    case JSON_ARRAY:
        write_array(out, value);
        break;
    case JSON_STRING:
        nf_strbuf_add_json(out, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        nf_strbuf_addf(out, "%lld", (long long)json_integer_value(value));
        break;
    case JSON_REAL:
        write_real(out, value);
        break;
    case JSON_TRUE:
        nf_strbuf_puts(out, "true");
        break;
    case JSON_FALSE:
        nf_strbuf_puts(out, "false");
        break;
    case JSON_NULL:
        nf_strbuf_puts(out, "null");
        break;
    }
}

char *nf_json_text(const json_t *value)
{
    enum { USUAL = 512 };
    nf_strbuf out = nf_strbuf_new(SIZE_MAX / 8);
    nf_strbuf_reserve(&out, USUAL);
    write_value(&out, value);
    return nf_strbuf_take(&out);
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
