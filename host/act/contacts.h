/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contacts.h: the contacts of an address book, looked up by any of their fields.
 *
 * The API has no search, so the answer with the whole book stays in memory as the text it came as, and an index of a
 * field is made when the field is first asked for: once per answer, away from the loop when the book is large. Values
 * are the same as in lists (act/lists_key.h): telephone numbers as E.164, other text without regard to case.
 */
#ifndef NF_ACT_CONTACTS_H
#define NF_ACT_CONTACTS_H

#include "loop/loop.h"
#include "nf/error.h"

#include <jansson.h>

enum { NF_CONTACTS_MAX = 200000, NF_CONTACT_KEYS_MAX = 2000000 };

/** The text of an answer and when it came. */
typedef struct nf_answer {
    char *text;
    size_t len;
    uint64_t at_ns;
    int refs;
} nf_answer;

/** An answer that came now; `text` is copied. A new reference. */
nf_answer *nf_answer_new(const char *text, size_t len);
nf_answer *nf_answer_ref(nf_answer *answer);

/** One user less; the last one frees. NULL is allowed. */
void nf_answer_unref(nf_answer *answer);
uint64_t nf_answer_age_ms(const nf_answer *answer);

typedef struct nf_contacts nf_contacts;
typedef struct nf_contacts_wait nf_contacts_wait;

/** The contacts in an answer: a list of objects, as GET …/contacts gives it. A new reference. */
nf_contacts *nf_contacts_new(nf_loop *loop, nf_answer *answer, const char *country);
nf_contacts *nf_contacts_ref(nf_contacts *contacts);

/** One user less; the last one frees. NULL is allowed. */
void nf_contacts_unref(nf_contacts *contacts);

/** The first contact with the value (NULL: none), in the order of the book, as JSON text; how many have it. */
typedef void nf_contacts_done(void *ctx, const nf_error *err, const char *contact, size_t len,
                              size_t matches);

/**
 * Look up a contact: `field` is a field that is a text or a list of texts, or "phones" for all telephone numbers.
 * `done` is called inside and NULL returned when the index is there or the book is small; else the wait is valid until
 * `done`.
 */
nf_contacts_wait *nf_contacts_find(nf_contacts *contacts, const char *field, const json_t *value,
                                   nf_contacts_done *done, void *ctx);

/** Do not call `done` any more. */
void nf_contacts_forget(nf_contacts_wait *wait);

#endif
