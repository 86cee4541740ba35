/* SPDX-License-Identifier: Apache-2.0 */
/* kept.c: see kept.h. An entry is an answer in memory, a fetch a request under way with those who wait for it. */
#include "act/kept.h"

#include "base/alloc.h"
#include "base/clock.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

struct entry {
    char *path;
    nf_answer *answer;
    nf_contacts *contacts; /* NULL: not asked for yet */
    UT_hash_handle hh;     /* in the order of use */
};

struct fetch {
    nf_kept *kept;
    char *path;
    nf_nimbus_request *request;
    bool spoiled;
    nf_kept_wait *waits;
    struct fetch *prev, *next;
};

struct nf_kept_wait {
    struct fetch *fetch;
    nf_kept_done *done;
    void *ctx;
    nf_kept_wait *prev, *next;
};

struct nf_kept {
    nf_loop *loop;
    nf_nimbus *nimbus;
    char *country;
    struct entry *entries;
    size_t bytes;
    struct fetch *fetches;
};

nf_kept *nf_kept_new(nf_loop *loop, nf_nimbus *nimbus, const char *country)
{
    nf_kept *kept = nf_alloc(sizeof *kept);
    *kept = (nf_kept){.loop = loop, .nimbus = nimbus, .country = nf_strdup(country)};
    return kept;
}

static void drop(nf_kept *kept, struct entry *e)
{
    HASH_DEL(kept->entries, e);
    kept->bytes -= e->answer->len;
    nf_contacts_unref(e->contacts);
    nf_answer_unref(e->answer);
    free(e->path);
    free(e);
}

static void free_fetch(struct fetch *f)
{
    DL_DELETE(f->kept->fetches, f);
    free(f->path);
    free(f);
}

void nf_kept_free(nf_kept *kept)
{
    if (!kept)
        return;
    while (kept->fetches) {
        nf_nimbus_cancel(kept->fetches->request);
        free_fetch(kept->fetches);
    }
    while (kept->entries)
        drop(kept, kept->entries);
    free(kept->country);
    free(kept);
}

static struct entry *find(nf_kept *kept, const char *path)
{
    struct entry *e;
    HASH_FIND_STR(kept->entries, path, e);
    return e;
}

/* Keep an answer, in the place of an older one; the least used ones make room. */
static void keep(nf_kept *kept, const char *path, nf_answer *answer)
{
    struct entry *e = find(kept, path);
    if (e)
        drop(kept, e);
    while (kept->entries
           && (kept->bytes + answer->len > NF_KEPT_BYTES_MAX
               || HASH_COUNT(kept->entries) >= NF_KEPT_ANSWERS_MAX))
        drop(kept, kept->entries);
    e = nf_alloc(sizeof *e);
    e->path = nf_strdup(path);
    e->answer = nf_answer_ref(answer);
    kept->bytes += answer->len;
    HASH_ADD_KEYPTR(hh, kept->entries, e->path, strlen(e->path), e);
}

/* ---- asking Nimbus ---- */

static void tell(struct fetch *f, const nf_error *err, nf_answer *answer)
{
    while (f->waits) { /* the one told may forget others */
        nf_kept_wait *wait = f->waits;
        DL_DELETE(f->waits, wait);
        nf_kept_wait told = *wait;
        free(wait);
        told.done(told.ctx, err, answer);
    }
}

static void on_fetched(void *ctx, const nf_error *failure, const nf_reply *reply,
                       const char *location)
{
    struct fetch *f = ctx;
    nf_kept *kept = f->kept;
    nf_error err = failure ? *failure : (nf_error){0};
    nf_answer *answer = NULL;
    (void)location;
    DL_DELETE(kept->fetches, f); /* whoever asks from now on asks anew */
    if (!failure && reply->status >= 300)
        nf_nimbus_reply_error("GET", f->path, reply, false, &err);
    if (err.status == NF_OK)
        answer = nf_answer_new(reply->body, reply->len);
    if (answer && !f->spoiled)
        keep(kept, f->path, answer);
    tell(f, answer ? NULL : &err, answer);
    nf_answer_unref(answer);
    free(f->path);
    free(f);
}

/* Only the contacts of an address book: that answer may be large and slow. */
static bool is_large(const char *path)
{
    return strncmp(path, "/v2/AddressBooks/", 17) == 0;
}

static struct fetch *under_way(nf_kept *kept, const char *path)
{
    struct fetch *f;
    DL_FOREACH (kept->fetches, f) {
        if (!f->spoiled && strcmp(f->path, path) == 0)
            return f;
    }
    f = nf_alloc(sizeof *f);
    f->kept = kept;
    f->path = nf_strdup(path);
    DL_APPEND(kept->fetches, f);
    /* several may wait for it, each within the time of its run */
    nf_nimbus_terms terms = {.left_ms = NF_RETRY_WAIT_MAX_MS};
    f->request =
        is_large(path)
            ? nf_nimbus_get(kept->nimbus, path, NF_KEPT_ANSWER_MAX, &terms, on_fetched, f)
            : nf_nimbus_send_on(kept->nimbus, "GET", path, NULL, NF_READ, &terms, on_fetched, f);
    return f;
}

/* ---- for those who ask ---- */

nf_kept_wait *nf_kept_get(nf_kept *kept, const char *path, uint64_t age_ms, nf_kept_done *done,
                          void *ctx)
{
    struct entry *e = age_ms ? find(kept, path) : NULL;
    if (e && nf_answer_age_ms(e->answer) <= age_ms) {
        HASH_DEL(kept->entries, e); /* used last */
        HASH_ADD_KEYPTR(hh, kept->entries, e->path, strlen(e->path), e);
        nf_answer *answer = nf_answer_ref(e->answer);
        done(ctx, NULL, answer);
        nf_answer_unref(answer);
        return NULL;
    }
    nf_kept_wait *wait = nf_alloc(sizeof *wait);
    *wait = (nf_kept_wait){.fetch = under_way(kept, path), .done = done, .ctx = ctx};
    DL_APPEND(wait->fetch->waits, wait);
    return wait;
}

void nf_kept_forget(nf_kept_wait *wait)
{
    DL_DELETE(wait->fetch->waits, wait);
    free(wait);
}

static bool below(const char *path, const char *spoilt)
{
    size_t n = spoilt ? strlen(spoilt) : 0;
    if (!spoilt)
        return true;
    return strncmp(path, spoilt, n) == 0 && (path[n] == '\0' || path[n] == '?');
}

void nf_kept_spoil(nf_kept *kept, const char *path)
{
    struct entry *e, *next;
    struct fetch *f;
    HASH_ITER (hh, kept->entries, e, next) {
        if (below(e->path, path))
            drop(kept, e);
    }
    DL_FOREACH (kept->fetches, f)
        f->spoiled = f->spoiled || below(f->path, path);
}

nf_contacts *nf_kept_contacts(nf_kept *kept, const char *path, nf_answer *answer)
{
    struct entry *e = find(kept, path);
    if (!e || e->answer != answer)
        return nf_contacts_new(kept->loop, answer, kept->country);
    if (!e->contacts)
        e->contacts = nf_contacts_new(kept->loop, answer, kept->country);
    return nf_contacts_ref(e->contacts);
}
