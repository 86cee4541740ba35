/* layer: base */
/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_zone.c: any bytes as a TZif file; what is read is asked around its changes and far away. */
#include "base/zone.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const nf_zone *zone, int64_t at)
{
    nf_local local = nf_zone_local(zone, at + nf_zone_offset(zone, at, NULL));
    if (local.first > local.second
        || (local.kind == NF_LOCAL_TWICE) != (local.first < local.second))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nf_error err = {0};
    nf_zone *zone = nf_zone_parse(data, size, "fuzz", &err);
    if (!zone)
        return err.status == NF_E_PARSE ? 0 : (abort(), 0);
    static const int64_t FAR[] = {INT64_MIN, -62135596800, 0, 4102444800, 253402300799, INT64_MAX};
    for (size_t i = 0; i < sizeof FAR / sizeof *FAR; i++)
        nf_zone_local(zone, FAR[i]);
    int64_t at = INT64_MIN;
    for (int i = 0; i < 40 && (at = nf_zone_change(zone, at)) < 4102444800; i++)
        if (at > -62135596800)
            ask(zone, at);
    nf_zone_close(zone);
    return 0;
}
