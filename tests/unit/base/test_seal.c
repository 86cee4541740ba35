/* SPDX-License-Identifier: Apache-2.0 */
/* test_seal.c: what is sealed opens with its key at its place, and nowhere else; base64url as RFC 4648 has it. */
#include "base/alloc.h"
#include "base/seal.h"
#include "base/secret.h"
#include "unit.h"

#include <stdlib.h>

static const char text[] = "a refresh token";

static uint8_t *seal(uint8_t key[NF_SEAL_KEY], size_t *len)
{
    nf_error err = {0};
    assert_int_equal(NF_OK,
                     nf_seal_key_from("0123456789abcdef0123456789abcdef", "here", key, &err));
    return nf_seal(key, "acme\nnimbus", text, strlen(text), len);
}

static void opens_again(void **state)
{
    uint8_t key[NF_SEAL_KEY];
    size_t len, n, other_len;
    char *out = NULL;
    uint8_t *sealed = seal(key, &len), *other = seal(key, &other_len);
    (void)state;
    assert_int_equal(strlen(text) + NF_SEAL_OVERHEAD, len);
    assert_memory_not_equal(sealed, other, len); /* a nonce of its own each */
    assert_int_equal(NF_OK, nf_unseal(key, "acme\nnimbus", sealed, len, &out, &n, NULL));
    assert_int_equal(strlen(text), n);
    assert_string_equal(text, out);
    free(out);
    free(other);
    free(sealed);
}

static void opens_nowhere_else(void **state)
{
    uint8_t key[NF_SEAL_KEY], wrong[NF_SEAL_KEY] = {1};
    size_t len, n;
    char *out = NULL;
    nf_error err = {0};
    uint8_t *sealed = seal(key, &len);
    (void)state;
    assert_int_equal(NF_E_DENIED, nf_unseal(key, "acme\nother", sealed, len, &out, &n, &err));
    assert_int_equal(NF_E_DENIED, nf_unseal(wrong, "acme\nnimbus", sealed, len, &out, &n, NULL));
    for (size_t i = 0; i < len; i++) {
        sealed[i] ^= 1;
        assert_int_equal(NF_E_DENIED, nf_unseal(key, "acme\nnimbus", sealed, len, &out, &n, NULL));
        sealed[i] ^= 1;
    }
    for (size_t i = 0; i < len; i++)
        assert_int_equal(NF_E_DENIED, nf_unseal(key, "acme\nnimbus", sealed, i, &out, &n, NULL));
    assert_null(out);
    assert_contains(err.text, "the key is not the one it was encrypted with");
    free(sealed);
}

static void a_short_key(void **state)
{
    uint8_t key[NF_SEAL_KEY];
    nf_error err = {0};
    (void)state;
    assert_int_equal(NF_E_CONFIG, nf_seal_key_from("password", "data/key", key, &err));
    assert_contains(err.text, "data/key: a key of at least 32 random characters");
}

static void base64url(void **state)
{
    static const char *const pairs[][2] = {
        {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xff\xfe\xfd", "__79"}};
    char out[32];
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        size_t n = strlen(pairs[i][0]);
        assert_string_equal(pairs[i][1], nf_base64url((const uint8_t *)pairs[i][0], n, out));
        assert_int_equal(n, nf_base64url_decode(pairs[i][1], strlen(pairs[i][1]), out));
        assert_string_equal(pairs[i][0], out);
    }
    assert_int_equal(-1, nf_base64url_decode("A", 1, out));
    assert_int_equal(-1, nf_base64url_decode("Zg==", 4, out));
    assert_int_equal(-1, nf_base64url_decode("a/b+", 4, out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_again),
        cmocka_unit_test(opens_nowhere_else),
        cmocka_unit_test(a_short_key),
        cmocka_unit_test(base64url),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
