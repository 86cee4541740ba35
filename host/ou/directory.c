/* SPDX-License-Identifier: Apache-2.0 */
/* directory.c: see directory.h; the tables' life and look-ups. */
#include "ou/directory.h"

#include "base/alloc.h"
#include "ou/internal.h"

#include <stdlib.h>
#include <string.h>

size_t nf_ou_fold(const char *name, char key[NF_OU_NAME_MAX + 1])
{
    size_t n = 0;
    for (; name[n] && n < NF_OU_NAME_MAX; n++)
        key[n] = name[n] >= 'A' && name[n] <= 'Z' ? (char)(name[n] + ('a' - 'A')) : name[n];
    key[n] = '\0';
    return name[n] ? 0 : n;
}

nf_ou_named *nf_ou_find(nf_ou_named *table, const char *name)
{
    char key[NF_OU_NAME_MAX + 1];
    size_t n = nf_ou_fold(name, key);
    nf_ou_named *found = NULL;
    if (n)
        HASH_FIND(hh, table, key, n, found);
    return found;
}

static void free_named(nf_ou_named **table, nf_ou_named *named)
{
    HASH_DEL(*table, named);
    free(named->name);
    free(named->key);
    free(named);
}

static void free_owns(nf_directory *d)
{
    while (d->owns) {
        nf_ou_own *own = d->owns;
        HASH_DEL(d->owns, own);
        free(own);
    }
}

void nf_directory_free(nf_directory *d)
{
    if (!d)
        return;
    free_owns(d);
    while (d->units) {
        free(((nf_ou_unit *)d->units)->above);
        free_named(&d->units, d->units);
    }
    HASH_CLEAR(by_id, d->books_by_id);
    while (d->books) {
        free(((nf_ou_book *)d->books)->id);
        free_named(&d->books, d->books);
    }
    while (d->users)
        free_named(&d->users, d->users);
    while (d->services)
        free_named(&d->services, d->services);
    free(d);
}

void nf_directory_each_service(const nf_directory *d, void (*each)(void *ctx, const char *upn),
                               void *ctx)
{
    for (nf_ou_named *s = d->services; s; s = s->hh.next)
        each(ctx, s->name);
}

bool nf_directory_has_service(const nf_directory *d, const char *upn)
{
    return nf_ou_find(d->services, upn) != NULL;
}

bool nf_directory_has_user(const nf_directory *d, const char *upn)
{
    return nf_ou_find(d->users, upn) != NULL;
}
