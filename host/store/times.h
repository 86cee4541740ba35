/* SPDX-License-Identifier: Apache-2.0 */
/* times.h: where the time of a run went, from what is recorded of it. */
#ifndef NF_STORE_TIMES_H
#define NF_STORE_TIMES_H

#include <jansson.h>
#include <stdint.h>

/**
 * Split the time from the event to the end of a run, in ms:
 *
 *   total = queued + run, run >= effects + asleep
 *   queued    from the event to the start of the (last) attempt: lane, caps, workers
 *   effects   at least one effect was under way that is no sleep (those of flow.all overlap: it counts once)
 *   asleep    nothing was under way but flow.sleep
 *   cpu       CPU time of the script
 *   other     what is left of run: waiting for the processor, for the disk, for the worker
 *
 * `detail` is the run's, with "effects" and "usage". A new reference; NULL when it has not started.
 */
json_t *nf_run_times(int64_t received_ms, int64_t started_ms, int64_t ended_ms,
                     const json_t *detail);

#endif
