/* SPDX-License-Identifier: Apache-2.0 */
/* personal.c: see personal.h. */
#include "base/personal.h"

#include "base/alloc.h"
#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LEAST_DIGITS = 6, SUFFIX = 7, MOST_WORDS = 24, LONGEST_SPAN = 160, DEEPEST = 64 };

/* Of events and actions; a test holds this against the descriptors. */
static const char *const fields[] = {"customer",
                                     "customerIdentifier",
                                     "customContextParameters",
                                     "customCallContextParameters",
                                     "customFields",
                                     "firstName",
                                     "lastName",
                                     "displayName",
                                     "initials",
                                     "company",
                                     "department",
                                     "jobTitle",
                                     "email",
                                     "emailAddresses",
                                     "telNumbers",
                                     "primaryTelNumber",
                                     "mobilePhones",
                                     "homePhones",
                                     "businessPhones",
                                     "imAddress",
                                     "imAddresses",
                                     "addresses",
                                     "street",
                                     "streetAddress",
                                     "postalCode",
                                     "postCode",
                                     "city",
                                     "destination",
                                     "externalId",
                                     "externalIds",
                                     "ReferenceId",
                                     "subject",
                                     NULL};

const char *const *nf_personal_fields(void)
{
    return fields;
}

bool nf_is_personal(const char *field)
{
    for (size_t i = 0; fields[i]; i++) {
        if (strcasecmp(fields[i], field) == 0)
            return true;
    }
    return false;
}

/* ---- who ---- */

static bool is_address(const char *email)
{
    const char *at = strchr(email, '@');
    return at && at > email && at[1] && !strchr(at + 1, '@')
           && strcspn(email, " \t\r\n\"<>,;") == strlen(email);
}

nf_status nf_person_init(nf_person *person, const char *number, const char *email,
                         const char *country, int64_t now_ms, nf_error *err)
{
    char now[NF_TIME_TEXT];
    *person = (nf_person){.number = ""};
    if (!number && !email)
        return nf_error_set(err, NF_E_ARG, "a telephone number or an e-mail address is needed");
    if (number && !nf_phone_e164(number, country, person->number))
        return nf_error_set(err, NF_E_ARG, "'%s' is not a telephone number", number);
    if (email && !is_address(email))
        return nf_error_set(err, NF_E_ARG, "'%s' is not an e-mail address", email);
    person->email = nf_strdup(email);
    person->country = nf_strdup(country);
    nf_clock_text(now_ms, now);
    now[10] = '\0';
    memcpy(person->mark, "[erased ", 8);
    memcpy(person->mark + 8, now, 10);
    memcpy(person->mark + 18, "]", 2);
    return NF_OK;
}

void nf_person_release(nf_person *person)
{
    free(person->email);
    free(person->country);
}

/* ---- in a text ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* What may stand inside a number; bytes above 127 are blanks and marks that came with copying, or end it later. */
static bool is_separator(char c)
{
    return c == ' ' || c == '-' || c == '.' || c == '/' || c == '(' || c == ')' || c == '+'
           || (unsigned char)c >= 0x80;
}

/* Where the address begins that stands at `text` or behind it, or NULL. */
static const char *find_email(const char *email, const char *text)
{
    size_t n = email ? strlen(email) : 0;
    for (const char *at = text; n && (at = strcasestr(at, email)); at++) {
        bool begins = at == text || !(is_word(at[-1]) || strchr("._%+-", at[-1]));
        bool ends = !is_word(at[n]) && !(at[n] == '-' || (at[n] == '.' && is_word(at[n + 1])));
        if (begins && ends)
            return at;
    }
    return NULL;
}

/* The end of the stretch of digits and separators that begins here, without separators at its end. */
static const char *span_end(const char *text)
{
    const char *end = text;
    for (const char *p = text; is_digit(*p) || is_separator(*p); p++) {
        if (is_digit(*p))
            end = p + 1;
    }
    return end;
}

static bool is_number(const nf_person *person, const char *text, size_t len)
{
    char e164[NF_PHONE_TEXT];
    return nf_phone_e164_bytes(text, len, person->country, e164)
           && strcmp(e164, person->number) == 0;
}

/* The number in a stretch that may hold several: of its words the longest sequence that is it. False: none is. */
static bool number_in_span(const nf_person *person, const char *from, const char *end,
                           const char **at, size_t *len)
{
    const char *starts[MOST_WORDS], *ends[MOST_WORDS];
    size_t words = 0;
    for (const char *p = from; p < end && words < MOST_WORDS; words++) {
        starts[words] = p;
        while (p < end && *p != ' ')
            p++;
        ends[words] = p;
        while (p < end && *p == ' ')
            p++;
    }
    for (size_t i = 0; i < words; i++) {
        for (size_t k = words; k > i; k--) {
            size_t n = (size_t)(ends[k - 1] - starts[i]);
            while (n && !is_digit(starts[i][n - 1])) /* "079 … /" */
                n--;
            if (n <= LONGEST_SPAN && is_number(person, starts[i], n)) {
                *at = starts[i];
                *len = n;
                return true;
            }
        }
    }
    return false;
}

/* Where the number stands, at `text` or behind it, or NULL. */
static const char *find_number(const nf_person *person, const char *text, size_t *len)
{
    for (const char *p = text; *person->number && *p;) {
        const char *at;
        if (!(is_digit(*p) || *p == '+' || *p == '(')) {
            p++;
            continue;
        }
        const char *end = span_end(p);
        bool begins = p == text || !is_word(p[-1]), ends = !is_word(*end);
        if (end > p && end - p >= LEAST_DIGITS && begins && ends
            && number_in_span(person, p, end, &at, len))
            return at;
        p = end > p ? end : p + 1;
    }
    return NULL;
}

bool nf_person_erase_text(const nf_person *person, const char *text, nf_strbuf *out)
{
    bool found = false;
    for (;;) {
        size_t len = 0, email_len = person->email ? strlen(person->email) : 0;
        const char *number = find_number(person, text, &len),
                   *email = find_email(person->email, text), *at = number;
        if (email && (!number || email < number)) {
            at = email;
            len = email_len;
        }
        if (!at)
            break;
        found = true;
        nf_strbuf_add(out, text, (size_t)(at - text));
        nf_strbuf_puts(out, person->mark);
        text = at + len;
    }
    nf_strbuf_puts(out, text);
    return found;
}

/* The last digits of the number in their order, with nothing but separators between them. */
static bool digits_may_be_in(const char *number, const char *text, size_t len)
{
    const char *suffix = number + strlen(number) - SUFFIX;
    size_t got = 0;
    char last[SUFFIX];
    for (size_t i = 0; i < len; i++) {
        if (is_digit(text[i])) {
            memmove(last, last + 1, SUFFIX - 1);
            last[SUFFIX - 1] = text[i];
            got++;
            if (got >= SUFFIX && memcmp(last, suffix, SUFFIX) == 0)
                return true;
        } else if (text[i] == '\\') {
            if (i + 1 < len && text[i + 1] == 'u') /* an escaped blank or mark, perhaps */
                return true;
        } else if (!is_separator(text[i])) {
            got = 0;
        }
    }
    return false;
}

bool nf_person_may_be_in(const nf_person *person, const char *text, size_t len)
{
    size_t n = strlen(person->number);
    if (person->email && (memmem(text, len, "\\u", 2) || strcasestr(text, person->email)))
        return true;
    return n && (n <= SUFFIX || digits_may_be_in(person->number, text, len));
}

/* ---- in JSON ---- */

static bool text_has(const nf_person *person, const char *text)
{
    size_t len;
    return find_email(person->email, text) || find_number(person, text, &len);
}

static bool integer_is(const nf_person *person, const json_t *value)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
    return *person->number && is_number(person, text, (size_t)n);
}

static bool is_in(const nf_person *person, const json_t *value, bool personal, int depth)
{
    const char *key;
    json_t *member;
    size_t i;
    if (depth > DEEPEST)
        return false;
    if (json_is_string(value))
        return text_has(person, json_string_value(value));
    if (json_is_integer(value)) /* elsewhere a number is a count or a time */
        return personal && integer_is(person, value);
    json_object_foreach ((json_t *)value, key, member) {
        if (text_has(person, key)
            || is_in(person, member, personal || nf_is_personal(key), depth + 1))
            return true;
    }
    json_array_foreach ((json_t *)value, i, member) {
        if (is_in(person, member, personal, depth + 1))
            return true;
    }
    return false;
}

bool nf_person_in(const nf_person *person, const json_t *value)
{
    return is_in(person, value, false, 0);
}

struct erasing {
    const nf_person *person;
    bool whole;
    size_t count;
};

static json_t *marked(struct erasing *e)
{
    e->count++;
    return json_string(e->person->mark);
}

static json_t *erase(struct erasing *e, const json_t *value, bool personal, int depth);

static json_t *erase_string(struct erasing *e, const json_t *value, bool personal)
{
    const char *text = json_string_value(value);
    nf_strbuf out = nf_strbuf_new(SIZE_MAX);
    json_t *erased = NULL;
    if (personal && (text_has(e->person, text) || (e->whole && *text)))
        erased = marked(e);
    else if (nf_person_erase_text(e->person, text, &out)) {
        e->count++;
        erased = json_string(nf_strbuf_text(&out));
    }
    nf_strbuf_release(&out);
    return erased ? erased : json_deep_copy(value);
}

static json_t *erase_object(struct erasing *e, const json_t *value, bool personal, int depth)
{
    json_t *object = json_object(), *member;
    const char *key;
    json_object_foreach ((json_t *)value, key, member) {
        nf_strbuf name = nf_strbuf_new(SIZE_MAX);
        e->count += nf_person_erase_text(e->person, key, &name);
        json_object_set_new(object, nf_strbuf_text(&name),
                            erase(e, member, personal || nf_is_personal(key), depth + 1));
        nf_strbuf_release(&name);
    }
    return object;
}

static json_t *erase(struct erasing *e, const json_t *value, bool personal, int depth)
{
    size_t i;
    json_t *item;
    if (depth > DEEPEST)
        return json_deep_copy(value);
    if (json_is_string(value))
        return erase_string(e, value, personal);
    if (json_is_integer(value) && personal && (e->whole || integer_is(e->person, value)))
        return marked(e);
    if (json_is_object(value))
        return erase_object(e, value, personal, depth);
    if (!json_is_array(value))
        return json_deep_copy(value);
    json_t *list = json_array();
    json_array_foreach ((json_t *)value, i, item)
        json_array_append_new(list, erase(e, item, personal, depth + 1));
    return list;
}

json_t *nf_person_erase(const nf_person *person, const json_t *value, bool whole, size_t *count)
{
    struct erasing e = {.person = person, .whole = whole};
    json_t *erased = erase(&e, value, false, 0);
    *count += e.count;
    return erased;
}
