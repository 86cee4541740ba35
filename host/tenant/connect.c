/* SPDX-License-Identifier: Apache-2.0 */
/* connect.c: see connect.h. */
#include "tenant/connect.h"

#include "auth/login.h"
#include "base/address.h"
#include "base/alloc.h"
#include "base/secret.h"
#include "log/log.h"
#include "tenant/probe.h"
#include "tenant/sign_ins.h"
#include "tenant/tenant.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { MOST_AT_A_TIME = 20, LONGEST_NAME = 40, FORGET_MS = 600000 };

typedef enum state { STARTING, WAITING, CHECKING, DONE, FAILED } state;

struct nf_connecting {
    nf_tenant *tenant;
    char id[NF_SECRET_TEXT], *name, *upn;
    state state;
    nf_error error;
    nf_login *login;
    struct nf_credential *credential; /* until its connection has it */
    nf_nimbus *nimbus;                /* to check the user with */
    int tested;                       /* HTTP status of that */
    nf_timer *timer;                  /* 0 ms: tidy up; then forget */
    void (*shown)(void *ctx, const nf_connecting *connecting);
    void *ctx;
    nf_connecting *prev, *next;
};

static void show(nf_connecting *k)
{
    void (*shown)(void *ctx, const nf_connecting *connecting) = k->shown;
    k->shown = NULL;
    if (shown)
        shown(k->ctx, k);
}

static void free_connecting(nf_connecting *k)
{
    DL_DELETE(k->tenant->connecting, k);
    if (k->shown) { /* the host closes */
        k->state = FAILED;
        nf_error_set(&k->error, NF_E_CANCELLED, "the host is ending");
        show(k);
    }
    nf_timer_close(k->timer);
    nf_login_free(k->login);
    nf_nimbus_close(k->nimbus);
    nf_credential_free(k->credential);
    free(k->name);
    free(k->upn);
    free(k);
}

/* What is not needed any more goes, once nothing of it is on the stack; then the rest. */
static void on_timer(void *ctx)
{
    nf_connecting *k = ctx;
    if (!k->login) {
        free_connecting(k);
        return;
    }
    nf_login_free(k->login);
    nf_nimbus_close(k->nimbus);
    nf_credential_free(k->credential);
    k->login = NULL;
    k->nimbus = NULL;
    k->credential = NULL;
    nf_timer_start(k->timer, FORGET_MS, 0);
}

static void end(nf_connecting *k, const nf_error *err)
{
    k->state = err ? FAILED : DONE;
    if (err)
        k->error = *err;
    if (err)
        nf_log_warn("auth", "%s: connection %s: nobody signed in: %s", k->tenant->config->name,
                    k->name, err->text);
    nf_timer_start(k->timer, 0, 0);
    show(k);
}

/* ---- checking and taking over ---- */

static void on_adopted(void *ctx, const nf_error *err)
{
    nf_connecting *k = ctx;
    if (!err)
        nf_probe_start(k->credential->connection);
    if (k->credential->connection)
        k->credential = NULL; /* it is the connection's */
    end(k, err);
}

static void on_tested(void *ctx, const nf_error *failure, const nf_reply *reply,
                      const char *location)
{
    nf_connecting *k = ctx;
    nf_error err = {0};
    (void)location;
    if (failure)
        err = *failure;
    else if (reply->status >= 300 && !nf_probe_refused(reply, &err))
        nf_nimbus_reply_error("GET", NF_PROBE_PATH, reply, false, &err);
    if (err.status != NF_OK) {
        nf_error_prefix(&err, "%s signed in, but Nimbus does not confirm it",
                        k->upn ? k->upn : "a user");
        end(k, &err);
        return;
    }
    k->tested = reply->status;
    nf_credential_adopt(k->credential, on_adopted, k);
}

static void check(nf_connecting *k)
{
    nf_tokens tokens = nf_login_take(k->login);
    k->state = CHECKING;
    k->upn = nf_strdup(tokens.claims.upn);
    k->credential = nf_credential_new(k->tenant, k->name, &tokens);
    k->nimbus = nf_connection_new_nimbus(k->tenant);
    nf_nimbus_use(k->nimbus, k->credential->sign_in);
    nf_nimbus_send(k->nimbus, "GET", NF_PROBE_PATH, NULL, NF_READ, on_tested, k);
}

static void on_login(void *ctx)
{
    nf_connecting *k = ctx;
    nf_login_view view = nf_login_look(k->login);
    if (view.state == NF_LOGIN_DONE) {
        check(k);
    } else if (view.state == NF_LOGIN_FAILED) {
        end(k, view.error);
    } else {
        k->state = WAITING;
        show(k);
    }
}

/* ---- start ---- */

static nf_status check_name(const char *name, nf_error *err)
{
    size_t good = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
    if (*name && !name[good] && good <= LONGEST_NAME)
        return NF_OK;
    return nf_error_set(err, NF_E_ARG,
                        "the name of a connection has 1 to %d letters, digits, '.', '_' or '-'",
                        LONGEST_NAME);
}

static nf_status check_start(const nf_tenant *t, const nf_connect_options *options,
                             const char *name, nf_error *err)
{
    const nf_connecting *k;
    int count;
    DL_COUNT(t->connecting, k, count);
    if (check_name(name, err) != NF_OK || nf_oauth_check(&t->oauth, err) != NF_OK)
        return err->status;
    if (options->redirect && nf_url_check(options->redirect, err) != NF_OK)
        return err->status;
    if (count >= MOST_AT_A_TIME)
        return nf_error_set(err, NF_E_LIMIT, "%d people are signing in already; wait some minutes",
                            MOST_AT_A_TIME);
    return NF_OK;
}

nf_status nf_connect_start(nf_tenant *t, const nf_connect_options *options,
                           void (*shown)(void *ctx, const nf_connecting *connecting), void *ctx,
                           nf_error *err)
{
    const char *name = options->name ? options->name : NF_CONNECTION_STANDARD;
    if (check_start(t, options, name, err) != NF_OK)
        return err->status;
    nf_connecting *k = nf_alloc(sizeof *k);
    k->tenant = t;
    k->name = nf_strdup(name);
    k->timer = nf_timer_new(t->host->loop, on_timer, k);
    k->shown = shown;
    k->ctx = ctx;
    nf_secret_new(k->id);
    DL_APPEND(t->connecting, k);
    if (!options->browser) {
        k->login = nf_login_device(&t->oauth, on_login, k);
        return NF_OK;
    }
    char *standard = nf_format("%s" NF_SIGN_IN_PATH, t->host->public_url);
    k->login =
        nf_login_browser(&t->oauth, options->redirect ? options->redirect : standard, on_login, k);
    free(standard);
    on_login(k);
    return NF_OK;
}

/* ---- looking ---- */

nf_connecting *nf_connect_find(const nf_tenant *t, const char *id)
{
    nf_connecting *k, *found = NULL;
    DL_FOREACH (t->connecting, k) {
        if (nf_secret_equal(k->id, strlen(k->id), id, strlen(id)))
            found = k;
    }
    return found;
}

nf_connecting *nf_connect_by_state(const nf_tenant *t, const char *key)
{
    nf_connecting *k, *found = NULL;
    DL_FOREACH (t->connecting, k) {
        if (k->login && nf_login_is(k->login, key))
            found = k;
    }
    return found;
}

void nf_connect_come_back(nf_connecting *k, const char *code, const char *error,
                          const char *description)
{
    if (k->login)
        nf_login_come_back(k->login, code, error, description);
}

json_t *nf_connect_json(const nf_connecting *k)
{
    static const char *const states[] = {"starting", "waiting", "checking", "done", "failed"};
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:s, s:s?}", "id", k->id, "tenant", k->tenant->config->name,
                  "connection", k->name, "state", states[k->state], "upn", k->upn);
    if (k->state == WAITING) {
        nf_login_view view = nf_login_look(k->login);
        json_object_set_new(json, "address", json_string(view.address));
        if (view.user_code)
            json_object_set_new(json, "user_code", json_string(view.user_code));
        json_object_set_new(json, "left_s", json_integer((json_int_t)(view.left_ms / 1000)));
    }
    if (k->state == FAILED)
        json_object_set_new(json, "error", json_string(k->error.text));
    if (k->state == DONE)
        json_object_set_new(json, "test", json_integer(k->tested));
    return json;
}

void nf_connect_close(nf_tenant *t)
{
    while (t->connecting)
        free_connecting(t->connecting);
}
