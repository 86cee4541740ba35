/* SPDX-License-Identifier: Apache-2.0 */
/* De-duplication against a list that is searched from end to end: random deliveries, some of them forgotten. */
#include "tenant/dedupe.h"

#include "unit.h"

#include <stdio.h>

enum { OPERATIONS = 40000, BODIES = 3000, LONGEST_STEP_MS = 60 };

struct seen {
    int body;
    int64_t id, when;
    bool gone;
};

static struct seen seen[OPERATIONS];
static size_t count;

static const nf_filter no_filters[] = {{0}};
static const nf_param no_fields[] = {{0}};
static const nf_trigger trigger = {.name = "t.on", .filters = no_filters, .event = no_fields};

static nf_event *make_event(int body, int64_t id, int64_t when)
{
    char text[64];
    nf_event *event = NULL;
    nf_error err = {0};
    int len = snprintf(text, sizeof text, "{\"body\":%d}", body);
    assert_int_equal(NF_OK, nf_event_read(&trigger, text, (size_t)len, &event, &err));
    event->row.id = id;
    event->row.subscription = 1 + body % 3;
    event->row.received_ms = when;
    return event;
}

static struct seen *model_find(int body, int64_t now)
{
    for (size_t i = count; i-- > 0;) {
        if (seen[i].body == body && !seen[i].gone)
            return seen[i].when >= now - NF_DEDUPE_MS ? &seen[i] : NULL;
    }
    return NULL;
}

static void test_against_a_list(void **state)
{
    uint64_t random = 42;
    int64_t now = 1000000;
    nf_dedupe *dedupe = nf_dedupe_new();
    (void)state;
    for (int64_t id = 1; id <= OPERATIONS; id++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        int body = (int)(random >> 33) % BODIES;
        now += (int64_t)(random >> 20) % LONGEST_STEP_MS;
        nf_event *event = make_event(body, id, now);
        struct seen *known = model_find(body, now);
        assert_int_equal(known ? known->id : 0, nf_dedupe_find(dedupe, event));
        if (!known) {
            nf_dedupe_add(dedupe, event);
            seen[count++] = (struct seen){body, id, now, false};
        } else if ((random >> 50) % 4 == 0) {
            nf_dedupe_forget(dedupe, event);
            known->gone = true;
        }
        nf_event_unref(event);
    }
    nf_dedupe_free(dedupe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_against_a_list)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
