/* SPDX-License-Identifier: Apache-2.0 */
/* xlsx_value.c: see xlsx_value.h. */
#include "reader/xlsx_value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

nf_number_style nf_builtin_style(long id)
{
    if (id == 22)
        return NF_STYLE_DATE_TIME;
    if ((id >= 18 && id <= 21) || id == 45 || id == 47)
        return NF_STYLE_TIME;
    if ((id >= 14 && id <= 17) || (id >= 27 && id <= 31) || (id >= 34 && id <= 36)
        || (id >= 50 && id <= 58))
        return NF_STYLE_DATE;
    return NF_STYLE_NUMBER;
}

/* Skip what is only shown: "text", \x, _x, *x, [colour]. Returns the position of the last byte
 * skipped, or `code`. */
static const char *skip_literal(const char *code)
{
    const char *end = *code == '"'   ? strchr(code + 1, '"')
                      : *code == '[' ? strchr(code, ']')
                                     : NULL;
    if (end)
        return end;
    if ((*code == '\\' || *code == '_' || *code == '*') && code[1])
        return code + 1;
    return code;
}

nf_number_style nf_format_style(const char *code)
{
    bool date = false, time = false;
    for (; *code && *code != ';'; code++) {
        if (*code == '[' && strchr("hHmMsS", code[1]) && code[1])
            return NF_STYLE_NUMBER;
        if (strncmp(code, "General", 7) == 0)
            return NF_STYLE_NUMBER;
        const char *skipped = skip_literal(code);
        if (skipped != code || *code == '"' || *code == '[') {
            code = skipped;
            continue;
        }
        date = date || strchr("dDyY", *code);
        time = time || strchr("hHsS", *code);
        /* months are m without hours or seconds around: "mmm" alone */
        if (strchr("mM", *code) && !time && !strpbrk(code, "sShH"))
            date = true;
    }
    return date && time ? NF_STYLE_DATE_TIME
           : date       ? NF_STYLE_DATE
           : time       ? NF_STYLE_TIME
                        : NF_STYLE_NUMBER;
}

static bool parse_number(const char *text, double *value)
{
    char *end;
    if (!strchr("0123456789+-.", *text) || !*text)
        return false;
    *value = strtod(text, &end);
    return end != text && *end == 0 && isfinite(*value);
}

bool nf_number_text(const char *text, char out[NF_NUMBER_TEXT])
{
    double value;
    if (!parse_number(text, &value))
        return false;
    if (value == floor(value) && fabs(value) < 1e21)
        snprintf(out, NF_NUMBER_TEXT, "%.0f", value == 0 ? 0.0 : value);
    else
        snprintf(out, NF_NUMBER_TEXT, "%.15g", value);
    return true;
}

/* Days since 1970-01-01 to a date of the Gregorian calendar. */
static void civil(long days, long *year, int *month, int *day)
{
    days += 719468;
    long era = days / 146097, of_era = days % 146097;
    long year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    long of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    long m = (5 * of_year + 2) / 153;
    *day = (int)(of_year - (153 * m + 2) / 5 + 1);
    *month = (int)(m < 10 ? m + 3 : m - 9);
    *year = year_of_era + era * 400 + (*month <= 2);
}

bool nf_date_text(const char *text, nf_number_style style, bool from_1904, char out[NF_NUMBER_TEXT])
{
    double value;
    if (!parse_number(text, &value) || value < 0 || value >= 2958466)
        return false;
    long days = (long)value, seconds = (long)floor((value - (double)days) * 86400 + 0.5);
    days += seconds / 86400;
    seconds %= 86400;
    if (from_1904)
        days += 1462;
    else if (days < 60) /* Excel believes in a 29 February 1900 */
        days++;
    long year;
    int month, day, n = 0;
    civil(days - 25569, &year, &month, &day);
    bool with_date = style != NF_STYLE_TIME || value >= 1;
    bool with_time = style != NF_STYLE_DATE || seconds != 0;
    if (with_date)
        n = snprintf(out, NF_NUMBER_TEXT, "%04ld-%02d-%02d%s", year, month, day,
                     with_time ? "T" : "");
    if (with_time)
        snprintf(out + n, (size_t)(NF_NUMBER_TEXT - n), "%02ld:%02ld:%02ld", seconds / 3600,
                 seconds / 60 % 60, seconds % 60);
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t nf_unescape_text(char *text, size_t len)
{
    size_t to = 0;
    for (size_t at = 0; at < len;) {
        int value = 0;
        bool escape =
            at + 7 <= len && text[at] == '_' && text[at + 1] == 'x' && text[at + 6] == '_';
        for (size_t i = 2; escape && i < 6; i++) {
            int digit = hex_digit(text[at + i]);
            escape = digit >= 0;
            value = value * 16 + digit;
        }
        if (escape && value > 0 && value < 0x80) {
            text[to++] = (char)value;
            at += 7;
        } else {
            text[to++] = text[at++];
        }
    }
    return to;
}

bool nf_cell_address(const char *text, unsigned *column, unsigned long *row)
{
    unsigned letters = 0, c = 0;
    for (; *text == '$' || ((*text | 0x20) >= 'a' && (*text | 0x20) <= 'z'); text++) {
        if (*text == '$')
            continue;
        if (++letters > 3)
            return false;
        c = c * 26 + (unsigned)((*text | 0x20) - 'a' + 1);
    }
    if (letters == 0 || *text < '1' || *text > '9')
        return false;
    *row = strtoul(text, NULL, 10);
    *column = c - 1;
    return *row <= 10000000;
}
