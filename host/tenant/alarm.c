/* SPDX-License-Identifier: Apache-2.0 */
/* alarm.c: see alarm.h. */
#include "tenant/alarm.h"

#include "log/log.h"
#include "tenant/tenant.h"

void nf_tenant_alarm(nf_tenant *t, const char *kind, const char *connection, const char *text)
{
    nf_log_warn("alarm", "%s: %s%s%s: %s", t->config->name, kind, connection ? ": connection " : "",
                connection ? connection : "", text);
}
