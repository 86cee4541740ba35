/* SPDX-License-Identifier: Apache-2.0 */
/* test_cluster.c: what a mistyped address of a cluster was meant to be. */
#include "nimbus/cluster.h"

#include "unit.h"

static void meant(void **state)
{
    static const char *const pairs[][2] = {
        {"https://api.luwaer.cloud", "https://api.luware.cloud"},
        {"https://api.de-1.luware.cloud", "https://api.de-01.luware.cloud"},
        {"https://portal.dewe-01.luware.cloud", "https://api.de-01.luware.cloud"},
        {"https://api.ch-01.luware.cloud", "https://api.luware.cloud"},
    };
    static const char *const fine[] = {"https://api.luware.cloud",
                                       "https://api.innovator.luware.cloud",
                                       "http://127.0.0.1:8800", "https://nimbus.contoso.example"};
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        assert_string_equal(pairs[i][1], nf_cluster_meant(pairs[i][0]));
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
        assert_null(nf_cluster_meant(fine[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(meant)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
