/* SPDX-License-Identifier: Apache-2.0 */
/* alarm.h: something that a person should hear of, although no run failed by it. */
#ifndef NF_TENANT_ALARM_H
#define NF_TENANT_ALARM_H

struct nf_tenant;

/** Raise an alarm: "sign-in-expired", "right-lost", "connection-down"; `connection` may be NULL. Texts are borrowed. */
void nf_tenant_alarm(struct nf_tenant *tenant, const char *kind, const char *connection,
                     const char *text);

#endif
