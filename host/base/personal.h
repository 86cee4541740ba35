/* SPDX-License-Identifier: Apache-2.0 */
/*
 * personal.h: finding one person's telephone number and e-mail address in JSON, and putting a mark in their place.
 *
 * Fields are of two classes: personal (a customer's names, numbers, addresses, context parameters: the table in
 * personal.c) and all others. Where the person is found, the values of personal fields go whole; in any other text only
 * the number or address goes. No locks: everything may be used on any thread.
 */
#ifndef NF_BASE_PERSONAL_H
#define NF_BASE_PERSONAL_H

#include "base/phone.h"
#include "base/strbuf.h"
#include "nf/error.h"

#include <jansson.h>

typedef struct nf_person {
    char number[NF_PHONE_TEXT]; /* E.164, or "" */
    char *email;                /* or NULL */
    char *country;              /* where numbers without one belong */
    char mark[32];              /* "[erased 2026-11-25]" */
} nf_person;

/** Is a field of this name personal? Case does not count. */
bool nf_is_personal(const char *field);

/** Every name of the class, ends with NULL. Static. */
const char *const *nf_personal_fields(void);

/** Who is meant; one of number and email may be NULL. The error says which is none. */
nf_status nf_person_init(nf_person *person, const char *number, const char *email,
                         const char *country, int64_t now_ms, nf_error *err);

/** Free what it holds. */
void nf_person_release(nf_person *person);

/** Can the text hold the person's number or address? Quick; false is certain. */
bool nf_person_may_be_in(const nf_person *person, const char *text, size_t len);

/** Write `text` with the mark in place of the number and the address; true when there was one. */
bool nf_person_erase_text(const nf_person *person, const char *text, nf_strbuf *out);

/** Does any text or key in the value hold the person? */
bool nf_person_in(const nf_person *person, const json_t *value);

/**
 * The value without the person: a new reference. `whole`: all values of personal fields go too. `count` grows by the
 * texts that were changed.
 */
json_t *nf_person_erase(const nf_person *person, const json_t *value, bool whole, size_t *count);

#endif
