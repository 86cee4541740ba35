/* SPDX-License-Identifier: Apache-2.0 */
/* hours.c: opening hours of a service, in UTC. Holidays come before weekdays; no hours at all: None. */
#include "base/clock.h"
#include "base/json.h"
#include "sim/internal.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* "08:30" in minutes; -1: it is none. */
static int minutes(const char *text)
{
    int hour, minute;
    return sscanf(text, "%2d:%2d", &hour, &minute) == 2 ? hour * 60 + minute : -1;
}

static const char *on_holiday(const sim_service *s, const struct tm *t)
{
    char date[16];
    size_t i;
    json_t *day;
    strftime(date, sizeof date, "%Y-%m-%d", t);
    json_array_foreach (s->holidays, i, day)
        if (strcmp(nf_json_string(day, "date"), date) == 0)
            return nf_json_string(day, "status");
    return NULL;
}

static const char *status_at(const sim_service *s, int64_t ms)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    struct tm t;
    time_t seconds = (time_t)(ms / 1000);
    size_t i;
    json_t *hours;
    gmtime_r(&seconds, &t);
    const char *holiday = on_holiday(s, &t);
    if (holiday || !s->hours)
        return holiday ? holiday : "None";
    json_array_foreach (s->hours, i, hours) {
        int now = t.tm_hour * 60 + t.tm_min;
        const json_t *list = json_object_get(hours, "days");
        if ((!list || sim_lists(list, days[t.tm_wday], true))
            && now >= minutes(nf_json_string(hours, "from"))
            && now < minutes(nf_json_string(hours, "to")))
            return nf_json_string(hours, "status");
    }
    return "Closed";
}

void sim_get_opening_hours(sim_call *call)
{
    char *upn = sim_query(call, "serviceUpn"), *time = sim_query(call, "time");
    int64_t ms = nf_clock_wall_ms();
    const sim_service *s = sim_find_service(&call->sim->world, upn);
    if (!upn)
        sim_fail(call, 400, "serviceUpn is missing");
    else if (!s || sim_tenant(s->unit) != sim_tenant(call->user->unit))
        sim_fail(call, 404, "this cluster has no such service");
    else if (time && !sim_moment(time, &ms))
        sim_fail(call, 400, "time must be a time in UTC such as 2020-03-23T11:00:00Z");
    else if (sim_allowed(call, SIM_READ_SERVICE, s))
        call->json = json_string(status_at(s, ms));
    free(upn);
    free(time);
}
