/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protocol.h: the messages between the broker and a worker.
 *
 * A frame is a 16-byte head and `size` bytes of payload, in the machine's own byte order (both ends are one build on
 * one machine), over a stream socketpair. Payloads are a fixed struct, then bytes. Structs are copied out of the buffer
 * before use (no alignment is promised). The broker treats every byte from a worker as hostile; the worker trusts the
 * broker. No libc state: both sides include this.
 *
 * A worker's life: SETUP, LOCKDOWN -> READY; then any number of LOAD -> LOADED, START -> EFFECT, RESULT, … -> END.
 */
#ifndef NF_CHANNEL_PROTOCOL_H
#define NF_CHANNEL_PROTOCOL_H

#include "base/budget.h"

#include <stdint.h>

enum {
    NF_WORKER_FD = 3,           /* the channel in a worker */
    NF_WORKER_PAGE_FD = 4,      /* a page shared with the broker: struct nf_worker_page */
    NF_WORKER_RUNS_MAX = 10000, /* at one time, with loads; more break the protocol */
    NF_WORKER_NICE = 5, /* the broker comes first; the kernel shares the rest between tenants */
    NF_ALIVE_MS = 200,
    NF_FRAME_MAX = 4 << 20 /* largest payload; a larger one breaks the protocol */
};

typedef enum nf_msg {
    /* broker to worker */
    NF_MSG_SETUP = 1, /* payload: the surface as JSON, see below */
    NF_MSG_LOCKDOWN, /* payload: a seccomp BPF program (array of struct sock_filter); empty: none */
    NF_MSG_LOAD,     /* id: version; payload: nf_msg_load, then file name (name_len), then source */
    NF_MSG_UNLOAD,   /* id: version; runs of it go on to their end */
    NF_MSG_START,    /* id: run; payload: nf_msg_start, then the event's JSON (may be empty: nil) */
    NF_MSG_RESULT, /* id: run; aux: 0 result, 1 error; payload: nf_msg_result, JSON (empty: nil) */
    NF_MSG_CANCEL, /* id: run; aux: the outcome it shall end with */
    NF_MSG_LIMITS, /* id: run; payload: nf_limits, in force from its next slice; the run may have ended */
    NF_MSG_PAUSE, /* aux 1: no slice begins (deadlines still end runs), 0: go on */

    /* worker to broker */
    NF_MSG_READY = 64, /* locked down and ready; aux: the version of Landlock, 0: none */
    NF_MSG_LOADED,     /* id: version; aux: 0 loaded, 1 failed; payload: JSON, see below */
    NF_MSG_EFFECT, /* id: run; aux 1: all of the run waits now, 0: branches of it go on; payload: nf_msg_effect, where
                      (where_len), arguments as JSON */
    NF_MSG_END,   /* id: run; aux: outcome; payload: nf_msg_end, then result, error, log as JSON */
    NF_MSG_ALIVE, /* nothing else was said for NF_ALIVE_MS while a run used the CPU */
    NF_MSG_WAITS, /* id: run; a branch ended, and all others wait; payload: nf_msg_waits */
} nf_msg;

typedef struct nf_frame {
    uint32_t size; /* of the payload */
    uint16_t type; /* nf_msg */
    uint16_t aux;
    uint64_t id;
} nf_frame;

/*
 * SETUP's JSON, made from the descriptors of all bindings:
 * {"actions":  [{"name": "nimbus.tasks.update", "params": ["taskId", ...], "positional": 0,
 *                "several": false}, ...],
 *  "triggers": [{"name": "nimbus.on_task", "filters": ["services", ...],
 *                "event": "{\"taskId\": true, \"taskInformation\": {\"customer\": {...}, ...}}"}]}
 * An action's index in the list is its number in EFFECT. "event" is JSON as a text, needed only by flows that declare
 * the trigger: true is a scalar, an object a nested record, a
 * list with one object a list of records.
 */

typedef enum nf_load_flag {
    NF_LOAD_SCRIPT = 1, /* the file is the handler: no triggers, any globals */
} nf_load_flag;

typedef struct nf_msg_load {
    uint32_t flags;
    uint32_t name_len;
    nf_limits limits; /* of the load itself */
    int64_t now_ms;   /* wall clock */
} nf_msg_load;

/*
 * LOADED's JSON: {"handlers": [{"trigger": "nimbus.on_task", "name": "...", "line": 2, "filters": {"services": [...]},
 * "limits": {"cpu": "500ms"}}], "usage": {...}}, or {"message": "...", "where": "flows/x.lua:12", "kind": "..."}.
 */

typedef struct nf_msg_start {
    uint64_t version;
    uint32_t handler; /* index in LOADED's list; 0 for a script */
    uint32_t
        trigger; /* index in SETUP's triggers, for the event's fields; UINT32_MAX: plain table */
    uint64_t seed
        [4]; /* of math.random: from the run's id, so that a resumed run draws the same numbers */
    int64_t now_ms; /* wall clock: what os.time gives until the next message */
    nf_limits limits;
} nf_msg_start;

typedef struct nf_msg_result {
    uint32_t number; /* of the effect */
    uint32_t reserved;
    int64_t now_ms;
} nf_msg_result;

/* RESULT with aux 1: {"kind": "denied", "message": "...", "status": 403, "retryable": false, "hint": ""} */

typedef struct nf_msg_effect {
    uint32_t number; /* 1, 2, 3 … within the run; several may be under way at one time (flow.all) */
    uint32_t action; /* index in SETUP's actions */
    uint32_t where_len;
    uint32_t given; /* results that had reached the run */
} nf_msg_effect;

typedef struct nf_msg_waits {
    uint32_t given;
    uint32_t reserved;
} nf_msg_waits;

typedef struct nf_msg_end {
    nf_usage usage;  /* times in whole ms, rounded up */
    uint64_t cpu_ns; /* the CPU time as it was counted, for sums */
    uint32_t result_len, error_len, log_len, reserved;
} nf_msg_end;

/*
 * END's JSON: result: any value, or empty; with outcome skipped the reason as a string.
 * error: empty, or {"message", "where", "kind", "traceback": [...]}. For a budget the message names both numbers and
 * who set the limit; with over-cpu there is also "cpu_lines": [{"line": 12, "ms": 840}, ...], where most of the time
 * went. log: a list of {"level": "info", "text": "...", "line": 12}.
 */

/* The worker writes which run is on the CPU, so that the broker knows it when the worker dies; 0: none. */
typedef struct nf_worker_page {
    uint64_t running;    /* run id; written and read as one aligned word */
    uint64_t longest_ns; /* CPU time of the longest slice so far, for tests */
} nf_worker_page;

#endif
