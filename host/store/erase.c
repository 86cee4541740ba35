/* SPDX-License-Identifier: Apache-2.0 */
/*
 * erase.c: see erase.h. A piece is read and rewritten in memory on a thread of its own, then written in one transaction
 * of the store's thread. Main invariant: only what is of ended runs is rewritten. Nobody else writes that but trimming,
 * which empties it: an emptied text is not brought back.
 */
#include "store/erase.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "store/question.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { EVENTS_AT_A_TIME = 2000, REWRITES_AT_A_TIME = 200, LOOK_FOR_MS = 150 };

struct rewrite {
    int64_t id; /* of the event, or the run */
    bool is_run;
    char *text;
    size_t len, before;
    struct rewrite *next;
};

struct erasing {
    nf_store *store;
    char *tenant;
    const nf_person *person;
    bool dry_run;
    struct rewrite *rewrites;
    size_t count;
    json_int_t events, runs, texts;
    json_t *open, *answer_rows;
    nf_store_answer *answer;
    void *ctx;
};

/* ---- on a thread: find and rewrite ---- */

static void add_rewrite(struct erasing *e, int64_t id, bool is_run, const json_t *value,
                        size_t before)
{
    struct rewrite *r = nf_alloc(sizeof *r);
    r->id = id;
    r->is_run = is_run;
    r->text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    r->len = r->text ? strlen(r->text) : 0;
    r->before = before;
    LL_PREPEND(e->rewrites, r);
    e->count++;
}

/* Effects that hold the person lose all personal fields; elsewhere only the number or address goes. */
static json_t *erase_effects(struct erasing *e, const json_t *effects, bool whole, size_t *count)
{
    json_t *list = json_array();
    size_t i;
    const json_t *effect;
    json_array_foreach ((json_t *)effects, i, effect)
        json_array_append_new(
            list,
            nf_person_erase(e->person, effect, whole || nf_person_in(e->person, effect), count));
    return list;
}

static void erase_detail(struct erasing *e, int64_t run, const char *text, size_t len, bool whole)
{
    size_t count = 0;
    json_t *detail = json_loadb(text, len, JSON_ALLOW_NUL, NULL);
    if (!detail)
        return;
    json_t *erased = nf_person_erase(e->person, detail, whole, &count);
    const json_t *effects = json_object_get(detail, "effects");
    if (json_is_array(effects))
        json_object_set_new(erased, "effects", erase_effects(e, effects, whole, &count));
    if (count) {
        e->runs++;
        e->texts += (json_int_t)count;
        add_rewrite(e, run, true, erased, len);
    }
    json_decref(erased);
    json_decref(detail);
}

/* The runs of one event: name those without an end, rewrite the others. False: the event must not be touched. */
static const char runs_of[] =
    "SELECT r.id, r.outcome, d.detail FROM run r LEFT JOIN run_detail d ON d.run = r.id"
    " WHERE r.id > ?1 AND r.id <= ?1 + 10000 AND r.event = ?1 ORDER BY r.outcome";

static bool erase_runs(nf_question *q, struct erasing *e, int64_t event, bool whole)
{
    sqlite3_stmt *s = NULL;
    int rc;
    bool open = false;
    if (nf_read_prepare(q->store, runs_of, &s, &q->err) != NF_OK)
        return false;
    sqlite3_bind_int64(s, 1, event);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        const char *detail = nf_read_text(s, 2);
        size_t len = (size_t)sqlite3_column_bytes(s, 2);
        if (sqlite3_column_int(s, 1) == NF_OUTCOME_NONE) { /* these come first */
            open = true;
            if (whole)
                json_array_append_new(e->open, json_integer(sqlite3_column_int64(s, 0)));
        } else if (!open && len && (whole || nf_person_may_be_in(e->person, detail, len))) {
            erase_detail(e, sqlite3_column_int64(s, 0), detail, len, whole);
        }
    }
    nf_read_finish(q->store, s, rc, &q->err);
    return !open;
}

static void erase_event(nf_question *q, struct erasing *e, sqlite3_stmt *s)
{
    int64_t id = sqlite3_column_int64(s, 0);
    const char *text = nf_read_text(s, 1);
    size_t len = (size_t)sqlite3_column_bytes(s, 1), count = 0;
    json_t *body = nf_person_may_be_in(e->person, text, len)
                       ? json_loadb(text, len, JSON_ALLOW_NUL, NULL)
                       : NULL;
    bool whole = body && nf_person_in(e->person, body);
    if (erase_runs(q, e, id, whole) && whole) {
        json_t *erased = nf_person_erase(e->person, body, true, &count);
        e->events++;
        e->texts += (json_int_t)count;
        add_rewrite(e, id, false, erased, len);
        json_decref(erased);
    }
    json_decref(body);
}

static void ask_piece(nf_question *q)
{
    struct erasing *e = q->ctx;
    sqlite3_stmt *s = NULL;
    int64_t at = q->id;
    json_int_t seen = 0;
    uint64_t until_ns = nf_clock_ns() + (uint64_t)LOOK_FOR_MS * 1000000;
    int rc = SQLITE_DONE;
    if (nf_read_prepare(
            q->store,
            "SELECT id, body FROM event WHERE id > ?1 AND tenant = ?2 ORDER BY id LIMIT ?3", &s,
            &q->err)
        != NF_OK)
        return;
    sqlite3_bind_int64(s, 1, q->id);
    sqlite3_bind_text(s, 2, e->tenant, -1, SQLITE_STATIC);
    sqlite3_bind_int(s, 3, EVENTS_AT_A_TIME);
    while (e->count < REWRITES_AT_A_TIME && nf_clock_ns() < until_ns
           && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        at = sqlite3_column_int64(s, 0);
        seen++;
        erase_event(q, e, s);
    }
    bool all = rc == SQLITE_DONE && seen < EVENTS_AT_A_TIME && e->count < REWRITES_AT_A_TIME
               && nf_clock_ns() < until_ns;
    nf_read_finish(q->store, s, rc == SQLITE_ROW ? SQLITE_DONE : rc, &q->err);
    q->rows = json_pack("{s:I, s:I, s:I, s:I, s:O}", "looked_at", seen, "events", e->events, "runs",
                        e->runs, "texts", e->texts, "open", e->open);
    if (!all)
        json_object_set_new(q->rows, "next", json_integer(at));
}

/* ---- on the store's thread: write ---- */

static nf_status apply_rewrites(nf_database *db, const nf_write *w, nf_error *err)
{
    const struct erasing *e = w->of.any;
    sqlite3_stmt *event = NULL, *run = NULL;
    nf_status status =
        nf_tend_prepare(db, "UPDATE event SET body = ?2 WHERE id = ?1 AND body <> ''", &event, err);
    if (status == NF_OK)
        status = nf_tend_prepare(db, "UPDATE run_detail SET detail = ?2 WHERE run = ?1", &run, err);
    const struct rewrite *r;
    LL_FOREACH (e->rewrites, r) {
        if (status != NF_OK || !r->text)
            continue;
        sqlite3_stmt *s = r->is_run ? run : event;
        sqlite3_bind_int64(s, 1, r->id);
        sqlite3_bind_text64(s, 2, r->text, r->len, SQLITE_STATIC, SQLITE_UTF8);
        status = nf_tend_run(db, s, err);
        if (status == NF_OK && sqlite3_changes(db->writer))
            nf_history_count(db, e->tenant, r->len - r->before); /* modulo 2^64: it may shrink */
    }
    sqlite3_finalize(event);
    sqlite3_finalize(run);
    return status;
}

/* ---- on the loop ---- */

static void finish(struct erasing *e, const nf_error *err)
{
    struct rewrite *r, *next;
    json_t *rows = e->answer_rows;
    if (err) {
        json_decref(rows);
        rows = NULL;
    }
    e->answer(e->ctx, rows, err);
    LL_FOREACH_SAFE (e->rewrites, r, next) {
        free(r->text);
        free(r);
    }
    json_decref(e->open);
    free(e->tenant);
    free(e);
}

static void on_written(void *ctx, const nf_error *err)
{
    finish(ctx, err);
}

static void on_piece(void *ctx, json_t *rows, const nf_error *err)
{
    struct erasing *e = ctx;
    e->answer_rows = rows;
    if (err || e->dry_run || !e->rewrites)
        finish(e, err);
    else
        nf_store_enqueue(e->store, apply_rewrites, on_written, e)->of.any = e;
}

void nf_store_erase(nf_store *store, const char *tenant, const nf_person *person, int64_t after,
                    bool dry_run, nf_store_answer *answer, void *ctx)
{
    struct erasing *e = nf_alloc(sizeof *e);
    e->store = store;
    e->tenant = nf_strdup(tenant);
    e->person = person;
    e->dry_run = dry_run;
    e->open = json_array();
    e->answer = answer;
    e->ctx = ctx;
    nf_question asked = {.id = after};
    nf_question_ask(store, ask_piece, &asked, on_piece, e);
}
