/* SPDX-License-Identifier: Apache-2.0 */
/* csv_text.h: the bytes of a text file as UTF-8. */
#ifndef NF_READER_CSV_TEXT_H
#define NF_READER_CSV_TEXT_H

#include "nf/error.h"

#include <stddef.h>

/**
 * UTF-8 with or without mark, UTF-16 with mark or recognised by its zero bytes, else Windows-1252
 * (what Excel writes as "CSV" in Western Europe). `*text` is owned by the caller. The error says
 * what the file is when it is no text.
 */
nf_status nf_csv_text(const char *bytes, size_t len, const char *name, char **text,
                      size_t *text_len, nf_error *err);

#endif
