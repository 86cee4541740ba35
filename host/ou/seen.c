/* SPDX-License-Identifier: Apache-2.0 */
/* seen.c: see seen.h. The hash keeps the order in which ids came, so its first is the oldest. */
#include "ou/seen.h"

#include "base/alloc.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uthash.h>

enum { LONGEST = 256 };

struct thing {
    UT_hash_handle hh;
    size_t id_len;
    char text[]; /* id, NUL, service, NUL */
};

struct nf_seen {
    struct thing *things;
    size_t most;
};

nf_seen *nf_seen_new(size_t most)
{
    nf_seen *seen = nf_alloc(sizeof *seen);
    seen->most = most;
    return seen;
}

static void drop(nf_seen *seen, struct thing *thing)
{
    HASH_DEL(seen->things, thing);
    free(thing);
}

void nf_seen_free(nf_seen *seen)
{
    while (seen && seen->things)
        drop(seen, seen->things);
    free(seen);
}

static struct thing *find(const nf_seen *seen, const char *id, size_t len)
{
    struct thing *thing;
    HASH_FIND(hh, seen->things, id, len, thing);
    return thing;
}

void nf_seen_add(nf_seen *seen, const char *id, const char *service)
{
    size_t n = strlen(id), m = strlen(service);
    if (n == 0 || n > LONGEST || m == 0 || m > LONGEST)
        return;
    struct thing *thing = find(seen, id, n);
    bool same = thing && strcmp(thing->text + n + 1, service) == 0;
    if (thing && !same) {
        drop(seen, thing);
    } else if (same) { /* the youngest again */
        HASH_DEL(seen->things, thing);
        HASH_ADD_KEYPTR(hh, seen->things, thing->text, n, thing);
        return;
    }
    if (HASH_COUNT(seen->things) >= seen->most)
        drop(seen, seen->things);
    thing = nf_alloc(sizeof *thing + n + m + 2);
    thing->id_len = n;
    memcpy(thing->text, id, n + 1);
    memcpy(thing->text + n + 1, service, m + 1);
    HASH_ADD_KEYPTR(hh, seen->things, thing->text, n, thing);
}

const char *nf_seen_service(const nf_seen *seen, const char *id)
{
    size_t n = strlen(id);
    const struct thing *thing = n ? find(seen, id, n) : NULL;
    return thing ? thing->text + n + 1 : NULL;
}
