/* SPDX-License-Identifier: Apache-2.0 */
/* sign_ins.c: see sign_ins.h. */
#include "tenant/sign_ins.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/secret.h"
#include "log/log.h"
#include "tenant/alarm.h"
#include "tenant/tenant.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* ---- keeping ---- */

/* One write to the store; the row borrows from here. */
struct keeping {
    nf_sign_in_row row;
    char *connection, *upn;
    uint8_t *sealed;
    void (*kept)(void *ctx, const nf_error *err);
    void *ctx;
};

/* What a sealed secret belongs to: it opens nowhere else. */
static char *context_of(const char *tenant, const char *connection)
{
    return nf_format("%s\n%s", tenant, connection);
}

static void on_stored(void *ctx, const nf_error *err)
{
    struct keeping *k = ctx;
    k->kept(k->ctx, err);
    free(k->connection);
    free(k->upn);
    free(k->sealed);
    free(k);
}

static void store(const struct nf_credential *cr, bool retired, const char *secret, size_t len,
                  void (*kept)(void *ctx, const nf_error *err), void *ctx)
{
    nf_tenant *t = cr->tenant;
    nf_error err = {0};
    const uint8_t *key = nf_key_bytes(t->host->key, &err);
    if (!key) {
        kept(ctx, &err);
        return;
    }
    struct keeping *k = nf_alloc(sizeof *k);
    const nf_claims *claims = nf_sign_in_claims(cr->sign_in);
    char *context = context_of(t->config->name, cr->name);
    k->connection = nf_strdup(cr->name);
    k->upn = nf_strdup(claims->upn ? claims->upn : "");
    k->kept = kept;
    k->ctx = ctx;
    k->sealed = nf_seal(key, context, secret, len, &k->row.len);
    k->row.id = cr->id;
    k->row.tenant = t->config->name;
    k->row.connection = k->connection;
    k->row.upn = k->upn;
    k->row.secret = k->sealed;
    k->row.retired = retired;
    k->row.created_ms = nf_clock_wall_ms();
    free(context);
    nf_store_put_sign_in(t->host->store, &k->row, on_stored, k);
}

static void store_now(const struct nf_credential *cr, bool retired,
                      void (*kept)(void *ctx, const nf_error *err), void *ctx)
{
    size_t len;
    char *secret = nf_sign_in_secret(cr->sign_in, &len);
    store(cr, retired, secret, len, kept, ctx);
    nf_secret_free(secret);
}

static void keep(void *ctx, const char *secret, size_t len,
                 void (*kept)(void *wait, const nf_error *err), void *wait)
{
    const struct nf_credential *cr = ctx;
    bool in_use = cr->connection && cr->connection->credential == cr && !cr->connection->gone;
    if (cr->id)
        store(cr, cr->connection && !in_use && cr->connection->gone, secret, len, kept, wait);
    else
        kept(wait, &(nf_error){.status = NF_E_STORE, .text = "the sign-in is not finished yet"});
}

/* A sign-in that works is no news; one that does not is trouble, once. */
static void on_changed(void *ctx)
{
    struct nf_credential *cr = ctx;
    nf_connection *c = cr->connection;
    bool over;
    uint64_t number;
    if (!c || c->credential != cr)
        return;
    const nf_error *err = nf_sign_in_error(cr->sign_in, &over);
    bool trouble = err && (over || !nf_sign_in_token(cr->sign_in, &number));
    if (trouble && over && !c->expired)
        nf_tenant_alarm(c->tenant, NF_ALARM_SIGN_IN_EXPIRED, c->name, err->text);
    if (!err)
        nf_tenant_calm(c->tenant, NF_ALARM_SIGN_IN_EXPIRED, c->name);
    c->expired = trouble && over;
    nf_connection_set_trouble(c, &c->sign_in_trouble, trouble ? err->text : NULL);
}

static const nf_sign_in_owner owner = {keep, on_changed};

/* ---- credentials ---- */

static struct nf_credential *new_credential(nf_tenant *t, const char *name, int64_t id)
{
    struct nf_credential *cr = nf_alloc(sizeof *cr);
    cr->tenant = t;
    cr->name = nf_strdup(name);
    cr->id = id;
    return cr;
}

static char *label_of(const nf_tenant *t, const char *name)
{
    return nf_format("%s: connection %s", t->config->name, name);
}

struct nf_credential *nf_credential_new(nf_tenant *t, const char *name, nf_tokens *tokens)
{
    struct nf_credential *cr = new_credential(t, name, 0);
    char *label = label_of(t, name);
    cr->sign_in = nf_sign_in_new(&t->oauth, label, tokens, &owner, cr);
    free(label);
    return cr;
}

void nf_credential_free(struct nf_credential *cr)
{
    if (!cr)
        return;
    nf_sign_in_free(cr->sign_in);
    free(cr->name);
    free(cr);
}

/* ---- formers ---- */

static void free_former(struct nf_former *f)
{
    nf_subscriptions_close(f->subscriptions);
    nf_nimbus_close(f->nimbus);
    nf_credential_free(f->credential);
    free(f);
}

void nf_sign_ins_sweep(void *ctx)
{
    nf_connection *c = ctx;
    struct nf_former *f, *next;
    LL_FOREACH_SAFE (c->formers, f, next) {
        if (!f->over)
            continue;
        if (f->credential->id)
            nf_store_drop_sign_in(c->tenant->host->store, f->credential->id, NULL, NULL);
        nf_log_info("tenant", "%s: connection %s: the former sign-in is gone",
                    c->tenant->config->name, c->name);
        LL_DELETE(c->formers, f);
        free_former(f);
    }
}

static void on_former(void *ctx, const nf_error *err)
{
    struct nf_former *f = ctx;
    if (err)
        return; /* tried again by itself */
    f->over = true;
    nf_timer_start(f->connection->sweep, 0, 0);
}

void nf_sign_ins_settled(nf_connection *c)
{
    struct nf_former *f;
    LL_FOREACH (c->formers, f) {
        if (f->asked)
            continue;
        f->asked = true;
        if (!f->credential->sign_in) /* nobody can delete them any more */
            on_former(f, NULL);
        else
            nf_subscriptions_want(f->subscriptions, NULL, 0, on_former, f);
    }
}

/* The connection's present credential and subscriptions step back. */
static void step_back(nf_connection *c)
{
    if (!c->credential)
        return;
    struct nf_former *f = nf_alloc(sizeof *f);
    f->connection = c;
    f->credential = c->credential;
    f->subscriptions = c->subscriptions;
    f->nimbus = nf_connection_new_nimbus(c->tenant);
    nf_nimbus_use(f->nimbus, f->credential->sign_in);
    nf_subscriptions_move(f->subscriptions, f->nimbus);
    c->credential = NULL;
    c->subscriptions = NULL;
    LL_APPEND(c->formers, f);
}

/* ---- taking over ---- */

static nf_status take_over(nf_connection *c, struct nf_credential *cr, nf_error *err)
{
    const nf_claims *claims = cr->sign_in ? nf_sign_in_claims(cr->sign_in) : NULL;
    step_back(c);
    nf_kept_spoil(c->env.kept, NULL); /* what another user was told */
    c->credential = cr;
    cr->connection = c;
    c->gone = c->expired = false;
    free(c->upn);
    c->upn = nf_strdup(claims && claims->upn ? claims->upn
                       : cr->id              ? NULL
                                             : c->tenant->config->upn);
    nf_tenant_calm(c->tenant, NF_ALARM_SIGN_IN_EXPIRED, c->name);
    nf_connection_set_trouble(c, &c->sign_in_trouble, NULL);
    nf_nimbus_use(c->nimbus, cr->sign_in);
    return nf_connection_open_subscriptions(c, cr->id, err);
}

struct adopting {
    struct nf_credential *credential;
    nf_store_done *done;
    void *ctx;
};

static nf_status adopt(struct nf_credential *cr, nf_error *err)
{
    nf_connection *c = nf_connection_named(cr->tenant, cr->name);
    if (take_over(c, cr, err) != NF_OK)
        return err->status;
    nf_log_info("audit", "%s: connection %s: signed in as %s", cr->tenant->config->name, cr->name,
                c->upn ? c->upn : "(unknown)");
    nf_tenant_obey(cr->tenant);
    nf_tenant_connections_changed(cr->tenant);
    return NF_OK;
}

static void on_adopted(void *ctx, const nf_error *failure)
{
    struct adopting *a = ctx;
    nf_error err = failure ? *failure : (nf_error){0};
    if (!failure)
        adopt(a->credential, &err);
    a->done(a->ctx, err.status == NF_OK ? NULL : &err);
    free(a);
}

void nf_credential_adopt(struct nf_credential *cr, nf_store_done *done, void *ctx)
{
    struct adopting *a = nf_alloc(sizeof *a);
    *a = (struct adopting){cr, done, ctx};
    cr->id = nf_store_new_id(cr->tenant->host->store);
    store_now(cr, false, on_adopted, a);
}

/* ---- removing ---- */

struct removing {
    nf_connection *connection;
    nf_store_done *done;
    void *ctx;
};

static void on_retired(void *ctx, const nf_error *err)
{
    struct removing *r = ctx;
    nf_connection *c = r->connection;
    if (!err) {
        nf_log_info("audit", "%s: connection %s: signed out", c->tenant->config->name, c->name);
        step_back(c);
        nf_nimbus_use(c->nimbus, NULL);
        nf_error ignored = {0};
        nf_connection_open_subscriptions(c, -1, &ignored); /* none */
        nf_sign_ins_settled(c);
        nf_tenant_connections_changed(c->tenant);
    } else {
        c->gone = false;
    }
    r->done(r->ctx, err);
    free(r);
}

nf_status nf_connection_remove(nf_connection *c, nf_store_done *done, void *ctx, nf_error *err)
{
    if (c->credential->id == 0)
        return nf_error_set(err, NF_E_ARG,
                            "connection %s comes from 'token_file' in tenant.yaml; remove it there "
                            "and start again",
                            c->name);
    struct removing *r = nf_alloc(sizeof *r);
    *r = (struct removing){c, done, ctx};
    c->gone = true;
    if (c->credential->sign_in)
        store_now(c->credential, true, on_retired, r);
    else
        nf_store_drop_sign_in(c->tenant->host->store, c->credential->id, on_retired, r);
    return NF_OK;
}

/* ---- opening ---- */

static nf_status open_file(nf_tenant *t, nf_error *err)
{
    const nf_tenant_config *config = t->config;
    struct nf_credential *cr = new_credential(t, NF_CONNECTION_STANDARD, 0);
    char *label = label_of(t, cr->name);
    nf_status status =
        nf_sign_in_from_file(t->host->loop, label, config->token_file, &cr->sign_in, err);
    free(label);
    if (status == NF_OK)
        return take_over(nf_connection_named(t, cr->name), cr, err);
    nf_credential_free(cr);
    return status;
}

static nf_status unseal(nf_tenant *t, const nf_sign_in_row *row, struct nf_credential *cr,
                        nf_error *err)
{
    const uint8_t *key = nf_key_bytes(t->host->key, err);
    char *context = context_of(row->tenant, row->connection), *secret = NULL,
         *label = label_of(t, cr->name);
    size_t len = 0;
    nf_status status =
        key ? nf_unseal(key, context, row->secret, row->len, &secret, &len, err) : err->status;
    if (status != NF_OK)
        nf_error_prefix(err,
                        "the stored sign-in cannot be read with %s; restore the key or sign in "
                        "again",
                        nf_key_from(t->host->key));
    else
        status = nf_sign_in_load(&t->oauth, label, secret, len, &owner, cr, &cr->sign_in, err);
    nf_secret_free(secret);
    free(context);
    free(label);
    return status;
}

struct opening {
    nf_tenant *tenant;
    nf_error *err;
};

static void open_row(void *ctx, const nf_sign_in_row *row)
{
    struct opening *o = ctx;
    nf_error err = {0};
    nf_connection *c = nf_connection_named(o->tenant, row->connection);
    struct nf_credential *cr = new_credential(o->tenant, row->connection, row->id);
    nf_status status = unseal(o->tenant, row, cr, &err);
    take_over(c, cr, o->err);
    if (status != NF_OK) {
        nf_log_error("auth", "%s: connection %s: %s", o->tenant->config->name, c->name, err.text);
        nf_connection_set_trouble(c, &c->sign_in_trouble, err.text);
        free(c->upn);
        c->upn = nf_strdup(row->upn);
    }
    if (row->retired) {
        step_back(c);
        nf_nimbus_use(c->nimbus, NULL);
        c->gone = true;
        nf_connection_open_subscriptions(c, -1, o->err);
        nf_sign_ins_settled(c);
    }
}

nf_status nf_sign_ins_open(nf_tenant *t, nf_error *err)
{
    struct opening opening = {t, err};
    nf_status status = t->config->token_file ? open_file(t, err) : NF_OK;
    if (status == NF_OK)
        status = nf_store_each_sign_in(t->host->store, t->config->name, open_row, &opening, err);
    return status == NF_OK ? err->status : status;
}

void nf_sign_ins_close(nf_connection *c)
{
    struct nf_former *f, *next;
    LL_FOREACH_SAFE (c->formers, f, next)
        free_former(f);
    nf_credential_free(c->credential);
}
