/* SPDX-License-Identifier: Apache-2.0 */
/* start.h: POST /v1/tenants/NAME/start: a person starts a handler. */
#ifndef NF_ADMIN_START_H
#define NF_ADMIN_START_H

#include "admin/admin.h"

/**
 * {"handler": NAME, "event": {...}?}: for flow.manual the event is what the flow finds as event.input, for every other
 * trigger it is the event. Answers 202 {"run": ID} when the event is durable.
 */
void nf_admin_start(nf_tenant *tenant, nf_http_exchange *x);

#endif
