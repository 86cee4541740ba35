/* SPDX-License-Identifier: Apache-2.0 */
/* schema.c: see schema.h. One function per type; each reports where it stands and what would be right. */
#include "config/schema.h"

#include "base/address.h"
#include "base/alloc.h"
#include "base/macros.h"
#include "base/phone.h"
#include "base/suggest.h"

#include <stdlib.h>
#include <string.h>

struct place {
    const char *path;
    nf_strbuf *errors;
};

static void complain(const struct place *p, const nf_yaml *node, const char *text)
{
    nf_yaml_error(p->errors, p->path, node->line, node->column, "%s: %s",
                  node->key ? node->key : "item", text);
}

static void set_text(char **slot, char *value)
{
    free(*slot);
    *slot = value;
}

static char *beside(const char *path, const char *relative)
{
    const char *slash = strrchr(path, '/');
    if (relative[0] == '/' || !slash)
        return nf_strdup(relative);
    return nf_format("%.*s/%s", (int)(slash - path), path, relative);
}

static void apply_text(const struct place *p, const nf_key *key, const nf_yaml *node, char **slot)
{
    nf_error err = {0};
    char host[256];
    int port;
    const char *t = node->text;
    size_t n = strlen(t);
    switch (key->type) {
    case NF_KEY_ADDRESS:
        nf_address_split(t, host, sizeof host, &port, &err);
        break;
    case NF_KEY_URL:
        nf_url_check(t, &err);
        break;
    case NF_KEY_COUNTRY:
        if (n != 2 || t[0] < 'A' || t[0] > 'Z' || t[1] < 'A' || t[1] > 'Z')
            nf_error_set(&err, NF_E_CONFIG,
                         "'%s' is not a country; write two capital letters, for example CH", t);
        else if (!nf_phone_country_known(t))
            nf_error_set(&err, NF_E_CONFIG,
                         "'%s' is no country with telephone numbers; write its ISO 3166 code, "
                         "for example CH",
                         t);
        break;
    default:
        if (n == 0)
            nf_error_set(&err, NF_E_CONFIG, "must not be empty");
    }
    if (err.status != NF_OK)
        complain(p, node, err.text);
    else if (key->type == NF_KEY_PATH)
        set_text(slot, beside(p->path, t));
    else
        set_text(slot, nf_memdup(t, key->type == NF_KEY_URL && t[n - 1] == '/' ? n - 1 : n));
}

static void apply_number(const struct place *p, const nf_key *key, const nf_yaml *node,
                         uint64_t *slot)
{
    nf_error err = {0};
    uint64_t value = 0;
    char *end;
    if (key->type == NF_KEY_DURATION) {
        nf_duration_parse(node->text, 0, &value, &err);
    } else {
        value = strtoull(node->text, &end, 10);
        if (*end || end == node->text || node->text[0] == '-')
            nf_error_set(&err, NF_E_CONFIG, "'%s' is not a whole number", node->text);
    }
    const char *unit = key->type == NF_KEY_DURATION ? " ms" : "";
    if (err.status == NF_OK && (value < key->least || value > key->most))
        nf_error_set(&err, NF_E_CONFIG, "%s is out of range; allowed are %llu to %llu%s",
                     node->text, (unsigned long long)key->least, (unsigned long long)key->most,
                     unit);
    if (err.status == NF_OK)
        *slot = value;
    else
        complain(p, node, err.text);
}

static void apply_boolean(const struct place *p, const nf_yaml *node, bool *slot)
{
    if (strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0)
        *slot = node->text[0] == 't';
    else
        complain(p, node, "true or false is expected");
}

static void apply_choice(const struct place *p, const nf_key *key, const nf_yaml *node,
                         uint64_t *slot)
{
    for (size_t i = 0; key->choices[i]; i++) {
        if (strcmp(key->choices[i], node->text) == 0) {
            *slot = i;
            return;
        }
    }
    nf_error err = {0};
    nf_suggest_error(&err, NF_E_CONFIG, "value", node->text, key->choices);
    complain(p, node, err.text);
}

static void apply_limits(const struct place *p, const nf_key *key, const nf_yaml *map,
                         nf_allowed *allowed)
{
    for (const nf_yaml *node = map->children; node; node = node->next) {
        nf_error err = {0};
        if (node->kind != NF_YAML_SCALAR)
            complain(p, node, "a value like 100ms, 32MiB or 100 is expected");
        else if (nf_allowed_set(allowed, key->setter, node->key, node->text, &err) != NF_OK)
            complain(p, node, err.text);
    }
}

static void apply_texts(const struct place *p, const nf_yaml *list, char ***slot)
{
    size_t count = 0, i = 0;
    const nf_yaml *node;
    for (node = list->children; node; node = node->next)
        count++;
    char **texts = nf_alloc((count + 1) * sizeof *texts);
    for (node = list->children; node; node = node->next) {
        if (node->kind == NF_YAML_SCALAR)
            texts[i++] = nf_strdup(node->text);
        else
            complain(p, node, "a text is expected");
    }
    for (char **old = *slot; old && *old; old++)
        free(*old);
    free(*slot);
    *slot = texts;
}

static nf_yaml_kind kind_of(nf_key_type type)
{
    return type == NF_KEY_LIMITS  ? NF_YAML_MAP
           : type == NF_KEY_TEXTS ? NF_YAML_LIST
                                  : NF_YAML_SCALAR;
}

static void apply_key(const struct place *p, const nf_key *key, const nf_yaml *node, char *target)
{
    static const char *const wanted[] = {"a single value is expected",
                                         "'name: value' lines are expected",
                                         "a list of '- value' lines is expected"};
    void *slot = target + key->offset;
    nf_yaml_kind kind = kind_of(key->type);
    if (node->kind != kind) {
        complain(p, node, wanted[kind]);
        return;
    }
    switch (key->type) {
    case NF_KEY_BOOLEAN:
        apply_boolean(p, node, slot);
        break;
    case NF_KEY_INTEGER:
    case NF_KEY_DURATION:
        apply_number(p, key, node, slot);
        break;
    case NF_KEY_CHOICE:
        apply_choice(p, key, node, slot);
        break;
    case NF_KEY_LIMITS:
        apply_limits(p, key, node, slot);
        break;
    case NF_KEY_TEXTS:
        apply_texts(p, node, slot);
        break;
    default:
        apply_text(p, key, node, slot);
    }
}

static const nf_key *find_key(const nf_key *keys, const char *name)
{
    for (; keys->name; keys++) {
        if (strcmp(keys->name, name) == 0)
            return keys;
    }
    return NULL;
}

static void unknown_key(const struct place *p, const nf_key *keys, const nf_yaml *node)
{
    const char *names[64];
    size_t n = 0;
    nf_error err = {0};
    for (; keys->name && n + 1 < NF_COUNT(names); keys++)
        names[n++] = keys->name;
    names[n] = NULL;
    nf_suggest_error(&err, NF_E_CONFIG, "key", node->key, names);
    nf_yaml_error(p->errors, p->path, node->key_line, node->key_column, "%s", err.text);
}

void nf_schema_apply(const nf_key *keys, const nf_yaml *map, const char *path, void *target,
                     nf_strbuf *errors)
{
    struct place p = {path, errors};
    const nf_yaml *node;
    for (node = map->children; node; node = node->next) {
        const nf_key *key = find_key(keys, node->key);
        if (key)
            apply_key(&p, key, node, target);
        else
            unknown_key(&p, keys, node);
    }
    for (const nf_key *key = keys; key->name; key++) {
        for (node = map->children; node && strcmp(node->key, key->name) != 0;)
            node = node->next;
        if (key->required && !node)
            nf_strbuf_addf(errors, "%s:1:1: key '%s' is missing: %s\n", path, key->name, key->doc);
    }
}

void nf_schema_release(const nf_key *keys, void *target)
{
    for (; keys->name; keys++) {
        void *slot = (char *)target + keys->offset;
        if (keys->type == NF_KEY_TEXTS) {
            for (char **text = *(char ***)slot; text && *text; text++)
                free(*text);
            free(*(void **)slot);
        } else if (keys->type <= NF_KEY_COUNTRY) {
            free(*(void **)slot);
        }
    }
}
