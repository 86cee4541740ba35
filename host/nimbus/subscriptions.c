/* SPDX-License-Identifier: Apache-2.0 */
/*
 * subscriptions.c: see subscriptions.h.
 *
 *   wanted ──POST──> registered (in the store) ──DELETE──> gone
 *                        │ old: another one is made (`renews`), then this one is not wanted any more
 *                        └─────────────────────────────────────────────────────────────────────────
 *
 * A subscription is known by its secret before the POST goes out, since Nimbus may deliver before it answers.
 */
#include "nimbus/subscriptions.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/macros.h"
#include "log/log.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

enum { RETRY_MS = 5000, LONGEST_LOOK_MS = 600000 };

struct entry {
    nf_subscription public; /* first, so that a pointer to it is one to the entry */
    nf_subscriptions *subs;
    char *callback; /* the public address it was registered with; never the secret path */
    bool wanted, failed;
    bool has_secret; /* and is found by its hash */
    int64_t created_ms;
    struct entry *renews; /* the old one, until this one is registered */
    nf_nimbus_request *request;
    struct entry *prev, *next;
    UT_hash_handle hh;
};

struct nf_subscriptions {
    nf_nimbus *nimbus;
    nf_store *store;
    char *tenant, *connection, *public_url;
    int64_t sign_in;
    const nf_trigger *const *triggers;
    void *owner;
    struct entry *entries;
    struct entry *by_secret; /* by the hash of the secret */
    uint64_t renew_ms;
    const char *(*path)(void *owner, const nf_trigger *trigger);
    void (*removed)(void *owner, const nf_subscription *subscription);
    nf_timer *retry, *renew;
    nf_error error; /* of the last failure, until everything is settled */
    void (*changed)(void *ctx, const nf_error *err);
    void *ctx;
};

static const nf_trigger *trigger_by_name(const nf_subscriptions *subs, const char *name)
{
    for (const nf_trigger *const *t = subs->triggers; *t; t++) {
        if (strcmp((*t)->name, name) == 0)
            return *t;
    }
    return NULL;
}

/* A number for what is subscribed to, the same in every start. */
static int64_t family_of(const nf_subscriptions *subs, const nf_trigger *trigger,
                         const char *filter)
{
    uint8_t hash[NF_SHA256_SIZE];
    uint64_t number;
    char *text = nf_format("%s\n%s\n%s", subs->connection, trigger->name, filter);
    nf_sha256(text, strlen(text), hash);
    free(text);
    memcpy(&number, hash, sizeof number);
    return (int64_t)(number >> 2) + 1;
}

static struct entry *new_entry(nf_subscriptions *subs, const nf_trigger *trigger,
                               const char *filter)
{
    struct entry *e = nf_alloc(sizeof *e);
    e->subs = subs;
    e->public.trigger = trigger;
    e->public.filter = nf_strdup(filter);
    e->public.owner = subs->owner;
    e->public.family = family_of(subs, trigger, filter);
    DL_APPEND(subs->entries, e);
    return e;
}

static void set_secret_hash(struct entry *e, const uint8_t hash[NF_SHA256_SIZE])
{
    if (e->has_secret)
        HASH_DEL(e->subs->by_secret, e);
    e->has_secret = true;
    memcpy(e->public.secret_hash, hash, NF_SHA256_SIZE);
    HASH_ADD(hh, e->subs->by_secret, public.secret_hash, NF_SHA256_SIZE, e);
}

static void free_entry(struct entry *e)
{
    struct entry *other;
    if (e->has_secret)
        HASH_DEL(e->subs->by_secret, e);
    DL_DELETE(e->subs->entries, e);
    DL_FOREACH (e->subs->entries, other) {
        if (other->renews == e)
            other->renews = NULL;
    }
    if (e->request)
        nf_nimbus_cancel(e->request);
    free(e->public.filter);
    free(e->public.location);
    free(e->callback);
    free(e);
}

static void load_row(void *ctx, const nf_subscription_row *row)
{
    nf_subscriptions *subs = ctx;
    const nf_trigger *trigger = trigger_by_name(subs, row->trigger);
    if (strcmp(row->tenant, subs->tenant) != 0 || strcmp(row->connection, subs->connection) != 0
        || row->sign_in != subs->sign_in)
        return;
    if (!trigger) {
        nf_log_warn("nimbus", "%s: subscription %lld is for '%s', which this program does not have",
                    subs->tenant, (long long)row->id, row->trigger);
        return;
    }
    struct entry *e = new_entry(subs, trigger, row->filter);
    e->public.id = row->id;
    e->public.location = nf_strdup(row->location);
    e->callback = nf_strdup(row->callback);
    set_secret_hash(e, row->secret_hash);
    e->created_ms = row->created_ms;
}

static void reconcile(void *ctx);
static void renew_old(void *ctx);

nf_status nf_subscriptions_open(nf_loop *loop, nf_nimbus *nimbus, nf_store *store,
                                const nf_subscriptions_options *options, nf_subscriptions **out,
                                nf_error *err)
{
    nf_subscriptions *subs = nf_alloc(sizeof *subs);
    subs->nimbus = nimbus;
    subs->store = store;
    subs->tenant = nf_strdup(options->tenant);
    subs->connection = nf_strdup(options->connection);
    subs->sign_in = options->sign_in;
    subs->public_url = nf_strdup(options->public_url);
    subs->triggers = options->triggers;
    subs->owner = options->owner;
    subs->renew_ms = options->renew_ms;
    subs->path = options->path;
    subs->removed = options->removed;
    subs->retry = nf_timer_new(loop, reconcile, subs);
    subs->renew = nf_timer_new(loop, renew_old, subs);
    nf_status status = nf_store_each_subscription(store, load_row, subs, err);
    if (status != NF_OK)
        nf_subscriptions_close(subs);
    else
        *out = subs;
    return status;
}

void nf_subscriptions_move(nf_subscriptions *subs, nf_nimbus *nimbus)
{
    subs->nimbus = nimbus;
}

void nf_subscriptions_close(nf_subscriptions *subs)
{
    if (!subs)
        return;
    while (subs->entries)
        free_entry(subs->entries);
    nf_timer_close(subs->retry);
    nf_timer_close(subs->renew);
    free(subs->tenant);
    free(subs->connection);
    free(subs->public_url);
    free(subs);
}

bool nf_subscriptions_settled(const nf_subscriptions *subs)
{
    const struct entry *e;
    DL_FOREACH (subs->entries, e) {
        if (e->wanted != (e->public.location != NULL))
            return false;
    }
    return true;
}

/* ---- renew ---- */

static bool is_renewed(const nf_subscriptions *subs, const struct entry *old)
{
    const struct entry *e;
    DL_FOREACH (subs->entries, e) {
        if (e->renews == old)
            return true;
    }
    return false;
}

/* In how many ms it is to be renewed; 0: now; -1: not at all. */
static int64_t renewal_in(const struct entry *e)
{
    int64_t old = nf_clock_wall_ms() - e->created_ms;
    if (!e->wanted || !e->public.location || e->renews || is_renewed(e->subs, e))
        return -1;
    return old < 0 ? 0
                   : NF_MAX((int64_t)e->subs->renew_ms - old, 0); /* below 0: the clock was set */
}

/* Be there when the next one is due. */
static void wind(nf_subscriptions *subs)
{
    const struct entry *e;
    int64_t wait = -1;
    DL_FOREACH (subs->entries, e) {
        int64_t in = renewal_in(e);
        if (in >= 0 && (wait < 0 || in < wait))
            wait = in;
    }
    if (wait >= 0)
        nf_timer_start(subs->renew, (uint64_t)NF_MIN(wait, LONGEST_LOOK_MS), 0);
}

/* Another one for each that is old; when it is registered the old one is not wanted any more. */
static void renew_old(void *ctx)
{
    nf_subscriptions *subs = ctx;
    struct entry *e;
    DL_FOREACH (subs->entries, e) {
        if (renewal_in(e) != 0)
            continue;
        struct entry *fresh = new_entry(subs, e->public.trigger, e->public.filter);
        fresh->wanted = true;
        fresh->renews = e;
    }
    reconcile(subs);
}

/* Tell the owner, and plan the next attempt if something is left to do. */
static void report(nf_subscriptions *subs)
{
    struct entry *e;
    bool busy = false;
    DL_FOREACH (subs->entries, e)
        busy = busy || e->request;
    if (busy)
        return;
    bool settled = nf_subscriptions_settled(subs);
    wind(subs);
    if (settled)
        subs->error = (nf_error){0};
    else
        nf_timer_start(subs->retry, RETRY_MS, 0);
    subs->changed(subs->ctx, settled ? NULL : &subs->error);
}

static void fail(struct entry *e, const nf_error *err)
{
    e->failed = true;
    e->subs->error = *err;
    nf_log_error("nimbus", "%s: %s", e->subs->tenant, err->text);
}

/* Where it is registered: as the binding says, or as the tenant's settings do. */
static const char *path_for(const struct entry *e)
{
    const char *path = e->subs->path ? e->subs->path(e->subs->owner, e->public.trigger) : NULL;
    return path ? path : e->public.trigger->subscribe;
}

/* ---- create ---- */

static void free_row(void *ctx, const nf_error *err)
{
    nf_subscription_row *row = ctx;
    if (err)
        nf_log_error("store", "%s: subscription %lld could not be stored: %s", row->tenant,
                     (long long)row->id, err->text);
    free((char *)row->tenant);
    free((char *)row->connection);
    free((char *)row->filter);
    free((char *)row->callback);
    free((char *)row->location);
    free(row);
}

static void store_row(const struct entry *e)
{
    nf_subscription_row *row = nf_alloc(sizeof *row);
    row->id = e->public.id;
    row->tenant = nf_strdup(e->subs->tenant);
    row->connection = nf_strdup(e->subs->connection);
    row->sign_in = e->subs->sign_in;
    row->trigger = e->public.trigger->name;
    row->filter = nf_strdup(e->public.filter);
    row->callback = nf_strdup(e->callback);
    row->location = nf_strdup(e->public.location);
    row->created_ms = e->created_ms;
    memcpy(row->secret_hash, e->public.secret_hash, NF_SHA256_SIZE);
    nf_store_put_subscription(e->subs->store, row, free_row, row);
}

static void on_created(void *ctx, const nf_error *failure, const nf_reply *reply,
                       const char *location)
{
    struct entry *e = ctx;
    nf_subscriptions *subs = e->subs;
    nf_error err = {0};
    e->request = NULL;
    if (failure)
        err = *failure;
    else if (reply->status != 201)
        nf_nimbus_reply_error("POST", path_for(e), reply, false, &err);
    if (err.status != NF_OK) {
        nf_error_prefix(&err, "register the subscription");
        fail(e, &err);
    } else {
        if (!location)
            nf_log_warn("nimbus",
                        "%s: the registration came without a Location; it cannot be deleted later",
                        subs->tenant);
        e->public.location = nf_strdup(location ? location : "");
        e->created_ms = nf_clock_wall_ms();
        store_row(e);
        nf_log_info("nimbus", "%s: subscribed to %s %s", subs->tenant, e->public.trigger->name,
                    e->public.filter);
    }
    if (err.status == NF_OK && e->renews) {
        e->renews->wanted = false;
        e->renews = NULL;
        reconcile(subs);
        return;
    }
    report(subs);
}

static void create(struct entry *e)
{
    nf_subscriptions *subs = e->subs;
    char secret[NF_SECRET_TEXT];
    uint8_t hash[NF_SHA256_SIZE];
    nf_secret_new(secret);
    nf_sha256(secret, strlen(secret), hash);
    set_secret_hash(e, hash);
    if (!e->public.id)
        e->public.id = nf_store_new_id(subs->store);
    free(e->callback);
    e->callback = nf_strdup(subs->public_url);

    json_t *config = json_loads(e->public.filter, 0, NULL);
    char *url = nf_format("%s" NF_CALLBACK_PATH "%s", subs->public_url, secret);
    json_object_set_new(config, "url", json_string(url));
    json_t *body = json_pack("{s:o}", "config", config);
    char *text = nf_json_text(body);
    /* repeating it could make two registrations, of which one would be forgotten: so it is not repeatable */
    e->request = nf_nimbus_send(subs->nimbus, "POST", path_for(e), text, NF_UNSAFE, on_created, e);
    json_decref(body);
    nf_secret_wipe(secret, sizeof secret);
    nf_secret_wipe(url, strlen(url));
    nf_secret_wipe(text, strlen(text));
    free(url);
    free(text);
}

/* ---- delete ---- */

/* The path of a registration at this cluster: Location may be absolute or only a path. */
static const char *path_of(const nf_subscriptions *subs, const char *location)
{
    const char *cluster = nf_nimbus_cluster(subs->nimbus);
    size_t n = strlen(cluster);
    if (strncmp(location, cluster, n) == 0)
        location += n;
    return location[0] == '/' ? location : NULL;
}

static void on_deleted(void *ctx, const nf_error *failure, const nf_reply *reply,
                       const char *location)
{
    struct entry *e = ctx;
    nf_subscriptions *subs = e->subs;
    nf_error err = {0};
    (void)location;
    e->request = NULL;
    if (failure)
        err = *failure;
    else if (reply->status == 404) {
        nf_log_warn("nimbus", "%s: subscription %lld was not there any more when it was deleted",
                    subs->tenant, (long long)e->public.id);
        if (subs->removed)
            subs->removed(subs->owner, &e->public);
    } else if (reply->status >= 300)
        nf_nimbus_reply_error("DELETE", path_for(e), reply, false, &err);
    if (err.status != NF_OK) {
        nf_error_prefix(&err, "delete the subscription");
        fail(e, &err);
    } else {
        nf_store_drop_subscription(subs->store, e->public.id, NULL, NULL);
        nf_log_info("nimbus", "%s: unsubscribed from %s %s", subs->tenant, e->public.trigger->name,
                    e->public.filter);
        free_entry(e);
    }
    report(subs);
}

static void delete (struct entry *e)
{
    const char *path = path_of(e->subs, e->public.location);
    if (path) {
        e->request = nf_nimbus_send(e->subs->nimbus, "DELETE", path, NULL, NF_SAFE, on_deleted, e);
        return;
    }
    nf_log_warn(
        "nimbus",
        "%s: subscription %lld has no address to delete it at; its callback is refused from now on",
        e->subs->tenant, (long long)e->public.id);
    nf_store_drop_subscription(e->subs->store, e->public.id, NULL, NULL);
    free_entry(e);
}

/* ---- reconcile ---- */

static void reconcile(void *ctx)
{
    nf_subscriptions *subs = ctx;
    struct entry *e, *next;
    DL_FOREACH_SAFE (subs->entries, e, next) {
        e->failed = false;
        if (e->request)
            continue;
        if (e->wanted && !e->public.location)
            create(e);
        else if (!e->wanted && e->public.location)
            delete (e);
        else if (!e->wanted)
            free_entry(e);
    }
    report(subs);
}

void nf_subscriptions_want(nf_subscriptions *subs, const nf_wanted *wanted, size_t count,
                           void (*changed)(void *ctx, const nf_error *err), void *ctx)
{
    struct entry *e;
    subs->changed = changed;
    subs->ctx = ctx;
    DL_FOREACH (subs->entries, e)
        e->wanted = false;
    for (size_t i = 0; i < count; i++) {
        nf_subscription *found = nf_subscriptions_find(subs, wanted[i].trigger, wanted[i].filter);
        e = found ? (struct entry *)found : new_entry(subs, wanted[i].trigger, wanted[i].filter);
        e->wanted = true;
    }
    reconcile(subs);
}

/* The look-up is by the hash, so how long it takes tells of the hash at most, and that leads to no secret. */
nf_subscription *nf_subscriptions_by_secret(nf_subscriptions *subs, const char *secret, size_t len)
{
    uint8_t hash[NF_SHA256_SIZE];
    struct entry *e;
    nf_sha256(secret, len, hash);
    HASH_FIND(hh, subs->by_secret, hash, sizeof hash, e);
    bool same = e
                && nf_secret_equal((const char *)hash, sizeof hash,
                                   (const char *)e->public.secret_hash, sizeof hash);
    return same ? &e->public : NULL;
}

nf_subscription *nf_subscriptions_find(nf_subscriptions *subs, const nf_trigger *trigger,
                                       const char *filter)
{
    struct entry *e;
    nf_subscription *found = NULL;
    DL_FOREACH (subs->entries, e) {
        /* one made with another public address cannot be reached any more; of two, the newer one stays */
        if (e->public.trigger == trigger && strcmp(e->public.filter, filter) == 0
            && (!e->callback || strcmp(e->callback, subs->public_url) == 0)
            && (!found || e->public.location))
            found = &e->public;
    }
    return found;
}
