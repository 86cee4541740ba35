/* SPDX-License-Identifier: Apache-2.0 */
/*
 * read.c: directory.yaml into a directory. Every problem is reported with its place and what would be right; reading
 * goes on after each. Units come first, whatever the order in the file: everything else names one.
 */
#include "ou/read.h"
#include "base/alloc.h"
#include "base/suggest.h"
#include "config/yaml.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SUGGESTED = 500 };

void nf_ou_complain(const nf_ou_reading *r, int line, int column, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    nf_yaml_error(r->errors, r->path, line, column, "%s", text);
}

void nf_ou_complain_unknown(const nf_ou_reading *r, const nf_yaml *node, const char *what,
                            const nf_ou_named *table, const char *section)
{
    const char *names[MOST_SUGGESTED + 1];
    size_t n = 0;
    for (; table && n < MOST_SUGGESTED; table = table->hh.next)
        names[n++] = table->name;
    names[n] = NULL;
    const char *meant = nf_suggest(node->text, names);
    if (meant)
        nf_ou_complain(r, node->line, node->column, "unknown %s '%s'; did you mean '%s'?", what,
                       node->text, meant);
    else
        nf_ou_complain(r, node->line, node->column, "unknown %s '%s'; add it under '%s'", what,
                       node->text, section);
}

void *nf_ou_add(const nf_ou_reading *r, nf_ou_named **table, const nf_yaml *node, size_t size)
{
    char key[NF_OU_NAME_MAX + 1];
    size_t n = nf_ou_fold(node->key, key);
    if (!n) {
        nf_ou_complain(r, node->key_line, node->key_column,
                       "a name has 1 to %d characters; write another one", NF_OU_NAME_MAX);
        return NULL;
    }
    const nf_ou_named *there = nf_ou_find(*table, node->key);
    if (there) {
        if (strcmp(there->name, node->key) != 0) /* otherwise the reader has said so */
            nf_ou_complain(r, node->key_line, node->key_column,
                           "'%s' stands here twice (first as '%s' in line %d); take one out",
                           node->key, there->name, there->line);
        return NULL;
    }
    nf_ou_named *named = nf_alloc(size);
    named->name = nf_strdup(node->key);
    named->key = nf_memdup(key, n);
    named->line = node->key_line;
    named->column = node->key_column;
    HASH_ADD_KEYPTR(hh, *table, named->key, n, named);
    return named;
}

/* ---- fields of a user, service or book ---- */

static const nf_yaml *field(const nf_yaml *map, const char *name)
{
    for (const nf_yaml *node = map->children; node; node = node->next) {
        if (strcmp(node->key, name) == 0)
            return node;
    }
    return NULL;
}

static void check_keys(const nf_ou_reading *r, const nf_yaml *map, const char *const *known)
{
    for (const nf_yaml *node = map->children; node; node = node->next) {
        nf_error err = {0};
        size_t i = 0;
        while (known[i] && strcmp(known[i], node->key) != 0)
            i++;
        if (known[i])
            continue;
        nf_suggest_error(&err, NF_E_CONFIG, "key", node->key, known);
        nf_ou_complain(r, node->key_line, node->key_column, "%s", err.text);
    }
}

/* A field that must be one text; NULL after an error, or when it is missing. */
static const nf_yaml *text_field(const nf_ou_reading *r, const nf_yaml *map, const char *name)
{
    const nf_yaml *node = field(map, name);
    if (node && node->kind == NF_YAML_SCALAR && node->text[0])
        return node;
    if (node)
        nf_ou_complain(r, node->line, node->column, "%s: a single value is expected", name);
    return NULL;
}

static void missing(const nf_ou_reading *r, const nf_yaml *map, const char *name, const char *write)
{
    if (!field(map, name))
        nf_ou_complain(r, map->key_line, map->key_column, "%s: '%s' is missing; write %s", map->key,
                       name, write);
}

/* The unit that `map` says it is in; NULL after an error, or when none is named. */
static const nf_ou_unit *unit_field(const nf_ou_reading *r, const nf_yaml *map, const char *what)
{
    const nf_yaml *node = field(map, "unit");
    if (node && node->kind != NF_YAML_SCALAR) {
        nf_ou_complain(r, node->line, node->column, "unit: %s is in exactly one unit; write one",
                       what);
        return NULL;
    }
    if (node && !nf_ou_find(r->d->units, node->text))
        nf_ou_complain_unknown(r, node, "unit", r->d->units, "units");
    return node ? (const nf_ou_unit *)nf_ou_find(r->d->units, node->text) : NULL;
}

/* Call `each` for the texts of a list, or for the one text that stands there instead. */
static void each_text(const nf_ou_reading *r, const nf_yaml *node,
                      void (*each)(const nf_ou_reading *r, const nf_yaml *text, void *ctx),
                      void *ctx)
{
    bool list = node && node->kind == NF_YAML_LIST;
    for (const nf_yaml *item = list ? node->children : node; item;
         item = list ? item->next : NULL) {
        if (item->kind == NF_YAML_SCALAR && item->text[0])
            each(r, item, ctx);
        else
            nf_ou_complain(r, item->line, item->column, "a text is expected");
    }
}

static bool is_upn(const nf_ou_reading *r, const nf_yaml *node)
{
    const char *at = strchr(node->key, '@');
    if (at && at > node->key && at[1])
        return true;
    nf_ou_complain(r, node->key_line, node->key_column,
                   "'%s' is not a UPN; write it like name@contoso.example", node->key);
    return false;
}

static bool is_map(const nf_ou_reading *r, const nf_yaml *node, const char *example)
{
    if (node->kind == NF_YAML_MAP)
        return true;
    nf_ou_complain(r, node->line, node->column, "%s: write it like %s", node->key, example);
    return false;
}

/* ---- services ---- */

static void read_licence(const nf_ou_reading *r, const nf_yaml *node, nf_ou_service *service)
{
    static const char *const names[] = {"none", "Enterprise Routing", "Contact Center", NULL};
    static const char *const shorts[] = {"none", "ER", "CC"};
    for (int i = 0; names[i]; i++) {
        if (strcmp(node->text, names[i]) == 0 || strcmp(node->text, shorts[i]) == 0) {
            service->licence = (nf_licence)i;
            return;
        }
    }
    nf_error err = {0};
    nf_suggest_error(&err, NF_E_CONFIG, "licence", node->text, names);
    nf_ou_complain(r, node->line, node->column, "%s", err.text);
}

static void read_workflow(const nf_ou_reading *r, const nf_yaml *node, nf_ou_service *service)
{
    if (strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0)
        service->workflow = node->text[0] == 't';
    else
        nf_ou_complain(r, node->line, node->column,
                       "workflow: true or false is expected: has the service a valid workflow?");
}

static void read_service(const nf_ou_reading *r, const nf_yaml *node)
{
    static const char *const keys[] = {"unit", "licence", "workflow", "owners", NULL};
    if (!is_upn(r, node) || !is_map(r, node, "{unit: CH, licence: Contact Center}"))
        return;
    check_keys(r, node, keys);
    missing(r, node, "unit", "the organization unit that the service is in");
    missing(r, node, "licence", "none, Enterprise Routing or Contact Center");
    nf_ou_service *service = nf_ou_add(r, &r->d->services, node, sizeof *service);
    const nf_ou_unit *unit = unit_field(r, node, "a service");
    const nf_yaml *licence = text_field(r, node, "licence");
    const nf_yaml *workflow = text_field(r, node, "workflow");
    if (!service)
        return;
    service->unit = unit;
    service->workflow = true;
    if (licence)
        read_licence(r, licence, service);
    if (workflow)
        read_workflow(r, workflow, service);
}

/* ---- users ---- */

static void read_role(const nf_ou_reading *r, const nf_yaml *node, void *ctx)
{
    nf_role_set *set = ctx;
    nf_error err = {0};
    nf_role role = nf_role_find(node->text, &err);
    if (role == NF_ROLES)
        nf_ou_complain(r, node->line, node->column, "%s", err.text);
    else
        *set |= NF_ROLE_BIT(role);
}

static void read_user(const nf_ou_reading *r, const nf_yaml *node)
{
    static const char *const keys[] = {"role", "unit", "owns", NULL};
    nf_role_set roles = 0;
    if (!is_upn(r, node) || !is_map(r, node, "{role: Service Owner, unit: CH}"))
        return;
    check_keys(r, node, keys);
    missing(r, node, "role", "a role, for example Service Owner, or a list of them");
    each_text(r, field(node, "role"), read_role, &roles);
    if (roles && !(roles & NF_ROLE_BIT(NF_ROLE_TENANT_ADMIN)))
        missing(r, node, "unit", "the organization unit that the user is in");
    nf_ou_user *user = nf_ou_add(r, &r->d->users, node, sizeof *user);
    const nf_ou_unit *unit = unit_field(r, node, "a user");
    if (!user)
        return;
    user->roles = roles;
    user->unit = unit ? unit : r->root;
}

/* ---- who owns what ---- */

static void add_own(nf_directory *d, const nf_ou_user *user, const nf_ou_service *service)
{
    const void *pair[2] = {user, service};
    nf_ou_own *own;
    HASH_FIND(hh, d->owns, pair, sizeof pair, own);
    if (own)
        return;
    own = nf_alloc(sizeof *own);
    memcpy(own->pair, pair, sizeof pair);
    HASH_ADD(hh, d->owns, pair, sizeof own->pair, own);
}

static bool can_own(const nf_ou_reading *r, const nf_yaml *at, const nf_ou_user *user)
{
    if (!user->roles || user->roles & NF_ROLE_OWNERS)
        return true;
    nf_ou_complain(r, at->line, at->column,
                   "%s cannot own a service: the role for that is Service Owner, Team Owner or "
                   "Team Owner Limited",
                   user->named.name);
    return false;
}

static void read_owner(const nf_ou_reading *r, const nf_yaml *node, void *ctx)
{
    const nf_ou_user *user = (const nf_ou_user *)nf_ou_find(r->d->users, node->text);
    if (!user)
        nf_ou_complain_unknown(r, node, "owner", r->d->users, "users");
    else if (can_own(r, node, user))
        add_own(r->d, user, ctx);
}

static void read_owned(const nf_ou_reading *r, const nf_yaml *node, void *ctx)
{
    const nf_ou_service *service = (const nf_ou_service *)nf_ou_find(r->d->services, node->text);
    if (!service)
        nf_ou_complain_unknown(r, node, "service", r->d->services, "services");
    else if (can_own(r, node, ctx))
        add_own(r->d, ctx, service);
}

static void read_owners(const nf_ou_reading *r, const nf_yaml *services, const nf_yaml *users)
{
    for (const nf_yaml *node = services ? services->children : NULL; node; node = node->next) {
        void *service = nf_ou_find(r->d->services, node->key);
        if (service && node->kind == NF_YAML_MAP)
            each_text(r, field(node, "owners"), read_owner, service);
    }
    for (const nf_yaml *node = users ? users->children : NULL; node; node = node->next) {
        void *user = nf_ou_find(r->d->users, node->key);
        if (user && node->kind == NF_YAML_MAP)
            each_text(r, field(node, "owns"), read_owned, user);
    }
}

/* ---- address books ---- */

static void read_book(const nf_ou_reading *r, const nf_yaml *node)
{
    static const char *const keys[] = {"unit", "id", NULL};
    if (!is_map(r, node, "{unit: CH}"))
        return;
    check_keys(r, node, keys);
    missing(r, node, "unit", "the organization unit that the address book is in");
    nf_ou_book *book = nf_ou_add(r, &r->d->books, node, sizeof *book), *same = NULL;
    const nf_ou_unit *unit = unit_field(r, node, "an address book");
    const nf_yaml *id = text_field(r, node, "id");
    if (!book)
        return;
    book->unit = unit;
    if (!id)
        return;
    size_t n = strlen(id->text);
    HASH_FIND(by_id, r->d->books_by_id, id->text, n, same);
    if (same) {
        nf_ou_complain(r, id->line, id->column, "id '%s' is that of '%s' too; give each its own",
                       id->text, same->named.name);
        return;
    }
    book->id = nf_strdup(id->text);
    HASH_ADD_KEYPTR(by_id, r->d->books_by_id, book->id, n, book);
}

/* ---- the file ---- */

static void read_section(const nf_ou_reading *r, const nf_yaml *section,
                         void (*read)(const nf_ou_reading *r, const nf_yaml *node))
{
    if (section && section->kind != NF_YAML_MAP
        && !(section->kind == NF_YAML_SCALAR && !section->text[0])) {
        nf_ou_complain(r, section->line, section->column, "%s: 'name: …' lines are expected",
                       section->key);
        return;
    }
    for (const nf_yaml *node = section ? section->children : NULL; node; node = node->next)
        read(r, node);
}

static void read_rest(const nf_ou_reading *r, const nf_yaml *top)
{
    for (const nf_yaml *node = top->children; node; node = node->next) {
        if (strcmp(node->key, "services") == 0)
            read_section(r, node, read_service);
        else if (strcmp(node->key, "users") == 0)
            read_section(r, node, read_user);
        else if (strcmp(node->key, "address_books") == 0)
            read_section(r, node, read_book);
    }
}

static void read_top(nf_ou_reading *r, const nf_yaml *top)
{
    static const char *const keys[] = {"units", "users", "services", "address_books", NULL};
    const nf_yaml *units = field(top, "units");
    check_keys(r, top, keys);
    read_section(r, units, nf_ou_read_unit);
    if (!r->d->units)
        nf_ou_complain(r, units ? units->line : 1, units ? units->column : 1,
                       "'units' is missing; write the tenant, 'Contoso:', and below it each unit "
                       "with the one above it, 'CH: Contoso'");
    nf_ou_link_units(r);
    read_rest(r, top);
    read_owners(r, field(top, "services"), field(top, "users"));
}

nf_directory *nf_directory_read(const char *path, nf_strbuf *errors)
{
    size_t before = errors->len;
    nf_yaml *top = nf_yaml_read(path, errors);
    nf_directory *d = nf_alloc(sizeof *d);
    nf_ou_reading r = {.path = path, .errors = errors, .d = d};
    if (top)
        read_top(&r, top);
    nf_yaml_free(top);
    if (errors->len > before || errors->overflow) {
        nf_directory_free(d);
        return NULL;
    }
    return d;
}
