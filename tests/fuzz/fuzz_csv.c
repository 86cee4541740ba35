/* layer: reader */
/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_csv.c: any bytes as a .csv file; what is written is thrown away. */
#include "reader/reader.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static nf_output out;
    nf_error err = {0};
    out = (nf_output){.fd = -1};
    nf_read_csv((const char *)data, size, "fuzz.csv", &out, &err);
    nf_output_close(&out, &err);
    return 0;
}
