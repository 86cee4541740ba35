/* SPDX-License-Identifier: Apache-2.0 */
/* assistant_data.c: nimbus.assistant.data{...} */
#include "nf/fields.h"

static const nf_param params[] = {
    {"serviceSessionId", NF_STRING, true, "id of the service session, from the event", NULL,
     NF_ID_MAX, 0, 0},
    {"dataType", NF_STRING, true, "which data, as the event names it", NULL, NF_ID_MAX, 0, 0},
    {"userSessionId", NF_STRING, false, "id of the user session, from the event", NULL, NF_ID_MAX,
     0, 0},
    {"serviceUpn", NF_UPN, false,
     "service of the session; only needed when this host has not seen it before", NULL, 0, 0, 0},
    {0},
};

NF_ACTION(assistant_data) = {
    .abi = NF_BINDING_ABI,
    .name = "nimbus.assistant.data",
    .title = "Get Data from Virtual Task Assistant",
    .doc = "Get what the virtual task assistant knows of a session: its transcription or summary.",
    .params = params,
    .returns = "the data, as Nimbus gives it",
    .operation = NF_OP_ASSISTANT_DATA,
    .class = NF_READ,
    .owner = NF_OWNER_ENTRY,
    .scope_param = "serviceSessionId",
    .sample = "{}",
    .method = "GET",
    .path = "/v1/virtual-assistant/{serviceSessionId}/transcriptionData/{dataType}{?userSessionId}",
};
