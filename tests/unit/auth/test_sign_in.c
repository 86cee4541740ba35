/* SPDX-License-Identifier: Apache-2.0 */
/* test_sign_in.c: a sign-in's refreshes against a small identity server whose answers the test decides. */
#include "auth/sign_in.h"
#include "base/secret.h"
#include "net/http_server.h"

#include "unit.h"

struct world {
    nf_loop loop;
    nf_http_server *server;
    nf_http_client *client;
    nf_timer *pause;
    nf_oauth oauth;
    char authority[64];
    nf_sign_in *sign_in;
    int status;
    const char *answer;
    unsigned asked, told, tokens, changes;
    nf_error told_error;
    char form[2048], kept[4096];
    bool hold; /* what is to be kept is not durable yet */
    void (*on_kept)(void *wait, const nf_error *err);
    void *wait;
};

static void on_request(nf_http_exchange *x, void *ctx)
{
    struct world *w = ctx;
    size_t len;
    w->asked++;
    snprintf(w->form, sizeof w->form, "%s", nf_http_body(x, &len));
    nf_http_answer(x, w->status, "application/json", NULL, w->answer, strlen(w->answer));
}

static void keep(void *ctx, const char *secret, size_t len,
                 void (*kept)(void *wait, const nf_error *err), void *wait)
{
    struct world *w = ctx;
    snprintf(w->kept, sizeof w->kept, "%.*s", (int)len, secret);
    w->on_kept = kept;
    w->wait = wait;
    if (!w->hold)
        kept(wait, NULL);
    nf_loop_stop(&w->loop);
}

static void on_changed(void *ctx)
{
    struct world *w = ctx;
    w->changes++;
    nf_loop_stop(&w->loop);
}

static const nf_sign_in_owner owner = {keep, on_changed};

static void on_told(void *ctx, const nf_error *err)
{
    struct world *w = ctx;
    w->told++;
    w->tokens += !err;
    if (err)
        w->told_error = *err;
    nf_loop_stop(&w->loop);
}

static void on_pause(void *ctx)
{
    struct world *w = ctx;
    nf_loop_stop(&w->loop);
}

static int open_world(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    nf_error err = {0};
    assert_int_equal(NF_OK, nf_loop_open(&w->loop, &err));
    assert_int_equal(
        NF_OK, nf_http_server_open(&w->loop, "127.0.0.1:0", NULL, on_request, w, &w->server, &err));
    assert_int_equal(NF_OK, nf_http_client_open(&w->loop, 4, &w->client, &err));
    w->pause = nf_timer_new(&w->loop, on_pause, w);
    snprintf(w->authority, sizeof w->authority, "http://127.0.0.1:%d/x",
             nf_http_server_port(w->server));
    w->oauth = (nf_oauth){.loop = &w->loop,
                          .client = w->client,
                          .authority = w->authority,
                          .client_id = "the-client",
                          .scope = "s"};
    nf_tokens tokens = {strdup("access-1"), strdup("refresh-token-1"), 3600000, {0}};
    w->sign_in = nf_sign_in_new(&w->oauth, "test", &tokens, &owner, w);
    w->status = 200;
    *state = w;
    return 0;
}

static int close_world(void **state)
{
    struct world *w = *state;
    nf_sign_in_free(w->sign_in);
    nf_timer_close(w->pause);
    nf_http_client_close(w->client);
    nf_http_server_close(w->server);
    nf_loop_close(&w->loop);
    free(w);
    return 0;
}

/* Run until `*what` has reached `least`. */
static void run_until(struct world *w, const unsigned *what, unsigned least)
{
    for (int i = 0; i < 1000 && *what < least; i++) {
        nf_timer_start(w->pause, 10, 0);
        nf_loop_run(&w->loop);
    }
    assert_in_range(*what, least, 1000);
}

static uint64_t number_of(struct world *w)
{
    uint64_t number = 0;
    assert_non_null(nf_sign_in_token(w->sign_in, &number));
    return number;
}

#define GOOD                                                                                       \
    "{\"token_type\":\"Bearer\",\"access_token\":\"access-2\",\"expires_in\":3600,"                \
    "\"refresh_token\":\"refresh-token-2\"}"

static void one_refresh_for_all(void **state)
{
    struct world *w = *state;
    uint64_t before = number_of(w), after;
    w->answer = GOOD;
    assert_true(nf_sign_in_refused(w->sign_in, before));
    assert_true(nf_sign_in_refused(w->sign_in, before));
    assert_null(nf_sign_in_token(w->sign_in, &after));
    nf_sign_in_wait(w->sign_in, on_told, w);
    nf_token_wait_cancel(nf_sign_in_wait(w->sign_in, on_told, w));
    nf_sign_in_wait(w->sign_in, on_told, w);
    run_until(w, &w->told, 2);
    assert_int_equal(2, w->tokens);
    assert_int_equal(1, w->asked);
    assert_contains(w->form, "grant_type=refresh_token");
    assert_contains(w->form, "refresh_token=refresh-token-1");
    assert_string_equal("access-2", nf_sign_in_token(w->sign_in, &after));
    assert_true(nf_sign_in_refused(w->sign_in, before)); /* the old one: there is a newer */
    assert_false(
        nf_sign_in_refused(w->sign_in, after)); /* the new one, too: its age is not the reason */
    assert_int_equal(1, w->asked);
}

static void durable_before_it_is_used(void **state)
{
    struct world *w = *state;
    uint64_t number, before = number_of(w);
    w->answer = GOOD;
    w->hold = true;
    nf_sign_in_refused(w->sign_in, before);
    nf_sign_in_wait(w->sign_in, on_told, w);
    while (!w->wait)
        run_until(w, &w->asked, 1), nf_timer_start(w->pause, 10, 0), nf_loop_run(&w->loop);
    assert_contains(w->kept, "refresh-token-2");
    assert_null(nf_sign_in_token(w->sign_in, &number));
    assert_int_equal(0, w->told);
    w->on_kept(w->wait, NULL);
    run_until(w, &w->told, 1);
    assert_string_equal("access-2", nf_sign_in_token(w->sign_in, &number));
}

static void over_is_over(void **state)
{
    struct world *w = *state;
    uint64_t number;
    bool over;
    w->status = 400;
    w->answer =
        "{\"error\":\"invalid_grant\",\"error_description\":\"AADSTS70008: gone\\r\\nTrace ID: x\"}";
    nf_sign_in_refused(w->sign_in, number_of(w));
    nf_sign_in_wait(w->sign_in, on_told, w);
    run_until(w, &w->told, 1);
    assert_int_equal(NF_E_SIGN_IN, w->told_error.status);
    assert_contains(w->told_error.text, "expired or was revoked: AADSTS70008: gone");
    assert_null(strstr(w->told_error.text, "Trace"));
    assert_non_null(nf_sign_in_error(w->sign_in, &over));
    assert_true(over);
    assert_null(nf_sign_in_token(w->sign_in, &number));
    nf_sign_in_wait(w->sign_in, on_told, w);
    run_until(w, &w->told, 2);
    assert_int_equal(1, w->asked);
}

static void the_old_one_serves_while_the_server_fails(void **state)
{
    struct world *w = *state;
    bool over;
    w->status = 503;
    w->answer = "no JSON";
    nf_sign_in_refused(w->sign_in, number_of(w));
    nf_sign_in_wait(w->sign_in, on_told, w);
    run_until(w, &w->told, 1);
    assert_int_equal(1, w->tokens);
    assert_contains(nf_sign_in_error(w->sign_in, &over)->text, "503");
    assert_false(over);
    number_of(w);
    w->status = 200;
    w->answer = GOOD;
    run_until(w, &w->asked, 2); /* by itself */
}

static void hostile_answers(void **state)
{
    static const char *const answers[] = {
        "",
        "[]",
        "{\"access_token\":\"a\"}",
        "{\"access_token\":\"a\",\"expires_in\":-5}",
        "{\"access_token\":\"a b\",\"expires_in\":5}",
        "{\"access_token\":\"a\\r\\nX: y\",\"expires_in\":5}",
        "{\"access_token\":7,\"expires_in\":5}",
        "{\"access_token\":\"a\",\"refresh_token\":\"\",\"expires_in\":5}",
        "{\"access_token\":\"a\",\"token_type\":\"mac\",\"expires_in\":5}",
    };
    struct world *w = *state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        close_world(state);
        open_world(state);
        w = *state;
        w->answer = answers[i];
        nf_sign_in_refused(w->sign_in, number_of(w));
        nf_sign_in_wait(w->sign_in, on_told, w);
        run_until(w, &w->told, 1);
        assert_string_equal("", w->kept);
    }
}

static void what_was_sent_is_not_told(void **state)
{
    struct world *w = *state;
    w->status = 400;
    w->answer =
        "{\"error\":\"invalid_grant\",\"error_description\":\"do not like refresh-token-1 of you\"}";
    nf_sign_in_refused(w->sign_in, number_of(w));
    nf_sign_in_wait(w->sign_in, on_told, w);
    run_until(w, &w->told, 1);
    assert_null(strstr(w->told_error.text, "refresh-token-1"));
}

static void stored_and_loaded(void **state)
{
    struct world *w = *state;
    size_t len;
    uint64_t number;
    nf_sign_in *again = NULL;
    nf_error err = {0};
    char *secret = nf_sign_in_secret(w->sign_in, &len);
    assert_int_equal(NF_OK,
                     nf_sign_in_load(&w->oauth, "again", secret, len, &owner, w, &again, &err));
    assert_string_equal("access-1", nf_sign_in_token(again, &number));
    assert_in_range(nf_sign_in_left_ms(again), 3000000, 3600000);
    nf_sign_in_free(again);
    nf_secret_free(secret);
    assert_int_equal(NF_E_STORE,
                     nf_sign_in_load(&w->oauth, "again", "{}", 2, &owner, w, &again, &err));
}

static char *jwt(const char *claims)
{
    char *coded = malloc(strlen(claims) * 2 + 8), *token = malloc(strlen(claims) * 2 + 16);
    nf_base64url((const uint8_t *)claims, strlen(claims), coded);
    sprintf(token, "e30.%s.sig", coded);
    free(coded);
    return token;
}

static void claims(void **state)
{
    static const char *const none[] = {"", "opaque", "a.b", "a.!.c", "a.e30.c", "..", "a.W10.c"};
    char *token = jwt("{\"upn\":\"ada@x.example\",\"tid\":\"T\",\"oid\":\"O\"}");
    nf_claims c = nf_claims_read(token);
    (void)state;
    assert_string_equal("ada@x.example", c.upn);
    assert_string_equal("T", c.tid);
    assert_string_equal("O", c.oid);
    nf_claims_free(&c);
    free(token);
    token = jwt("{\"upn\":7,\"preferred_username\":\"bob@x.example\",\"tid\":\"a\\nb\"}");
    c = nf_claims_read(token);
    assert_string_equal("bob@x.example", c.upn);
    assert_null(c.tid);
    nf_claims_free(&c);
    free(token);
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        c = nf_claims_read(none[i]);
        assert_null(c.upn);
    }
}

int main(void)
{
#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)
    const struct CMUnitTest tests[] = {
        IN_WORLD(one_refresh_for_all), IN_WORLD(durable_before_it_is_used),
        IN_WORLD(over_is_over),        IN_WORLD(the_old_one_serves_while_the_server_fails),
        IN_WORLD(hostile_answers),     IN_WORLD(what_was_sent_is_not_told),
        IN_WORLD(stored_and_loaded),   cmocka_unit_test(claims),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
