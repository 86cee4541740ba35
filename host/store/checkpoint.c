/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checkpoint.c: when the write-ahead log goes into the database, and what of the database the kernel keeps in memory.
 *
 * The history is written once and hardly ever read. Left alone, the kernel keeps all of it in its cache until memory is
 * full; every new page of that has to be found, which on a virtual machine took 10 us of each event's CPU time. So all
 * but the newest part of the file is given up after a checkpoint; it is read from the disk when somebody asks for it.
 *
 * Invariant: our descriptor is closed after SQLite's. All locks of a process on a file go when any of its descriptors
 * of that file is closed (POSIX, fcntl).
 */
#include "store/internal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHECKPOINT_PAGES = 2000, KEPT_BYTES = 256 << 20 };

static void give_up_old(const nf_database *db)
{
    struct stat file;
    if (db->file_fd >= 0 && fstat(db->file_fd, &file) == 0 && file.st_size > KEPT_BYTES)
        posix_fadvise(db->file_fd, 0, file.st_size - KEPT_BYTES, POSIX_FADV_DONTNEED);
}

static int on_commit(void *of_db, sqlite3 *handle, const char *name, int pages)
{
    if (pages >= CHECKPOINT_PAGES) {
        sqlite3_wal_checkpoint_v2(handle, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
        give_up_old(of_db);
    }
    return SQLITE_OK;
}

void nf_checkpoints_begin(nf_database *db)
{
    db->file_fd = open(db->path, O_RDONLY | O_CLOEXEC);
    sqlite3_wal_hook(db->writer, on_commit, db);
}

void nf_checkpoints_end(nf_database *db)
{
    if (db->file_fd >= 0)
        close(db->file_fd);
    db->file_fd = -1;
}
