/* SPDX-License-Identifier: Apache-2.0 */
/* world.c: see world.h. */
#include "world.h"

static void make_folder_place(char place[UNIT_PATH])
{
    char parent[UNIT_PATH];
    make_folder(parent);
    snprintf(place, UNIT_PATH, "%.200s/data", parent); /* the store makes it */
}

static void remove_folder_place(const char *place)
{
    char parent[UNIT_PATH];
    snprintf(parent, sizeof parent, "%s", place);
    *strrchr(parent, '/') = '\0';
    remove_folder(parent);
}

const engine sqlite_engine = {make_folder_place, remove_folder_place, nf_store_open};

static void open_store(world *w)
{
    nf_error err = {0};
    if (w->engine->open(&w->loop, w->place, &w->store, &err) != NF_OK)
        fail_msg("%s", err.text);
}

static void on_time_over(void *ctx)
{
    (void)ctx;
    abort();
}

world *world_open(const engine *kind)
{
    world *w = calloc(1, sizeof *w);
    w->engine = kind;
    kind->make_place(w->place);
    assert_int_equal(NF_OK, nf_loop_open(&w->loop, NULL));
    w->alive = nf_timer_new(&w->loop, on_time_over, w);
    nf_timer_start(w->alive, 100000, 0);
    open_store(w);
    return w;
}

void world_close(world *w)
{
    nf_store_close(w->store);
    nf_timer_close(w->alive);
    nf_loop_close(&w->loop);
    w->engine->remove_place(w->place);
    json_decref(w->rows);
    free(w);
}

void world_restart(world *w)
{
    nf_store_close(w->store);
    open_store(w);
}

void world_done(void *ctx, const nf_error *err)
{
    world *w = ctx;
    *(err ? &w->failed : &w->durable) += 1;
    if (err)
        w->error = *err;
    if (w->durable + w->failed == w->wanted)
        nf_loop_stop(&w->loop);
}

void world_wait(world *w, unsigned writes)
{
    w->wanted = w->durable + w->failed + writes;
    nf_loop_run(&w->loop);
}

static void on_rows(void *ctx, json_t *rows, const nf_error *err)
{
    world *w = ctx;
    if (err)
        fail_msg("%s", err->text);
    json_decref(w->rows);
    json_t *list = json_object_get(rows, "runs");
    w->rows = list ? json_incref(list) : json_incref(rows);
    json_decref(rows);
    nf_loop_stop(&w->loop);
}

json_t *world_query(world *w, nf_run_query query)
{
    nf_store_query_runs(w->store, &query, on_rows, w);
    nf_loop_run(&w->loop);
    return w->rows;
}

json_t *world_run(world *w, int64_t run)
{
    nf_store_query_run(w->store, run, on_rows, w);
    nf_loop_run(&w->loop);
    return w->rows;
}

nf_event_row event_row(int64_t id, const char *body)
{
    nf_event_row row = {
        .id = id, .tenant = "acme", .subscription = 7, .trigger = "a.on", .received_ms = 1000 + id};
    row.body = body;
    row.len = strlen(body);
    nf_sha256(body, row.len, row.hash);
    return row;
}

nf_run_row run_row(int64_t id, int64_t event)
{
    return (nf_run_row){.id = id,
                        .event = event,
                        .tenant = "acme",
                        .handler = "h",
                        .file = "flows/h.lua",
                        .version = {1}};
}

nf_run_end end_row(int64_t run, nf_outcome outcome, const char *detail)
{
    return (nf_run_end){.id = run,
                        .tenant = "acme",
                        .outcome = outcome,
                        .started_ms = 1,
                        .ended_ms = 2,
                        .attempts = 1,
                        .detail = detail,
                        .len = strlen(detail)};
}
