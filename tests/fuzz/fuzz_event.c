/* layer: tenant */
/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_event.c: any bytes as a notification: taken exactly if it is a JSON object, and then found as its repetition. */
#include "base/jscan.h"
#include "tenant/dedupe.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const nf_filter filters[] = {
    {"services", "serviceUPN", "services", "/s", true, "services", NULL},
    {"events", "event", "taskEvents", "/e", true, "events", NULL},
    {0},
};
static const nf_trigger trigger = {.name = "a.on",
                                   .source = NF_FROM_NIMBUS,
                                   .filters = filters,
                                   .partition = "taskId",
                                   .repeats = "updatedParameterName"};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nf_event *event = NULL;
    nf_error err = {0};
    nf_jscan scan;
    nf_jscan_init(&scan, (const char *)data, size);
    bool object = nf_json_valid((const char *)data, size) && nf_jscan_next(&scan) == NF_J_OBJECT;
    nf_status status = nf_event_read(&trigger, (const char *)data, size, &event, &err);
    if ((status == NF_OK) != object || (status != NF_OK && !err.text[0]))
        abort();
    if (!event)
        return 0;
    nf_dedupe *dedupe = nf_dedupe_new();
    event->row.id = 5;
    nf_dedupe_add(dedupe, event);
    if (nf_dedupe_find(dedupe, event) != 5)
        abort();
    nf_dedupe_forget(dedupe, event);
    if (nf_dedupe_find(dedupe, event) != 0)
        abort();
    nf_dedupe_free(dedupe);
    nf_event_unref(event);
    return 0;
}
