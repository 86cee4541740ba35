/* SPDX-License-Identifier: Apache-2.0 */
/*
 * phone.h: telephone numbers as people write them, brought to E.164 ("+41791234567") so that they
 * can be compared.
 *
 * The numbering plans are those of libphonenumber. A number counts when its length is possible in
 * its plan; whether it is assigned is not asked. No allocation, no libc state.
 */
#ifndef NF_BASE_PHONE_H
#define NF_BASE_PHONE_H

#include <stdbool.h>
#include <stddef.h>

enum {
    NF_PHONE_TEXT = 24
}; /* '+', at most three digits of country, at most 17 of number, and a NUL */

/**
 * Read `text` as a telephone number and write it as E.164. `country` (ISO 3166-1, "CH") is where
 * numbers without a country code belong; NULL or an unknown one: only international numbers are
 * understood. Taken: "+41 79 123 45 67", "0041791234567", "+41 (0)79 ...", "079 123 45 67",
 * "791234567" (a number cell that lost its zero), "41791234567" and "4915112345678" (that lost its
 * plus), with the usual separators and the invisible marks that come with copying. False, with
 * `out` empty, for everything else, so for any text with letters in it.
 */
bool nf_phone_e164(const char *text, const char *country, char out[NF_PHONE_TEXT]);

/** The same for text that is not NUL-terminated. */
bool nf_phone_e164_bytes(const char *text, size_t len, const char *country,
                         char out[NF_PHONE_TEXT]);

/** Is this a country whose numbering plan is known? Upper case letters, "CH". */
bool nf_phone_country_known(const char *country);

#endif
