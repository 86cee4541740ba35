/* SPDX-License-Identifier: Apache-2.0 */
/* nf/alarm.h: the kinds of alarms: what a person should know although no run has failed. */
#ifndef NF_API_ALARM_H
#define NF_API_ALARM_H

/* X(NAME, text, doc): `text` is what flows, metrics and people read. */
#define NF_ALARM_MAP(X)                                                                            \
    X(SIGN_IN_EXPIRED, "sign-in-expired", "the identity server wants a person to sign in again")   \
    X(RIGHT_LOST, "right-lost", "Nimbus refuses what the connection's user could do before")       \
    X(CONNECTION_DOWN, "connection-down", "Nimbus cannot be reached or does not answer")           \
    X(BREAKER_OPEN, "breaker-open",                                                                \
      "many requests in a row failed; only probes go out until one is answered")                   \
    X(SUBSCRIPTION_REMOVED, "subscription-removed",                                                \
      "Nimbus had dropped a subscription; it was made anew")                                       \
    X(SERVICE_SILENT, "service-silent", "no event for much longer than usual at this time")        \
    X(EVENTS_LOST, "events-lost", "events were refused, or waiting runs given up")                 \
    X(RUN_HELD, "run-held", "a run cannot go on without a person's decision")                      \
    X(FLOW_FAILING, "flow-failing", "several runs of a handler in a row did not end well")         \
    X(STORE_FAILING, "store-failing", "the database cannot be written")

typedef enum nf_alarm_kind {
#define X(name, text, doc) NF_ALARM_##name,
    NF_ALARM_MAP(X)
#undef X
        NF_ALARM_KINDS
} nf_alarm_kind;

#endif
