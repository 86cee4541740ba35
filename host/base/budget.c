/* SPDX-License-Identifier: Apache-2.0 */
/* budget.c: see budget.h. The two parsers accept a whole number and one unit, nothing else. */
#include "base/budget.h"

#include "base/macros.h"
#include "base/suggest.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *report;
    nf_unit unit;
    uint64_t standard, ceiling;
} budgets[NF_BUDGET_COUNT] = {
#define REPORT_MS    "_ms"
#define REPORT_BYTES "_bytes"
#define REPORT_COUNT ""
#define X(name, text, unit, standard, ceiling, doc)                                                \
    {text, text REPORT_##unit, NF_UNIT_##unit, standard, ceiling},
    NF_BUDGET_MAP(X)
#undef X
};

static const char *const outcomes[NF_OUTCOME_COUNT] = {"running",
#define X(name, text) text,
                                                       NF_OUTCOME_MAP(X)
#undef X
};

const char *nf_outcome_name(nf_outcome outcome)
{
    return (unsigned)outcome < NF_OUTCOME_COUNT ? outcomes[outcome] : NULL;
}

const char *nf_budget_name(nf_budget budget)
{
    return budgets[budget].name;
}

const char *nf_budget_report_name(nf_budget budget)
{
    return budgets[budget].report;
}

nf_limits nf_limits_standard(void)
{
    nf_limits limits = {0};
    for (int i = 0; i < NF_BUDGET_COUNT; i++)
        limits.of[i] = budgets[i].standard;
    return limits;
}

nf_limits nf_limits_ceiling(void)
{
    nf_limits limits = {0};
    for (int i = 0; i < NF_BUDGET_COUNT; i++)
        limits.of[i] = budgets[i].ceiling;
    return limits;
}

/* A whole number at the start of `text`; `rest` is what follows. False without a digit or on overflow. */
static bool whole_number(const char *text, uint64_t *value, const char **rest)
{
    *value = 0;
    const char *p = text;
    for (; *p >= '0' && *p <= '9'; p++) {
        uint64_t digit = (uint64_t)(*p - '0');
        if (*value > (UINT64_MAX - digit) / 10)
            return false;
        *value = *value * 10 + digit;
    }
    while (*p == ' ')
        p++;
    *rest = p;
    return p > text;
}

struct unit_name {
    const char *name;
    uint64_t factor;
};

static bool with_unit(const char *text, const struct unit_name *units, uint64_t bare, uint64_t *out)
{
    const char *rest;
    if (!whole_number(text, out, &rest))
        return false;
    uint64_t factor = *rest ? 0 : bare;
    for (; *rest && units->name; units++) {
        if (strcmp(rest, units->name) == 0)
            factor = units->factor;
    }
    if (factor == 0 || *out > UINT64_MAX / factor)
        return false;
    *out *= factor;
    return true;
}

nf_status nf_duration_parse(const char *text, uint64_t bare_ms, uint64_t *ms, nf_error *err)
{
    static const struct unit_name units[] = {{"ms", 1},        {"s", 1000},    {"m", 60000},
                                             {"min", 60000},   {"h", 3600000}, {"d", 86400000},
                                             {"w", 604800000}, {NULL, 0}};
    if (with_unit(text, units, bare_ms, ms))
        return NF_OK;
    return nf_error_set(err, NF_E_ARG,
                        "'%s' is not a duration; write a whole number and ms, s, min, h, d or w",
                        text);
}

nf_status nf_size_parse(const char *text, uint64_t *bytes, nf_error *err)
{
    static const struct unit_name units[] = {{"B", 1},           {"KiB", 1 << 10}, {"MiB", 1 << 20},
                                             {"GiB", 1u << 30},  {"KB", 1000},     {"MB", 1000000},
                                             {"GB", 1000000000}, {NULL, 0}};
    if (with_unit(text, units, 1, bytes))
        return NF_OK;
    return nf_error_set(err, NF_E_ARG,
                        "'%s' is not a size; write a whole number and B, KiB, MiB or GiB", text);
}

static nf_status parse_value(nf_unit unit, const char *text, uint64_t *value, nf_error *err)
{
    const char *rest;
    switch (unit) {
    case NF_UNIT_MS:
        return nf_duration_parse(text, 0, value, err);
    case NF_UNIT_BYTES:
        return nf_size_parse(text, value, err);
    case NF_UNIT_COUNT:
        break;
    }
    if (whole_number(text, value, &rest) && !*rest)
        return NF_OK;
    return nf_error_set(err, NF_E_ARG, "'%s' is not a whole number", text);
}

nf_status nf_amount_parse(const char *name, nf_unit unit, const char *text, uint64_t most,
                          uint64_t *value, nf_error *err)
{
    uint64_t number = 0;
    nf_status status = parse_value(unit, text, &number, err);
    if (status != NF_OK) {
        nf_error_prefix(err, "limit %s", name);
        return status;
    }
    if (number < 1 || number > most) {
        static const char *const units[] = {" ms", " bytes", ""};
        return nf_error_set(err, NF_E_LIMIT,
                            "limit %s: %s is out of range; allowed are 1 to %llu%s", name, text,
                            (unsigned long long)most, units[unit]);
    }
    *value = number;
    return NF_OK;
}

nf_status nf_limits_set(nf_limits *limits, const nf_limits *ceiling, nf_setter setter,
                        const char *name, const char *value, nf_error *err)
{
    const char *names[NF_BUDGET_COUNT + 1] = {NULL};
    for (int i = 0; i < NF_BUDGET_COUNT; i++) {
        names[i] = budgets[i].name;
        if (strcmp(name, budgets[i].name) != 0)
            continue;
        nf_status status =
            nf_amount_parse(name, budgets[i].unit, value, ceiling->of[i], &limits->of[i], err);
        if (status == NF_OK)
            limits->set_by[i] = (uint8_t)setter;
        return status;
    }
    return nf_suggest_error(err, NF_E_ARG, "limit", name, names);
}

void nf_limits_tighten(nf_limits *limits, const nf_limits *own)
{
    for (int i = 0; i < NF_BUDGET_COUNT; i++) {
        if (own->of[i] && own->of[i] < limits->of[i]) {
            limits->of[i] = own->of[i];
            limits->set_by[i] = own->set_by[i];
        }
    }
}

const char *nf_setter_text(nf_setter setter)
{
    static const char *const texts[NF_SETTER_COUNT] = {
#define X(name, text) text,
        NF_SETTER_MAP(X)
#undef X
    };
    return texts[setter];
}

nf_unit nf_budget_unit(nf_budget budget)
{
    return budgets[budget].unit;
}

void nf_amount_text(nf_unit unit, uint64_t value, char out[NF_AMOUNT_MAX])
{
    static const struct {
        uint64_t size;
        const char *name;
    } units[][5] = {
        [NF_UNIT_MS] = {{60000, "min"}, {1000, "s"}, {1, "ms"}},
        [NF_UNIT_BYTES] = {{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}, {1, "B"}},
        [NF_UNIT_COUNT] = {{1, ""}},
    };
    size_t i = 0;
    while (units[unit][i].size > 1 && (value == 0 || value % units[unit][i].size))
        i++;
    snprintf(out, NF_AMOUNT_MAX, "%llu%s", (unsigned long long)(value / units[unit][i].size),
             units[unit][i].name);
}
