/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault_disk.h: a disk that a test lets fail, below SQLite. Only in builds with NF_FAULT_POINTS (base/fault.h).
 *
 *   NF_FAULT_DISK=FILE    the first word of FILE says how the disk is now: "works" (also without FILE), "full",
 *                         "broken" (no write and no sync succeeds), "unsynced" (no sync does), "sometimes" (one write
 *                         of ten fails), "readonly" (as broken, and what is opened is opened for reading)
 *   NF_FAULT_POWER=SEED   a SIGKILL is a power cut: what was not synced is lost, but for random sectors and parts of
 *                         sectors, as a disk may write in any order
 *   NF_FAULT_NO_SYNC=1    the database syncs nothing: then a test of power cuts must find losses
 *
 * Points: disk.write.before/after, disk.sync.before/middle/after, disk.truncate.
 */
#ifndef NF_STORE_FAULT_DISK_H
#define NF_STORE_FAULT_DISK_H

#include "base/fault.h"

#ifdef NF_FAULT_POINTS
/** From now on every database is on this disk; again is allowed. */
void nf_fault_disk_use(void);

/** Is the database not to sync? */
int nf_fault_disk_unsafe(void);
#else
#define nf_fault_disk_use()    ((void)0)
#define nf_fault_disk_unsafe() 0
#endif

#endif
