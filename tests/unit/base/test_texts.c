/* SPDX-License-Identifier: Apache-2.0 */
/* test_texts.c: the small helpers for texts: buffers, errors, suggestions, addresses, percent encoding, secrets. */
#include "base/address.h"
#include "base/percent.h"
#include "base/secret.h"
#include "base/strbuf.h"
#include "base/suggest.h"

#include "unit.h"

#include <sys/stat.h>

static void buffer_keeps_its_limit(void **state)
{
    (void)state;
    nf_strbuf sb = nf_strbuf_new(10);
    assert_string_equal("", nf_strbuf_text(&sb));
    assert_true(nf_strbuf_puts(&sb, "12345"));
    assert_true(nf_strbuf_addf(&sb, "%d", 678));
    assert_false(nf_strbuf_puts(&sb, "too long"));
    assert_false(nf_strbuf_puts(&sb, "9"));
    assert_true(sb.overflow);
    assert_string_equal("12345678", nf_strbuf_text(&sb));
    nf_strbuf_clear(&sb);
    assert_true(nf_strbuf_puts(&sb, "1234567890"));
    assert_false(nf_strbuf_addf(&sb, "%s", "x"));
    nf_strbuf_release(&sb);
    assert_true(nf_strbuf_add(&sb, "\0a", 2));
    assert_int_equal(2, sb.len);
    char *taken = nf_strbuf_take(&sb);
    assert_memory_equal("\0a", taken, 3);
    free(taken);
    taken = nf_strbuf_take(&sb);
    assert_string_equal("", taken);
    free(taken);
}

static void buffer_shifts_and_quotes(void **state)
{
    (void)state;
    nf_strbuf sb = nf_strbuf_new(100);
    nf_strbuf_puts(&sb, "abcdef");
    nf_strbuf_shift(&sb, 4);
    assert_string_equal("ef", nf_strbuf_text(&sb));
    nf_strbuf_shift(&sb, 2);
    assert_string_equal("", nf_strbuf_text(&sb));
    assert_true(nf_strbuf_add_json(&sb, "a\"\n\xff", 4));
    assert_string_equal("\"a\\\"\\n\xef\xbf\xbd\"", nf_strbuf_text(&sb));
    nf_strbuf_clear(&sb);
    assert_true(nf_strbuf_add_u64(&sb, UINT64_MAX));
    assert_true(nf_strbuf_add_u64(&sb, 0));
    assert_string_equal("184467440737095516150", nf_strbuf_text(&sb));
    assert_false(nf_strbuf_reserve(&sb, 1000));
    nf_strbuf_release(&sb);
}

static void first_error_wins(void **state)
{
    (void)state;
    nf_error err = {0};
    nf_error_prefix(&err, "before");
    assert_int_equal(NF_OK, err.status);
    assert_int_equal(NF_E_ARG, nf_error_set(&err, NF_E_ARG, "first %d", 1));
    assert_int_equal(NF_E_IO, nf_error_set(&err, NF_E_IO, "second"));
    assert_int_equal(NF_E_ARG, err.status);
    nf_error_prefix(&err, "file %s", "x");
    assert_string_equal("file x: first 1", err.text);
    char prefix[2 * NF_ERROR_TEXT];
    memset(prefix, 'p', sizeof prefix);
    prefix[sizeof prefix - 1] = '\0';
    nf_error_prefix(&err, "%s", prefix);
    assert_int_equal(NF_ERROR_TEXT - 1, strlen(err.text));
    assert_int_equal(NF_E_IO, nf_error_set(NULL, NF_E_IO, "nobody listens"));
    assert_string_equal("ok", nf_status_kind(NF_OK));
    assert_string_equal("not-found", nf_status_kind(NF_E_NOT_FOUND));
    assert_string_equal(nf_status_kind(NF_E_PROTOCOL), nf_status_kind((nf_status)12345));
    assert_true(nf_status_retryable(NF_E_UNREACHABLE));
    assert_false(nf_status_retryable(NF_E_ARG));
}

static void suggestions(void **state)
{
    (void)state;
    static const char *const names[] = {"services", "events", "modalities", "directions", NULL};
    static const char *const none[] = {NULL};
    nf_error err = {0};
    assert_string_equal("services", nf_suggest("servces", names));
    assert_string_equal("services", nf_suggest("SERVICES", names));
    assert_string_equal("events", nf_suggest("evnets", names));
    assert_string_equal("modalities", nf_suggest("modalitys", names));
    assert_null(nf_suggest("x", names));
    assert_null(nf_suggest("", names));
    assert_null(nf_suggest("services", none));
    assert_int_equal(0, nf_word_distance("Abc", "aBC"));
    assert_int_equal(1, nf_word_distance("ab", "ba"));
    assert_int_equal(3, nf_word_distance("", "abc"));
    char word[100];
    memset(word, 'a', 99);
    word[99] = '\0';
    assert_true(nf_word_distance(word, "a") >= 99);
    nf_suggest_error(&err, NF_E_ARG, "field", "evets", names);
    assert_string_equal("unknown field 'evets'; did you mean 'events'?", err.text);
    err = (nf_error){0};
    nf_suggest_error(&err, NF_E_ARG, "field", "zzz", names);
    assert_string_equal("unknown field 'zzz'; known: services, events, modalities, directions",
                        err.text);
}

static void addresses(void **state)
{
    (void)state;
    char host[16];
    int port;
    assert_int_equal(NF_OK, nf_address_split("127.0.0.1:8080", host, sizeof host, &port, NULL));
    assert_string_equal("127.0.0.1", host);
    assert_int_equal(8080, port);
    assert_int_equal(NF_OK, nf_address_split("[::1]:0", host, sizeof host, &port, NULL));
    assert_string_equal("::1", host);
    static const char *const bad[] = {"",
                                      ":",
                                      ":80",
                                      "host",
                                      "host:",
                                      "host:x",
                                      "host:80x",
                                      "host:-1",
                                      "host:65536",
                                      "[]:80",
                                      "a-very-long-host-name:80",
                                      "host: 80",
                                      "host:+80"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (nf_address_split(bad[i], host, sizeof host, &port, NULL) == NF_OK)
            fail_msg("'%s' was taken", bad[i]);
    }
    assert_true(nf_address_is_loopback("127.1.2.3"));
    assert_true(nf_address_is_loopback("::1"));
    assert_true(nf_address_is_loopback("localhost"));
    assert_false(nf_address_is_loopback("128.0.0.1"));
    assert_false(nf_address_is_loopback("127.0.0.1.example.com"));
    assert_false(nf_address_is_loopback("localhost.example.com"));
}

static void urls(void **state)
{
    (void)state;
    static const char *const good[] = {"https://api.example.com",
                                       "https://api.example.com:8443/base", "http://127.0.0.1:80",
                                       "http://[::1]:80/x", "http://localhost"};
    static const char *const bad[] = {"",
                                      "https://",
                                      "https:///x",
                                      "ftp://127.0.0.1",
                                      "http://api.example.com",
                                      "http://127.0.0.1@example.com",
                                      "http://127.0.0.1.example.com",
                                      "http://localhost:80@example.com/",
                                      "https://user:word@example.com",
                                      "https://example.com/#x",
                                      "http://[::1",
                                      "http://example.com/?127.0.0.1",
                                      "HTTP://127.0.0.1",
                                      "http://example.com\\@127.0.0.1",
                                      "http://127.0.0.1\\@example.com",
                                      "https://exa mple.com",
                                      "https://example.com/\r\nX: y"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(NF_OK, nf_url_check(good[i], NULL));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (nf_url_check(bad[i], NULL) == NF_OK)
            fail_msg("'%s' was taken", bad[i]);
    }
}

static void percent(void **state)
{
    (void)state;
    nf_strbuf sb = nf_strbuf_new(100);
    assert_true(nf_percent_encode(&sb, "aZ09-._~ /?&=%+\xc3\xbc"));
    assert_string_equal("aZ09-._~%20%2F%3F%26%3D%25%2B%C3%BC", nf_strbuf_text(&sb));
    char *text = nf_strbuf_take(&sb);
    assert_int_equal(17, nf_percent_decode(text));
    assert_string_equal("aZ09-._~ /?&=%+\xc3\xbc", text);
    free(text);
    static const char *const bad[] = {"%", "%2", "%zz", "%00", "a%0", "%-1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char copy[8];
        snprintf(copy, sizeof copy, "%s", bad[i]);
        assert_int_equal(-1, nf_percent_decode(copy));
    }
    char plus[] = "a+b";
    assert_int_equal(3, nf_percent_decode(plus));
    assert_string_equal("a+b", plus);
}

static void secrets(void **state)
{
    (void)state;
    char a[NF_SECRET_TEXT], b[NF_SECRET_TEXT], uuid[NF_UUID_TEXT], hex[2 * NF_SHA256_SIZE + 1];
    uint8_t hash[NF_SHA256_SIZE];
    assert_int_equal(43, strlen(nf_secret_new(a)));
    assert_string_not_equal(a, nf_secret_new(b));
    assert_int_equal(43,
                     strspn(a, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"));
    assert_true(nf_secret_equal(a, 43, a, 43));
    assert_false(nf_secret_equal(a, 43, b, 43));
    assert_false(nf_secret_equal(a, 43, a, 42));
    assert_true(nf_secret_equal("", 0, "", 0));
    assert_int_equal(36, strlen(nf_uuid_new(uuid)));
    assert_int_equal('4', uuid[14]);
    nf_sha256("abc", 3, hash);
    assert_string_equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                        nf_hex(hash, sizeof hash, hex));
    nf_secret_wipe(a, sizeof a);
    assert_int_equal(0, a[0] | a[42]);
}

static void secret_files(void **state)
{
    (void)state;
    char folder[UNIT_PATH], path[UNIT_PATH + 8], *secret = NULL;
    nf_error err = {0};
    make_folder(folder);
    snprintf(path, sizeof path, "%s/token", folder);
    assert_int_not_equal(NF_OK, nf_secret_read(path, &secret, &err));
    assert_contains(err.text, "No such file");
    write_file(path, "secret\r\nmore\n");
    chmod(path, 0640);
    err = (nf_error){0};
    assert_int_not_equal(NF_OK, nf_secret_read(path, &secret, &err));
    assert_contains(err.text, "chmod 600");
    chmod(path, 0600);
    assert_int_equal(NF_OK, nf_secret_read(path, &secret, NULL));
    assert_string_equal("secret", secret);
    free(secret);
    write_file(path, "\nsecond line\n");
    assert_int_not_equal(NF_OK, nf_secret_read(path, &secret, NULL));
    write_file(path, "");
    assert_int_not_equal(NF_OK, nf_secret_read(path, &secret, NULL));
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buffer_keeps_its_limit),
        cmocka_unit_test(buffer_shifts_and_quotes),
        cmocka_unit_test(first_error_wins),
        cmocka_unit_test(suggestions),
        cmocka_unit_test(addresses),
        cmocka_unit_test(urls),
        cmocka_unit_test(percent),
        cmocka_unit_test(secrets),
        cmocka_unit_test(secret_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
