/* SPDX-License-Identifier: Apache-2.0 */
/* event.c: see event.h. */
#include "tenant/event.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/jscan.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LONGEST_VALUE = 1024 };

/* Nimbus does not spell its fields consistently, so case does not count. Most keys differ in their first letter. */
static bool key_is(const nf_jscan *scan, const char *name)
{
    enum { CASE = 0x20 };
    if ((scan->text[0] ^ name[0]) & ~CASE)
        return false;
    size_t n = strlen(name);
    return scan->len == n && strncasecmp(scan->text, name, n) == 0;
}

/* Where the value of the current key goes, or NULL when nobody asks for it. */
static char **slot_of(nf_event *e, const nf_jscan *scan, char **repeats)
{
    const nf_trigger *t = e->trigger;
    if (t->partition && key_is(scan, t->partition))
        return &e->partition;
    if (t->repeats && key_is(scan, t->repeats))
        return repeats;
    for (size_t i = 0; i < NF_EVENT_FILTERS && t->filters[i].name; i++) {
        if (key_is(scan, t->filters[i].field))
            return &e->values[i];
    }
    return NULL;
}

static void take_value(char **slot, const nf_jscan *scan, nf_jtoken token)
{
    free(*slot);
    *slot = NULL;
    if (token != NF_J_STRING || scan->len > LONGEST_VALUE)
        return;
    *slot = nf_alloc(scan->len + 1);
    (*slot)[nf_json_unescape(scan->text, scan->len, *slot)] = '\0';
}

static nf_status scan_fields(nf_event *e, nf_error *err)
{
    nf_jscan scan;
    char *repeats = NULL;
    nf_jscan_init(&scan, e->row.body, e->row.len);
    nf_jtoken token = nf_jscan_next(&scan);
    bool object = token == NF_J_OBJECT;
    while (object && (token = nf_jscan_next(&scan)) == NF_J_KEY) {
        char **slot = slot_of(e, &scan, &repeats);
        token = nf_jscan_next(&scan);
        if (slot)
            take_value(slot, &scan, token);
        if (!nf_jscan_skip(&scan, token))
            break;
    }
    if (object && token == NF_J_OBJECT_END)
        token = nf_jscan_next(&scan);
    e->repeats = repeats && *repeats;
    for (size_t i = 0; i < NF_EVENT_FILTERS && e->trigger->filters[i].name; i++) {
        if (e->trigger->owner && strcmp(e->trigger->filters[i].field, e->trigger->owner) == 0)
            e->owner = e->values[i];
    }
    free(repeats);
    if (object && token == NF_J_END)
        return NF_OK;
    int line, column;
    nf_jscan_position(&scan, &line, &column);
    return nf_error_set(err, NF_E_PARSE, "line %d, column %d: %s", line, column,
                        scan.error ? scan.error : "a JSON object is expected");
}

nf_status nf_event_read(const nf_trigger *trigger, const char *body, size_t len, nf_event **out,
                        nf_error *err)
{
    nf_event *e = nf_alloc(sizeof *e);
    e->refs = 1;
    e->trigger = trigger;
    e->row.trigger = trigger->name;
    e->row.received_ms = nf_clock_wall_ms();
    e->row.body = nf_memdup(body, len);
    e->row.len = len;
    nf_sha256(body, len, e->row.hash);
    nf_status status = scan_fields(e, err);
    if (status == NF_OK)
        *out = e;
    else
        nf_event_unref(e);
    return status;
}

char *nf_event_field(const nf_event *e, const char *field)
{
    nf_jscan scan;
    char *found = NULL;
    nf_jscan_init(&scan, e->row.body, e->row.len);
    if (nf_jscan_next(&scan) != NF_J_OBJECT)
        return NULL;
    while (nf_jscan_next(&scan) == NF_J_KEY) {
        bool wanted = key_is(&scan, field);
        nf_jtoken token = nf_jscan_next(&scan);
        if (wanted && (token == NF_J_TRUE || token == NF_J_FALSE)) {
            free(found);
            found = nf_strdup(token == NF_J_TRUE ? "true" : "false");
        } else if (wanted && token == NF_J_NUMBER) {
            free(found);
            found = nf_memdup(scan.text, scan.len);
        } else if (wanted) {
            take_value(&found, &scan, token);
        }
        if (!nf_jscan_skip(&scan, token))
            break;
    }
    return found;
}

bool nf_event_plausible(const nf_event *e)
{
    nf_jscan scan;
    bool known = true;
    if ((e->trigger->source == NF_FROM_NIMBUS && e->partition) || !e->trigger->event)
        return true;
    nf_jscan_init(&scan, e->row.body, e->row.len);
    if (nf_jscan_next(&scan) != NF_J_OBJECT)
        return false;
    while (known && nf_jscan_next(&scan) == NF_J_KEY) {
        const nf_param *field = e->trigger->event;
        while (field->name && !key_is(&scan, field->name))
            field++;
        known = field->name && nf_jscan_skip(&scan, nf_jscan_next(&scan));
    }
    return known;
}

static const char *value_of(const nf_event *e, const char *field)
{
    for (size_t i = 0; i < NF_EVENT_FILTERS && e->trigger->filters[i].name; i++) {
        if (strcmp(e->trigger->filters[i].field, field) == 0)
            return e->values[i];
    }
    return NULL;
}

nf_urgency nf_event_urgency(const nf_event *e)
{
    nf_urgency urgency = e->trigger->urgency ? e->trigger->urgency : NF_URGENCY_MAIL;
    for (const nf_urgency_rule *rule = e->trigger->rules; rule && rule->field; rule++) {
        const char *value = value_of(e, rule->field);
        if (value && strcasecmp(value, rule->value) == 0 && rule->urgency > urgency)
            urgency = rule->urgency;
    }
    return urgency;
}

static bool state_among(const nf_event *e, const char *const *states)
{
    const char *state = e->trigger->state ? value_of(e, e->trigger->state) : NULL;
    for (; state && *states; states++) {
        if (strcasecmp(state, *states) == 0)
            return true;
    }
    return false;
}

bool nf_event_taken(const nf_event *e)
{
    return state_among(e, e->trigger->taken);
}

bool nf_event_over(const nf_event *e)
{
    return state_among(e, e->trigger->over);
}

nf_event *nf_event_ref(nf_event *event)
{
    event->refs++;
    return event;
}

void nf_event_unref(nf_event *event)
{
    if (!event || --event->refs > 0)
        return;
    free((char *)event->row.body);
    free(event->partition);
    for (size_t i = 0; i < NF_EVENT_FILTERS; i++)
        free(event->values[i]);
    free(event);
}
