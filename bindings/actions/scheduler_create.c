/* SPDX-License-Identifier: Apache-2.0 */
/* scheduler_create.c: nimbus.scheduler.create{...}: twice would be two calls, so it is never repeated by itself. */
#include "nf/fields.h"

static const char *const same[] = {"destination", "serviceUpn", NULL};

/* What is not due yet stays in the list of its service. */
static const nf_verify verify = {
    .path = "/v1/scheduler-entries?serviceUpn={serviceUpn}",
    .mark = "ReferenceId",
    .same = same,
    .due = "dueDateTimeUtc",
};

NF_ACTION(scheduler_create) = {
    .abi = NF_BINDING_ABI,
    .name = "nimbus.scheduler.create",
    .title = "Schedule a new outbound call",
    .doc = "Schedule an outbound call: queued to a user of the service, then dialled.",
    .params = nf_params_entry + 1,
    .returns = "the entry: schedulerEntryId and its fields",
    .operation = NF_OP_SCHEDULER_CREATE,
    .class = NF_UNSAFE,
    .owner = NF_OWNER_SERVICE,
    .scope_param = "serviceUpn",
    .sample = "{\"schedulerEntryId\":\"dry-run\"}",
    .method = "POST",
    .path = "/v1/scheduler-entries",
    .verify = &verify,
    .look = "the scheduler entries of the service: nimbus.scheduler.list{serviceUpn=}",
};
