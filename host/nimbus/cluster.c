/* SPDX-License-Identifier: Apache-2.0 */
/* cluster.c: see cluster.h. The addresses are those of the published connector's locations. */
#include "nimbus/cluster.h"

#include "base/macros.h"
#include "base/suggest.h"

#include <stddef.h>
#include <string.h>

static const char *const clusters[] = {
    "https://api.luware.cloud",           "https://api.ch-02.luware.cloud",
    "https://api.de-01.luware.cloud",     "https://api.de-02.luware.cloud",
    "https://api.uk-01.luware.cloud",     "https://api.eu-01.luware.cloud",
    "https://api.innovator.luware.cloud", NULL,
};

/* Near by single letters; "dewe-01", as the portals are called, is far from "de-01" by them. */
static const char *by_portal_name(const char *address)
{
    static const char *const names[][2] = {
        {"dewe-01", "https://api.de-01.luware.cloud"},
        {"dewe-02", "https://api.de-02.luware.cloud"},
        {"ukso-01", "https://api.uk-01.luware.cloud"},
        {"euwe-01", "https://api.eu-01.luware.cloud"},
        {"ch-01", "https://api.luware.cloud"},
    };
    for (size_t i = 0; i < NF_COUNT(names); i++) {
        if (strstr(address, names[i][0]) && strstr(address, "luware.cloud"))
            return names[i][1];
    }
    return NULL;
}

const char *nf_cluster_meant(const char *address)
{
    for (const char *const *c = clusters; *c; c++) {
        if (strcmp(*c, address) == 0)
            return NULL;
    }
    const char *meant = by_portal_name(address);
    return meant ? meant : nf_suggest(address, clusters);
}
