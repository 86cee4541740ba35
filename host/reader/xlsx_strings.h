/* SPDX-License-Identifier: Apache-2.0 */
/* xlsx_strings.h: the table of texts that the cells of a workbook share. */
#ifndef NF_READER_XLSX_STRINGS_H
#define NF_READER_XLSX_STRINGS_H

#include "reader/xlsx_part.h"

/** Text number i is bytes[start[i]] to bytes[start[i + 1]]. */
typedef struct nf_strings {
    char *bytes;
    uint32_t *start;
    size_t len, capacity, count, starts;
} nf_strings;

/** Read the part; phonetic readings are left out. */
nf_status nf_strings_read(nf_strings *strings, nf_archive *archive, const char *path,
                          nf_error *err);

/** Text number `index`, or NULL when there is none. Borrowed. */
const char *nf_strings_get(const nf_strings *strings, unsigned long index, size_t *len);

/** Free everything. */
void nf_strings_release(nf_strings *strings);

#endif
