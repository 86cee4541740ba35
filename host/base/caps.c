/* SPDX-License-Identifier: Apache-2.0 */
/* caps.c: see caps.h. */
#include "base/caps.h"

#include "base/suggest.h"

#include <string.h>
#include <unistd.h>

static const struct {
    const char *name, *doc;
    nf_unit unit;
    uint64_t standard, ceiling;
} caps[NF_CAP_COUNT] = {
#define X(name, text, unit, standard, ceiling, doc) {text, doc, NF_UNIT_##unit, standard, ceiling},
    NF_CAP_MAP(X)
#undef X
};

const char *nf_cap_name(nf_cap cap)
{
    return caps[cap].name;
}

nf_unit nf_cap_unit(nf_cap cap)
{
    return caps[cap].unit;
}

const char *nf_cap_doc(nf_cap cap)
{
    return caps[cap].doc;
}

nf_allowed nf_allowed_standard(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    nf_allowed allowed = {.run = nf_limits_standard()};
    for (int i = 0; i < NF_CAP_COUNT; i++)
        allowed.tenant.of[i] = caps[i].standard ? caps[i].standard
                               : cores > 1      ? (uint64_t)cores - 1
                                                : 1;
    return allowed;
}

nf_allowed nf_allowed_ceiling(void)
{
    nf_allowed allowed = {.run = nf_limits_ceiling()};
    for (int i = 0; i < NF_CAP_COUNT; i++)
        allowed.tenant.of[i] = caps[i].ceiling;
    return allowed;
}

static nf_status set_cap(nf_caps *target, nf_cap cap, nf_setter setter, const char *value,
                         nf_error *err)
{
    nf_status status = nf_amount_parse(caps[cap].name, caps[cap].unit, value, caps[cap].ceiling,
                                       &target->of[cap], err);
    if (status == NF_OK)
        target->set_by[cap] = (uint8_t)setter;
    return status;
}

bool nf_allowed_has(const char *name)
{
    for (int i = 0; i < NF_CAP_COUNT; i++) {
        if (strcmp(name, caps[i].name) == 0)
            return true;
    }
    for (int i = 0; i < NF_BUDGET_COUNT; i++) {
        if (strcmp(name, nf_budget_name((nf_budget)i)) == 0)
            return true;
    }
    return false;
}

static nf_status unknown(const char *name, nf_error *err)
{
    const char *names[NF_CAP_COUNT + NF_BUDGET_COUNT + 1] = {NULL};
    size_t n = 0;
    for (int i = 0; i < NF_BUDGET_COUNT; i++)
        names[n++] = nf_budget_name((nf_budget)i);
    for (int i = 0; i < NF_CAP_COUNT; i++)
        names[n++] = caps[i].name;
    return nf_suggest_error(err, NF_E_ARG, "limit", name, names);
}

nf_status nf_allowed_set(nf_allowed *allowed, nf_setter setter, const char *name, const char *value,
                         nf_error *err)
{
    nf_limits ceiling = nf_limits_ceiling();
    if (!nf_allowed_has(name))
        return unknown(name, err);
    for (int i = 0; i < NF_CAP_COUNT; i++) {
        if (strcmp(name, caps[i].name) == 0)
            return set_cap(&allowed->tenant, (nf_cap)i, setter, value, err);
    }
    return nf_limits_set(&allowed->run, &ceiling, setter, name, value, err);
}

void nf_cap_note(nf_cap_use *use, nf_cap cap, uint64_t used)
{
    use->used[cap] = used;
    if (used > use->peak[cap])
        use->peak[cap] = used;
}
