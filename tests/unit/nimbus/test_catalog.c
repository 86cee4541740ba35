/* SPDX-License-Identifier: Apache-2.0 */
/* test_catalog.c: values and display names; a small server on loopback lists them. */
#include "net/http_server.h"
#include "nimbus/catalog.h"

#include "unit.h"

#include <sys/stat.h>

static const nf_filter filters[] = {
    {"services", "service", "services", "/services", true, "services", NULL},
    {"events", "event", "events", "/events", true, "events", NULL},
    {0},
};
static const nf_trigger trigger = {
    .abi = NF_BINDING_ABI, .name = "a.on", .doc = "Comes.", .filters = filters};
static const nf_trigger *const triggers[] = {&trigger, NULL};

struct world {
    nf_loop loop;
    nf_http_server *server;
    nf_http_client *client;
    nf_nimbus *nimbus;
    nf_sign_in *sign_in;
    nf_catalog *catalog;
    char folder[UNIT_PATH];
    bool broken;
    nf_error error;
    unsigned ended;
};

static void on_request(nf_http_exchange *x, void *ctx)
{
    const struct world *w = ctx;
    const char *events = w->broken ? "{\"not\":\"a list\"}"
                                   : "[{\"name\":\"System Accepted\",\"value\":\"SystemAccepted\"},"
                                     "{\"value\":\"Queued\"},{\"name\":\"no value\"},7]";
    bool services = strcmp(nf_http_path(x), "/services") == 0;
    const char *text =
        services ? "[\"support@contoso.example\",\"sales@contoso.example\"]" : events;
    nf_http_answer(x, 200, "application/json", NULL, text, strlen(text));
}

static void on_fetched(void *ctx, const nf_error *err)
{
    struct world *w = ctx;
    w->ended++;
    w->error = err ? *err : (nf_error){0};
    nf_loop_stop(&w->loop);
}

static void fetch(struct world *w)
{
    nf_catalog_fetch(w->catalog, triggers, on_fetched, w);
    nf_loop_run(&w->loop);
}

static int open_world(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    char path[UNIT_PATH + 8], cluster[64];
    nf_error err = {0};
    make_folder(w->folder);
    snprintf(path, sizeof path, "%s/token", w->folder);
    write_file(path, "secret\n");
    chmod(path, 0600);
    assert_int_equal(NF_OK, nf_loop_open(&w->loop, &err));
    assert_int_equal(
        NF_OK, nf_http_server_open(&w->loop, "127.0.0.1:0", NULL, on_request, w, &w->server, &err));
    assert_int_equal(NF_OK, nf_http_client_open(&w->loop, 4, &w->client, &err));
    snprintf(cluster, sizeof cluster, "http://127.0.0.1:%d", nf_http_server_port(w->server));
    nf_nimbus_options options = {.tenant = "test", .cluster = cluster, .request_ms = 10000};
    assert_int_equal(NF_OK, nf_sign_in_from_file(&w->loop, "test", path, &w->sign_in, &err));
    w->nimbus = nf_nimbus_new(&w->loop, w->client, &options);
    nf_nimbus_use(w->nimbus, w->sign_in);
    w->catalog = nf_catalog_new(w->nimbus);
    *state = w;
    return 0;
}

static int close_world(void **state)
{
    struct world *w = *state;
    nf_catalog_free(w->catalog);
    nf_nimbus_close(w->nimbus);
    nf_sign_in_free(w->sign_in);
    nf_http_client_close(w->client);
    nf_http_server_close(w->server);
    nf_loop_close(&w->loop);
    remove_folder(w->folder);
    free(w);
    return 0;
}

static void resolves(void **state)
{
    struct world *w = *state;
    nf_error err = {0};
    fetch(w);
    assert_int_equal(NF_OK, w->error.status);
    assert_int_equal(2, nf_catalog_count(w->catalog, "/services"));
    assert_int_equal(2, nf_catalog_count(w->catalog, "/events"));
    assert_string_equal("sales@contoso.example", nf_catalog_value(w->catalog, "/services", 1));
    assert_null(nf_catalog_value(w->catalog, "/services", 2));
    assert_null(nf_catalog_value(w->catalog, "/other", 0));
    static const char *const spellings[] = {"SystemAccepted", "System Accepted", "system accepted",
                                            " SYSTEMACCEPTED "};
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++)
        assert_string_equal("SystemAccepted",
                            nf_catalog_resolve(w->catalog, "/events", "event", spellings[i], NULL));
    assert_string_equal("Queued",
                        nf_catalog_resolve(w->catalog, "/events", "event", "queued", NULL));
    assert_null(nf_catalog_resolve(w->catalog, "/events", "event", "SytemAccepted", &err));
    assert_string_equal("unknown event 'SytemAccepted'; did you mean 'SystemAccepted'?", err.text);
}

static void keeps_what_it_has(void **state)
{
    struct world *w = *state;
    fetch(w);
    w->broken = true;
    fetch(w);
    assert_int_equal(NF_E_PROTOCOL, w->error.status);
    assert_contains(w->error.text, "GET /events: a list of at most");
    assert_string_equal("Queued",
                        nf_catalog_resolve(w->catalog, "/events", "event", "Queued", NULL));
    w->broken = false;
    fetch(w);
    assert_int_equal(NF_OK, w->error.status);
    assert_int_equal(3, w->ended);
}

static void freed_under_way(void **state)
{
    struct world *w = *state;
    nf_catalog_fetch(w->catalog, triggers, on_fetched, w);
    nf_catalog_free(w->catalog);
    w->catalog = NULL;
    assert_int_equal(0, w->ended);
}

static void words(void **state)
{
    (void)state;
    assert_true(nf_words_alike("", ""));
    assert_true(nf_words_alike("", "   "));
    assert_true(nf_words_alike("System Accepted", "systemaccepted"));
    assert_true(nf_words_alike(" a b ", "A  B"));
    assert_false(nf_words_alike("ab", "abc"));
    assert_false(nf_words_alike("abc", "ab"));
    assert_false(nf_words_alike("a", ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(resolves, open_world, close_world),
        cmocka_unit_test_setup_teardown(keeps_what_it_has, open_world, close_world),
        cmocka_unit_test_setup_teardown(freed_under_way, open_world, close_world),
        cmocka_unit_test(words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
