/* SPDX-License-Identifier: Apache-2.0 */
/* lookups_test_connection.c: nimbus.lookups.test_connection() */
#include "nf/binding.h"

static const nf_param params[] = {{0}};

static void on_reply(nf_call *call, const nf_reply *reply)
{
    if (reply->status == 200)
        nf_call_resolve(call, json_true());
    else
        nf_call_reject_reply(call, reply);
}

NF_ACTION(lookups_test_connection) = {
    .abi = NF_BINDING_ABI,
    .name = "nimbus.lookups.test_connection",
    .doc = "Ask Nimbus whether it accepts the connection; an error says why not.",
    .params = params,
    .returns = "true",
    .operation = NF_OP_LOOKUP,
    .class = NF_READ,
    .owner = NF_OWNER_TENANT,
    .sample = "true",
    .method = "GET",
    .path = "/v1/diagnostics/testconnection",
    .on_reply = on_reply,
};
