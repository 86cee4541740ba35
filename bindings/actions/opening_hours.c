/* SPDX-License-Identifier: Apache-2.0 */
/* opening_hours.c: nimbus.opening_hours(service, {time=}): the answer is one word, as JSON or as it is. */
#include "nf/fields.h"

static const nf_param params[] = {
    {"serviceUpn", NF_UPN, true, "UPN of the service", NULL, 0, 0, 0},
    {"time", NF_TIME, false, "when, in UTC; none: now", NULL, 0, 0, 0},
    {0},
};

static void on_reply(nf_call *call, const nf_reply *reply)
{
    if (reply->status != 200) {
        nf_call_reject_reply(call, reply);
        return;
    }
    json_t *word = json_loadb(reply->body, reply->len, JSON_DECODE_ANY, NULL);
    nf_call_resolve(call, word ? word : json_stringn(reply->body, reply->len));
}

NF_ACTION(opening_hours) = {
    .abi = NF_BINDING_ABI,
    .name = "nimbus.opening_hours",
    .title = "Get opening hours",
    .doc = "Say whether a service is open, now or at a given time.",
    .params = params,
    .positional = 1,
    .returns = "text: None, Open, Closed, Holiday, Special, Special2, Special3 or Special4",
    .operation = NF_OP_OPENING_HOURS,
    .class = NF_READ,
    .owner = NF_OWNER_SERVICE,
    .scope_param = "serviceUpn",
    .sample = "\"Open\"",
    .method = "GET",
    .path = "/v1/service-check/opening-hours{?serviceUpn,time}",
    .on_reply = on_reply,
};
