/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow_on_webhook.c: flow.on_webhook{path = "orders", secret = "orders", ...}: another system sends a signed request.
 */
#include "nf/binding.h"

static const nf_param event[] = {
    {"id", NF_STRING, false, "id of the request, as its sender gave it", NULL, 0, 0, 0},
    {"path", NF_STRING, false, "path of the webhook", NULL, 0, 0, 0},
    {"query", NF_STRING, false, "what stood behind the question mark", NULL, 0, 0, 0},
    {"contentType", NF_STRING, false, "content type of the request", NULL, 0, 0, 0},
    {"body", NF_VALUE, false, "the body: as JSON says, or the text as it came", NULL, 0, 0, 0},
    {0},
};

static const nf_param options[] = {
    {"path", NF_STRING, true, "last part of its address: /hooks/TENANT/PATH", NULL, 128, 0, 0},
    {"secret", NF_STRING, true,
     "name of the file in the tenant's folder secrets/ that holds the shared secret", NULL, 128, 0,
     0},
    {"scheme", NF_STRING, false,
     "\"standard\" (default): the headers webhook-id, webhook-timestamp, webhook-signature; \"body\": the "
     "header holds sha256= and the HMAC of the body",
     NULL, 16, 0, 0},
    {"header", NF_STRING, false,
     "header of the signature with scheme \"body\"; default: x-hub-signature-256", NULL, 64, 0, 0},
    {0},
};

static const nf_filter filters[] = {{0}};

NF_TRIGGER(flow_on_webhook) = {
    .abi = NF_BINDING_ABI,
    .name = "flow.on_webhook",
    .doc = "Starts a run for each signed request that another system sends.",
    .source = NF_FROM_WEBHOOK,
    .options = options,
    .filters = filters,
    .event = event,
    .urgency = NF_URGENCY_MAIL,
};
