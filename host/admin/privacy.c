/* SPDX-License-Identifier: Apache-2.0 */
/* privacy.c: see privacy.h. */
#include "admin/privacy.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "store/erase.h"
#include "store/tend.h"

#include <stdlib.h>
#include <string.h>

struct erasing {
    nf_http_exchange *exchange;
    nf_tenant *tenant;
    nf_person person;
    bool dry_run;
    json_int_t keys; /* below 0: not looked at in this piece */
};

/* ---- what flows remember ---- */

/* A key that holds the person goes with its value; else the person goes out of the value. */
static void erase_value(void *ctx, const char *key, const char *text, size_t len,
                        int64_t expires_ms)
{
    struct erasing *e = ctx;
    nf_error err = {0};
    nf_strbuf name = nf_strbuf_new(SIZE_MAX);
    bool in_key = nf_person_erase_text(&e->person, key, &name);
    nf_strbuf_release(&name);
    json_t *value = in_key ? NULL : json_loadb(text, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    bool in_value = value && nf_person_in(&e->person, value);
    int64_t left = expires_ms ? expires_ms - nf_clock_wall_ms() : 0;
    size_t count = 0;
    if (in_key || in_value)
        e->keys++;
    if (in_key && !e->dry_run) {
        nf_kv_set(e->tenant->kv, key, NULL, 0, 0, NULL, NULL, &err);
    } else if (in_value && !e->dry_run && left >= 0) {
        json_t *erased = nf_person_erase(&e->person, value, true, &count);
        char *written = json_dumps(erased, JSON_COMPACT | JSON_ENCODE_ANY);
        if (!nf_kv_set(e->tenant->kv, key, written, strlen(written), (uint64_t)left, NULL, NULL,
                       &err)
            && err.status != NF_OK) /* no room for the mark: then it goes */
            nf_kv_set(e->tenant->kv, key, NULL, 0, 0, NULL, NULL, &err);
        free(written);
        json_decref(erased);
    }
    json_decref(value);
}

/* ---- the request ---- */

static void on_erased(void *ctx, json_t *rows, const nf_error *err)
{
    struct erasing *e = ctx;
    if (err) {
        nf_http_answer_error(e->exchange, 500, "%s", err->text);
    } else {
        if (e->keys >= 0)
            json_object_set_new(rows, "keys", json_integer(e->keys));
        nf_http_answer_json(e->exchange, 200, json_incref(rows));
    }
    json_decref(rows);
    nf_person_release(&e->person);
    free(e);
}

/* The audit must not keep whom it was about; the beginning of a hash is enough to find the entry again. */
static void audit(const nf_admin *admin, const struct erasing *e, const char *who)
{
    uint8_t hash[NF_SHA256_SIZE];
    char text[9];
    const char *whom = *e->person.number ? e->person.number : e->person.email;
    nf_sha256(whom, strlen(whom), hash);
    char *name = nf_format("%s #%s", *e->person.number ? "number" : "email", nf_hex(hash, 4, text));
    nf_store_add_audit(admin->store,
                       &(nf_audit_row){.tenant = e->tenant->config->name,
                                       .who = who,
                                       .action = e->dry_run ? "find person" : "erase person",
                                       .name = name});
    free(name);
}

void nf_admin_erase(const nf_admin *admin, nf_tenant *tenant, nf_http_exchange *x)
{
    nf_error err = {0};
    size_t len;
    const char *body = nf_http_body(x, &len);
    json_t *asked = nf_json_parse(body, len, &err);
    int64_t after = nf_json_integer(asked, "after", 0);
    struct erasing *e = nf_alloc(sizeof *e);
    e->exchange = x;
    e->tenant = tenant;
    e->dry_run = json_is_true(json_object_get(asked, "dry_run"));
    e->keys = -1;
    if (asked)
        nf_person_init(&e->person, nf_json_string(asked, "number"), nf_json_string(asked, "email"),
                       tenant->config->country, nf_clock_wall_ms(), &err);
    json_decref(asked);
    if (err.status != NF_OK) {
        nf_http_answer_error(x, 400, "%s", err.text);
        nf_person_release(&e->person);
        free(e);
        return;
    }
    if (after == 0) {
        e->keys = 0;
        nf_kv_each(tenant->kv, erase_value, e);
        audit(admin, e, nf_http_peer(x));
    }
    nf_store_erase(admin->store, tenant->config->name, &e->person, after, e->dry_run, on_erased, e);
}
