/* SPDX-License-Identifier: Apache-2.0 */
/*
 * phone.c: reading telephone numbers by the plans of phone_table.c.
 *
 * The order is that of libphonenumber: international prefix or plus, else the country's own plan;
 * then the trunk prefix is taken off unless that would turn a good number into a bad one. One step
 * is added: digits that are no number of the country but a whole number with the country code of
 * another are that one (a sheet drops the plus).
 */
#include "base/phone.h"

#include "base/phone_table.h"

#include <string.h>

/* FOREIGN_MIN: so many digits are taken for a foreign number that lost its plus rather than an odd
 * national one. */
enum { FOREIGN_MIN = 11, DIGITS_MAX = 32, CAPTURES = 6, NATIONAL_MAX = 17, NATIONAL_MIN = 2 };

/* Where the captures of a match begin and end; -1: not taken. */
typedef struct captures {
    int at[CAPTURES];
} captures;

/* Run a program at `digit`. Returns the length matched from there, or -1. Recursion is bounded by
 * the program's splits. */
static int run(uint16_t at, const char *digits, int digit, captures *found)
{
    for (;;) {
        uint16_t operand = nf_phone_code[at] & 0x0fff;
        switch (nf_phone_code[at] >> 12) {
        case NF_PHONE_DIGIT:
            if (digits[digit] == 0 || !(operand >> (digits[digit] - '0') & 1))
                return -1;
            digit++;
            at++;
            break;
        case NF_PHONE_SPLIT: {
            captures before = *found;
            int end = run((uint16_t)(at + 1), digits, digit, found);
            if (end >= 0)
                return end;
            *found = before;
            at = (uint16_t)(at + operand);
            break;
        }
        case NF_PHONE_JUMP:
            at = (uint16_t)(at + operand);
            break;
        case NF_PHONE_SAVE:
            if (operand < CAPTURES)
                found->at[operand] = digit;
            at++;
            break;
        case NF_PHONE_END:
            if (digits[digit] != 0)
                return -1;
            at++;
            break;
        default:
            return digit;
        }
    }
}

static int match(uint16_t program, const char *digits, captures *found)
{
    for (int i = 0; i < CAPTURES; i++)
        found->at[i] = -1;
    return program ? run(program, digits, 0, found) : -1;
}

static bool matches(uint16_t program, const char *digits)
{
    captures found;
    return match(program, digits, &found) >= 0;
}

static bool possible(const nf_phone_plan *plan, size_t length)
{
    return length < 32 && (plan->lengths >> length & 1);
}

static bool too_long(const nf_phone_plan *plan, size_t length)
{
    return length >= 32 || plan->lengths >> length == 0;
}

/* Write what the trunk prefix of `end` digits is replaced by, then the rest. */
static void replace_prefix(const nf_phone_plan *plan, const char *digits, int end,
                           const captures *found, char *out)
{
    const char *mark = strchr(plan->rule, '$');
    int group = mark ? 2 * (mark[1] - '0') : 0;
    if (mark && found->at[group] >= 0) {
        size_t lead = (size_t)(mark - plan->rule);
        size_t taken = (size_t)(found->at[group + 1] - found->at[group]);
        memcpy(out, plan->rule, lead);
        memcpy(out + lead, digits + found->at[group], taken);
        out += lead + taken;
    }
    memcpy(out, digits + end, strlen(digits + end) + 1);
}

/* The national number without its trunk prefix. `out` has room for DIGITS_MAX + the longest rule.
 */
static void strip_trunk(const nf_phone_plan *plan, const char *digits, char *out)
{
    captures found;
    int end = match(plan->trunk, digits, &found);
    if (end >= 0) {
        replace_prefix(plan, digits, end, &found, out);
        size_t length = strlen(out);
        bool worse = matches(plan->pattern, digits) && !matches(plan->pattern, out);
        if (!worse && (possible(plan, length) || too_long(plan, length)))
            return;
    }
    memcpy(out, digits, strlen(digits) + 1);
}

static const nf_phone_plan *plan_at(unsigned position)
{
    return position ? &nf_phone_plans[position - 1] : NULL;
}

static bool is_letter(char c)
{
    return c >= 'A' && c <= 'Z';
}

static const nf_phone_plan *plan_of_country(const char *country)
{
    if (!country || !is_letter(country[0]) || !is_letter(country[1]) || country[2] != 0)
        return NULL;
    return plan_at(nf_phone_by_country[26 * (country[0] - 'A') + (country[1] - 'A')]);
}

static const nf_phone_plan *plan_of_code(unsigned code)
{
    return plan_at(nf_phone_by_code[code]);
}

/* Take the country code off; no code is the beginning of another. */
static const nf_phone_plan *take_code(const char **digits)
{
    unsigned code = 0;
    for (int i = 0; i < 3 && (*digits)[i] != 0 && (*digits)[0] != '0'; i++) {
        code = code * 10 + (unsigned)((*digits)[i] - '0');
        const nf_phone_plan *plan = code ? plan_of_code(code) : NULL;
        if (plan) {
            *digits += i + 1;
            return plan;
        }
    }
    return NULL;
}

static bool write_e164(const nf_phone_plan *plan, const char *national, char *out)
{
    size_t length = strlen(national);
    if (length < NATIONAL_MIN || length > NATIONAL_MAX || !possible(plan, length))
        return false;
    char code[4];
    int n = 0;
    for (unsigned rest = plan->code; rest; rest /= 10)
        code[n++] = (char)('0' + rest % 10);
    *out++ = '+';
    while (n > 0)
        *out++ = code[--n];
    memcpy(out, national, length + 1);
    return true;
}

static bool international(const char *digits, char *out)
{
    char national[DIGITS_MAX + 16];
    const nf_phone_plan *plan = take_code(&digits);
    if (!plan)
        return false;
    strip_trunk(plan, digits, national);
    return write_e164(plan, national, out);
}

/* "41791234567" in CH: the digits begin with the country's own code, and only without it they are a
 * number. */
static const char *without_own_code(const nf_phone_plan *plan, const char *digits)
{
    const char *rest = digits;
    const nf_phone_plan *named = take_code(&rest);
    if (!named || named->code != plan->code)
        return digits;
    char whole[DIGITS_MAX + 16], shorter[DIGITS_MAX + 16];
    strip_trunk(plan, digits, whole);
    strip_trunk(plan, rest, shorter);
    bool only_without = !matches(plan->pattern, whole) && matches(plan->pattern, shorter);
    return only_without || too_long(plan, strlen(whole)) ? rest : digits;
}

/* Digits that a sheet has left of "+4915112345678": a whole, well-formed number of the country it
 * begins with. */
static bool lost_plus(const char *digits, char *out)
{
    const char *rest = digits;
    const nf_phone_plan *plan = take_code(&rest);
    return plan && matches(plan->pattern, rest) && write_e164(plan, rest, out);
}

static bool national(const nf_phone_plan *plan, const char *digits, char *out)
{
    captures found;
    int prefix = match(plan->international, digits, &found);
    if (prefix > 0 && digits[prefix] != '0' && digits[prefix] != 0)
        return international(digits + prefix, out);
    const char *rest = without_own_code(plan, digits);
    const nf_phone_plan *used = rest == digits ? plan : plan_of_code(plan->code);
    char number[DIGITS_MAX + 16];
    strip_trunk(used, rest, number);
    if (strlen(digits) >= FOREIGN_MIN && !matches(used->pattern, number) && lost_plus(digits, out))
        return true;
    return write_e164(used, number, out) || lost_plus(digits, out);
}

/* Bytes of a separator or an invisible mark at `text`: ASCII, or three bytes of U+2000 and what
 * people copy along. */
static size_t separator(const char *text, size_t len)
{
    static const char *const wide[] = {
        "\xc2\xa0",     "\xc2\xad",     "\xe2\x80\x8b", "\xe2\x80\x8e", "\xe2\x80\x8f",
        "\xe2\x80\x90", "\xe2\x80\x91", "\xe2\x80\x92", "\xe2\x80\x93", "\xe2\x80\x94",
        "\xe2\x80\x95", "\xe2\x88\x92", "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x87",
        "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xaa", "\xe2\x80\xab",
        "\xe2\x80\xac", "\xe2\x80\xad", "\xe2\x80\xae", "\xe2\x80\xaf", "\xe2\x81\xa0",
        "\xe2\x81\xa6", "\xe2\x81\xa9", "\xef\xbb\xbf",
    };
    if (len == 0 || *text == 0)
        return 0;
    if ((unsigned char)*text < 0x80)
        return strchr(" \t\r\n-./()[]~", *text) != NULL;
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++) {
        size_t size = strlen(wide[i]);
        if (size <= len && memcmp(text, wide[i], size) == 0)
            return size;
    }
    return 0;
}

/* Collect the digits. False when anything else is in the text; `plus` tells whether a plus comes
 * before them. */
static bool collect(const char *text, size_t len, char digits[DIGITS_MAX + 1], bool *plus)
{
    size_t count = 0;
    *plus = false;
    for (size_t i = 0; i < len;) {
        size_t skip = separator(text + i, len - i);
        if (skip) {
            i += skip;
        } else if (text[i] == '+' && count == 0 && !*plus) {
            *plus = true;
            i++;
        } else if (text[i] >= '0' && text[i] <= '9' && count < DIGITS_MAX) {
            digits[count++] = text[i++];
        } else {
            return false;
        }
    }
    digits[count] = 0;
    return count > 0;
}

bool nf_phone_e164_bytes(const char *text, size_t len, const char *country, char out[NF_PHONE_TEXT])
{
    char digits[DIGITS_MAX + 1];
    bool plus, found = false;
    if (len > 4 && memcmp(text, "tel:", 4) == 0) {
        text += 4;
        len -= 4;
    }
    if (collect(text, len, digits, &plus)) {
        const nf_phone_plan *plan = plan_of_country(country);
        if (plus)
            found = international(digits, out);
        else
            found = plan ? national(plan, digits, out) : lost_plus(digits, out);
    }
    if (!found)
        out[0] = 0;
    return found;
}

bool nf_phone_e164(const char *text, const char *country, char out[NF_PHONE_TEXT])
{
    return nf_phone_e164_bytes(text, strlen(text), country, out);
}

bool nf_phone_country_known(const char *country)
{
    return plan_of_country(country) != NULL;
}
