/* SPDX-License-Identifier: Apache-2.0 */
/* outbound_create.c: nimbus.outbound.create{...}: twice would be two calls, so it is never repeated by itself. */
#include "nf/fields.h"

static const char *const same[] = {"destination", "serviceUpn", NULL};

/* No description of the API says that the list has entries with workflow: only what is in there proves something. */
static const nf_verify verify = {
    .path = "/v1/scheduler-entries?serviceUpn={serviceUpn}",
    .mark = "ReferenceId",
    .same = same,
    .due = "dueDateTimeUtc",
    .partial = true,
};

NF_ACTION(outbound_create) = {
    .abi = NF_BINDING_ABI,
    .name = "nimbus.outbound.create",
    .title = "Schedule an outbound call with workflow",
    .doc =
        "Schedule an outbound call that runs through the workflow of the service when it is answered.",
    .params = nf_params_outbound + 1,
    .returns = "the entry: schedulerEntryId and its fields",
    .operation = NF_OP_OUTBOUND_CREATE,
    .class = NF_UNSAFE,
    .owner = NF_OWNER_SERVICE,
    .scope_param = "serviceUpn",
    .sample = "{\"schedulerEntryId\":\"dry-run\"}",
    .method = "POST",
    .path = "/v1/outbound-call-with-workflow/scheduler-entries",
    .verify = &verify,
    .look = "the scheduler entries of the service: nimbus.scheduler.list{serviceUpn=}",
};
