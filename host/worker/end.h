/* SPDX-License-Identifier: Apache-2.0 */
/* end.h: telling the broker how a run or a load ended. On the loop's stack; the run's Lua state is
 * not touched. */
#ifndef NF_WORKER_END_H
#define NF_WORKER_END_H

#include "port.h"
#include "run.h"

/** Put END for a run, or LOADED for a load, and free its slot. */
void nf_end_run(nf_port *port, nf_run *run);
void nf_end_load(nf_port *port, nf_run *run);

/** There is no slot for the run or load that this frame asks for: it fails. */
void nf_end_refused(nf_port *port, const nf_frame *frame);

#endif
