/* SPDX-License-Identifier: Apache-2.0 */
/* compare.c: see compare.h. */
#include "cli/compare.h"

#include "base/alloc.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST_PATH = 4096, MOST_CELLS = 4000000, LONGEST_SHOWN = 200 };

/* ---- values ---- */

static bool same_scalar(const json_t *a, const json_t *b)
{
    if (json_is_integer(a) && json_is_integer(b))
        return json_integer_value(a) == json_integer_value(b);
    if (json_is_number(a) && json_is_number(b))
        return json_number_value(a) == json_number_value(b);
    return json_equal(a, b);
}

static bool absent(const json_t *value)
{
    return !value || json_is_null(value);
}

static void add_field(json_t *fields, const char *path, const json_t *expected, const json_t *got)
{
    json_array_append_new(
        fields, json_pack("{s:s, s:O*, s:O*}", "field", path, "expected", expected, "got", got));
}

static void differ(json_t *fields, const nf_strbuf *path, const json_t *expected, const json_t *got,
                   bool exact);

static void differ_at(json_t *fields, const nf_strbuf *path, const char *name, size_t index,
                      const json_t *expected, const json_t *got, bool exact)
{
    nf_strbuf below = nf_strbuf_new(LONGEST_PATH);
    nf_strbuf_add(&below, path->bytes, path->len);
    if (name)
        nf_strbuf_addf(&below, "%s%s", path->len ? "." : "", name);
    else
        nf_strbuf_addf(&below, "[%zu]", index + 1);
    differ(fields, &below, expected, got, exact);
    nf_strbuf_release(&below);
}

static void differ_objects(json_t *fields, const nf_strbuf *path, const json_t *expected,
                           const json_t *got, bool exact)
{
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)expected, name, value)
        differ_at(fields, path, name, 0, value, json_object_get(got, name), exact);
    json_object_foreach ((json_t *)got, name, value) {
        if (exact && !json_object_get(expected, name))
            differ_at(fields, path, name, 0, NULL, value, exact);
    }
}

/* Every field in which they differ. */
static void differ(json_t *fields, const nf_strbuf *path, const json_t *expected, const json_t *got,
                   bool exact)
{
    if (absent(expected) && absent(got))
        return;
    if (json_is_object(expected) && json_is_object(got)) {
        differ_objects(fields, path, expected, got, exact);
    } else if (json_is_array(expected) && json_is_array(got)) {
        size_t n = json_array_size(expected), m = json_array_size(got);
        for (size_t i = 0; i < n || i < m; i++)
            differ_at(fields, path, NULL, i, json_array_get(expected, i), json_array_get(got, i),
                      exact);
    } else if (absent(expected) || absent(got) || !same_scalar(expected, got)) {
        add_field(fields, nf_strbuf_text(path), expected, got);
    }
}

static json_t *fields_of(const json_t *expected, const json_t *got, bool exact)
{
    nf_strbuf path = nf_strbuf_new(LONGEST_PATH);
    json_t *fields = json_array();
    differ(fields, &path, expected, got, exact);
    nf_strbuf_release(&path);
    return fields;
}

bool nf_values_same(const json_t *expected, const json_t *got, bool exact)
{
    json_t *fields = fields_of(expected, got, exact);
    bool same = json_array_size(fields) == 0;
    json_decref(fields);
    return same;
}

bool nf_compare_values(const char *what, const json_t *expected, const json_t *got, bool exact,
                       json_t *differences)
{
    json_t *fields = fields_of(expected, got, exact);
    bool same = json_array_size(fields) == 0;
    if (!same)
        json_array_append_new(differences, json_pack("{s:s, s:O}", "what", what, "fields", fields));
    json_decref(fields);
    return same;
}

/* ---- effects ---- */

static const char *action_of(const json_t *effect)
{
    const char *name = nf_json_string(effect, "action");
    return name ? name : "";
}

/* How well two effects go together; 0: not at all. */
static uint16_t fit(const json_t *expected, const json_t *got, bool exact)
{
    if (strcmp(action_of(expected), action_of(got)) != 0)
        return 0;
    return nf_values_same(json_object_get(expected, "args"), json_object_get(got, "args"), exact)
               ? 3
               : 2;
}

static void add_arguments(const json_t *expected, const json_t *got, bool exact,
                          json_t *differences)
{
    json_t *fields =
        fields_of(json_object_get(expected, "args"), json_object_get(got, "args"), exact);
    if (json_array_size(fields) > 0)
        json_array_append_new(differences,
                              json_pack("{s:s, s:s, s:s*, s:O}", "what", "arguments", "action",
                                        action_of(got), "where", nf_json_string(got, "where"),
                                        "fields", fields));
    json_decref(fields);
}

static void add_missing(const json_t *expected, json_t *differences)
{
    json_array_append_new(differences, json_pack("{s:s, s:s, s:O*}", "what", "missing", "action",
                                                 action_of(expected), "args",
                                                 json_object_get(expected, "args")));
}

static void add_new(const json_t *got, json_t *differences)
{
    json_array_append_new(differences,
                          json_pack("{s:s, s:s, s:s*, s:O*}", "what", "new", "action",
                                    action_of(got), "where", nf_json_string(got, "where"), "args",
                                    json_object_get(got, "args")));
}

/* best[i][j]: the best total of fits of what is left from expected i and got j on. */
static void fill(const json_t *expected, const json_t *got, bool exact, uint32_t *best, size_t n,
                 size_t m)
{
    for (size_t i = n; i-- > 0;) {
        for (size_t j = m; j-- > 0;) {
            uint32_t skip = best[(i + 1) * (m + 1) + j], most = best[i * (m + 1) + j + 1];
            uint16_t here = fit(json_array_get(expected, i), json_array_get(got, j), exact);
            uint32_t both = here ? here + best[(i + 1) * (m + 1) + j + 1] : 0;
            most = skip > most ? skip : most;
            best[i * (m + 1) + j] = both > most ? both : most;
        }
    }
}

/* One effect too many or too few must not make all that follow it look different: the best pairs in order. */
static void pair(const json_t *expected, const json_t *got, bool exact, json_t *differences)
{
    size_t n = json_array_size(expected), m = json_array_size(got), i = 0, j = 0;
    uint32_t *best = nf_alloc((n + 1) * (m + 1) * sizeof *best);
    fill(expected, got, exact, best, n, m);
    while (i < n || j < m) {
        const json_t *e = json_array_get(expected, i), *g = json_array_get(got, j);
        uint16_t here = e && g ? fit(e, g, exact) : 0;
        if (here && best[i * (m + 1) + j] == here + best[(i + 1) * (m + 1) + j + 1]) {
            add_arguments(e, g, exact, differences);
            i++, j++;
        } else if (e && (!g || best[i * (m + 1) + j] == best[(i + 1) * (m + 1) + j])) {
            add_missing(e, differences);
            i++;
        } else {
            add_new(g, differences);
            j++;
        }
    }
    free(best);
}

/* Very many effects: one by one. */
static void pair_by_number(const json_t *expected, const json_t *got, bool exact,
                           json_t *differences)
{
    size_t n = json_array_size(expected), m = json_array_size(got);
    for (size_t i = 0; i < n || i < m; i++) {
        const json_t *e = json_array_get(expected, i), *g = json_array_get(got, i);
        if (e && g && fit(e, g, exact)) {
            add_arguments(e, g, exact, differences);
            continue;
        }
        if (e)
            add_missing(e, differences);
        if (g)
            add_new(g, differences);
    }
}

bool nf_compare_effects(const json_t *expected, const json_t *got, bool exact, json_t *differences)
{
    size_t before = json_array_size(differences);
    if ((json_array_size(expected) + 1) * (json_array_size(got) + 1) <= MOST_CELLS)
        pair(expected, got, exact, differences);
    else
        pair_by_number(expected, got, exact, differences);
    return json_array_size(differences) == before;
}

/* ---- for people ---- */

static void add_value(nf_strbuf *out, const json_t *value)
{
    char *text = value ? nf_json_text(value) : nf_strdup("nothing");
    size_t n = strlen(text), shown = n;
    if (n > LONGEST_SHOWN) {
        for (shown = LONGEST_SHOWN; (text[shown] & 0xC0) == 0x80;)
            shown--;
    }
    nf_strbuf_addf(out, "%.*s%s", (int)shown, text, shown < n ? "…" : "");
    free(text);
}

static void add_fields(const json_t *difference, const nf_compare_words *words, const char *indent,
                       nf_strbuf *out)
{
    size_t i;
    const json_t *field;
    json_array_foreach (json_object_get(difference, "fields"), i, field) {
        const char *path = nf_json_string(field, "field");
        nf_strbuf_addf(out, "%s%s%s%s ", indent, path ? path : "", path && *path ? ": " : "",
                       words->expected);
        add_value(out, json_object_get(field, "expected"));
        nf_strbuf_addf(out, ", %s ", words->got);
        add_value(out, json_object_get(field, "got"));
        nf_strbuf_puts(out, "\n");
    }
}

static void add_effect(const json_t *difference, const char *word, const char *indent,
                       nf_strbuf *out)
{
    const char *where = nf_json_string(difference, "where");
    nf_strbuf_addf(out, "%s%s%s%s: %s ", indent, where ? where : "", where ? ": " : "", word,
                   action_of(difference));
    add_value(out, json_object_get(difference, "args"));
    nf_strbuf_puts(out, "\n");
}

static void add_difference(const json_t *difference, const nf_compare_words *words,
                           const char *indent, nf_strbuf *out)
{
    const char *what = nf_json_string(difference, "what");
    if (strcmp(what, "missing") == 0) {
        add_effect(difference, words->missing, indent, out);
    } else if (strcmp(what, "new") == 0) {
        add_effect(difference, words->extra, indent, out);
    } else if (strcmp(what, "arguments") == 0) {
        const char *where = nf_json_string(difference, "where");
        char *deeper = nf_format("%s  ", indent);
        nf_strbuf_addf(out, "%s%s%s%s\n", indent, where ? where : "", where ? ": " : "",
                       action_of(difference));
        add_fields(difference, words, deeper, out);
        free(deeper);
    } else {
        char *before = nf_format("%s%s: ", indent, what);
        add_fields(difference, words, before, out);
        free(before);
    }
}

void nf_compare_text(const json_t *differences, const nf_compare_words *words, const char *indent,
                     nf_strbuf *out)
{
    size_t i;
    const json_t *difference;
    json_array_foreach (differences, i, difference)
        add_difference(difference, words, indent, out);
}
