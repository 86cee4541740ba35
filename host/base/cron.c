/* SPDX-License-Identifier: Apache-2.0 */
/* cron.c: the fields of a cron expression read into sets of bits. */
#include "base/cron.h"

#include "base/macros.h"

#include <string.h>
#include <strings.h>

enum { FIELDS = 5, MOST_TEXT = 200, SUNDAY = 7 };

static const char *const MONTHS[] = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL",
                                     "AUG", "SEP", "OCT", "NOV", "DEC", NULL};
static const char *const WEEKDAYS[] = {"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", NULL};

typedef struct field {
    const char *name, *allowed;
    int least, most;
    const char *const *names; /* of least, least + 1, …; or NULL */
} field;

static const field MINUTE = {"minute", "0 to 59", 0, 59, NULL};
static const field HOUR = {"hour", "0 to 23", 0, 23, NULL};
static const field DAY = {"day-of-month", "1 to 31", 1, 31, NULL};
static const field MONTH = {"month", "1 to 12 or JAN to DEC", 1, 12, MONTHS};
static const field WEEKDAY = {"day-of-week", "0 to 7 or SUN to SAT", 0, 7, WEEKDAYS};

static const struct {
    const char *name, *text;
} SHORT_FORMS[] = {
    {"@hourly", "0 * * * *"},   {"@daily", "0 0 * * *"},   {"@midnight", "0 0 * * *"},
    {"@weekly", "0 0 * * 0"},   {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"},
    {"@annually", "0 0 1 1 *"},
};

static bool read_number(const char *text, int *out)
{
    size_t len = strlen(text);
    if (len < 1 || len > 2 || strspn(text, "0123456789") != len)
        return false;
    *out = len == 2 ? (text[0] - '0') * 10 + text[1] - '0' : text[0] - '0';
    return true;
}

static bool read_value(const field *f, const char *text, int *out)
{
    if (read_number(text, out))
        return *out >= f->least && *out <= f->most;
    for (int i = 0; f->names && f->names[i]; i++)
        if (strcasecmp(text, f->names[i]) == 0) {
            *out = f->least + i;
            return true;
        }
    return false;
}

static nf_status not_allowed(const field *f, const char *text, nf_error *err)
{
    return nf_error_set(err, NF_E_ARG, "cron: %s '%.40s': allowed are %s", f->name, text,
                        f->allowed);
}

/* "A-B", "A" or "*", without its step; cuts the text at the dash */
static nf_status read_range(const field *f, char *text, int *low, int *high, nf_error *err)
{
    *low = f->least;
    *high = f == &WEEKDAY ? f->most - 1 : f->most;
    if (strcmp(text, "*") == 0)
        return NF_OK;
    char *dash = strchr(text, '-');
    if (dash)
        *dash++ = 0;
    if (!read_value(f, text, low))
        return not_allowed(f, text, err);
    *high = *low;
    if (dash && !read_value(f, dash, high))
        return not_allowed(f, dash, err);
    if (f == &WEEKDAY && *high == 0 && *low > 0)
        *high = SUNDAY; /* FRI-SUN */
    if (*low > *high)
        return nf_error_set(err, NF_E_ARG,
                            "cron: %s '%s-%s': a range goes upwards; write two, split where the "
                            "values begin again (allowed are %s)",
                            f->name, text, dash, f->allowed);
    return NF_OK;
}

/* one item of a list, with its step; cuts the text */
static nf_status read_item(const field *f, char *text, uint64_t *set, nf_error *err)
{
    char *slash = strchr(text, '/');
    int low, high, step = 1;
    if (slash) {
        *slash++ = 0;
        if (!read_number(slash, &step) || step < 1 || step > f->most)
            return nf_error_set(err, NF_E_ARG, "cron: %s step '%.40s': allowed are 1 to %d",
                                f->name, slash, f->most);
        if (strcmp(text, "*") != 0 && !strchr(text, '-'))
            return nf_error_set(err, NF_E_ARG,
                                "cron: %s '%.40s/%s': a step needs a range or '*' before it "
                                "(allowed are %s)",
                                f->name, text, slash, f->allowed);
    }
    nf_status status = read_range(f, text, &low, &high, err);
    for (int i = low; !status && i <= high; i += step)
        *set |= UINT64_C(1) << (f == &WEEKDAY && i == SUNDAY ? 0 : i);
    return status;
}

static nf_status read_field(const field *f, const char *text, uint64_t *set, nf_error *err)
{
    char item[MOST_TEXT + 1];
    *set = 0;
    for (const char *at = text;; at++) {
        size_t len = strcspn(at, ",");
        if (len == 0)
            return nf_error_set(err, NF_E_ARG,
                                "cron: %s '%.40s': a value is missing at a comma; allowed are %s",
                                f->name, text, f->allowed);
        memcpy(item, at, len);
        item[len] = 0;
        nf_status status = read_item(f, item, set, err);
        if (status)
            return status;
        at += len;
        if (!*at)
            return NF_OK;
    }
}

static nf_status expand(const char **text, nf_error *err)
{
    for (size_t i = 0; i < NF_COUNT(SHORT_FORMS); i++)
        if (strcasecmp(*text, SHORT_FORMS[i].name) == 0) {
            *text = SHORT_FORMS[i].text;
            return NF_OK;
        }
    return nf_error_set(err, NF_E_ARG,
                        "cron: '%.40s': allowed are @hourly, @daily (or @midnight), @weekly, "
                        "@monthly and @yearly (or @annually)",
                        *text);
}

/* cut the text at its spaces; the number of fields, at most one more than allowed */
static int split(char *text, char *fields[FIELDS + 1])
{
    int count = 0;
    for (char *rest = text, *word; (word = strtok_r(rest, " \t", &rest)) && count <= FIELDS;)
        fields[count++] = word;
    return count;
}

/* weekdays come round to every date; only a date that no month has never comes */
static bool has_a_day(const nf_cron *cron)
{
    static const int LENGTHS[] = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    for (int month = 1; month <= 12; month++)
        if (cron->months >> month & 1 && cron->days & ((UINT64_C(2) << LENGTHS[month]) - 1))
            return true;
    return cron->either_day;
}

nf_status nf_cron_parse(const char *text, nf_cron *out, nf_error *err)
{
    char copy[MOST_TEXT + 1], *fields[FIELDS + 1];
    *out = (nf_cron){0};
    const char *given = text += strspn(text, " \t");
    if (strlen(text) > MOST_TEXT)
        return nf_error_set(err, NF_E_ARG, "cron: '%.40s…': has more than %d characters", text,
                            MOST_TEXT);
    nf_status status = *text == '@' ? expand(&text, err) : NF_OK;
    if (status)
        return status;
    memcpy(copy, text, strlen(text) + 1);
    int count = split(copy, fields);
    if (count != FIELDS)
        return nf_error_set(err, NF_E_ARG,
                            "cron: '%.80s' has %s five fields; they are: minute hour day-of-month "
                            "month day-of-week",
                            given, count < FIELDS ? "less than" : "more than");
    status = read_field(&MINUTE, fields[0], &out->minutes, err);
    if (!status)
        status = read_field(&HOUR, fields[1], &out->hours, err);
    if (!status)
        status = read_field(&DAY, fields[2], &out->days, err);
    if (!status)
        status = read_field(&MONTH, fields[3], &out->months, err);
    if (!status)
        status = read_field(&WEEKDAY, fields[4], &out->weekdays, err);
    out->passing_time = strpbrk(fields[1], "*/") != NULL;
    out->either_day = !strchr(fields[2], '*') && !strchr(fields[4], '*');
    if (!status && !has_a_day(out))
        status = nf_error_set(err, NF_E_ARG,
                              "cron: '%.80s' never fires: day-of-month '%.40s' is in no month of "
                              "'%.40s'",
                              given, fields[2], fields[3]);
    return status;
}
