/* SPDX-License-Identifier: Apache-2.0 */
/* probe.h: does Nimbus take a connection's token? Asked after a sign-in and every few minutes. */
#ifndef NF_TENANT_PROBE_H
#define NF_TENANT_PROBE_H

#include "tenant/connection.h"

/** Ask now, then every few minutes. */
void nf_probe_start(nf_connection *connection);

/** Stop and free. */
void nf_probe_close(nf_connection *connection);

/** Is this answer a refusal of the user (401, 403)? Then `err` says it. */
bool nf_probe_refused(const nf_reply *reply, nf_error *err);

/** Result and age, for people. A new reference, JSON null before the first answer. */
json_t *nf_probe_status(const nf_connection *connection);

#endif
