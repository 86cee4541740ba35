/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault_disk.c: see fault_disk.h. A VFS of SQLite around the standard one.
 *
 * For power cuts each file is in memory as the programs see it (the page cache), and in the real file as the disk has
 * it. A sync makes them equal; the memory dies with the process. Which files exist is durable at once.
 */
#include "store/fault_disk.h"

#ifdef NF_FAULT_POINTS

#include "base/alloc.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { SECTOR = 512 };

/* One file as the programs see it. */
typedef struct cache {
    char *path;
    unsigned refs;
    char *bytes;
    bool *dirty; /* by sector: the disk may have something else */
    size_t size, capacity;
    size_t least; /* the smallest size since the last sync */
    struct cache *next;
} cache;

typedef struct file {
    sqlite3_file base;
    cache *cache;       /* NULL: not for power cuts */
    sqlite3_file *real; /* behind this struct */
} file;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static sqlite3_vfs *real_vfs, vfs;
static cache *caches;
static bool power;
static uint64_t random_state;

static sqlite3_file *real_of(sqlite3_file *f)
{
    return ((file *)f)->real;
}

static uint64_t draw(uint64_t below)
{
    random_state += 0x9E3779B97F4A7C15u; /* splitmix64 */
    uint64_t z = random_state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (z ^ (z >> 31)) % below;
}

static void read_state(char word[16])
{
    const char *path = getenv("NF_FAULT_DISK");
    FILE *state = path ? fopen(path, "re") : NULL;
    if (!state || fscanf(state, "%15s", word) != 1)
        snprintf(word, 16, "works");
    if (state)
        fclose(state);
}

static int state_now(bool sync)
{
    char word[16];
    read_state(word);
    if (strcmp(word, "full") == 0)
        return sync ? SQLITE_OK : SQLITE_FULL;
    if (strcmp(word, "broken") == 0 || strcmp(word, "readonly") == 0)
        return sync ? SQLITE_IOERR_FSYNC : SQLITE_IOERR_WRITE;
    if (strcmp(word, "unsynced") == 0)
        return sync ? SQLITE_IOERR_FSYNC : SQLITE_OK;
    if (strcmp(word, "sometimes") == 0 && !sync && draw(10) == 0)
        return SQLITE_IOERR_WRITE;
    return SQLITE_OK;
}

/* ---- the page cache ---- */

static void reserve(cache *c, size_t size)
{
    size_t capacity = c->capacity ? c->capacity : 65536;
    while (capacity < size)
        capacity *= 2;
    if (capacity == c->capacity)
        return;
    c->bytes = nf_realloc(c->bytes, capacity);
    c->dirty = nf_realloc(c->dirty, capacity / SECTOR);
    memset(c->bytes + c->capacity, 0, capacity - c->capacity);
    memset(c->dirty + c->capacity / SECTOR, 0, (capacity - c->capacity) / SECTOR);
    c->capacity = capacity;
}

static cache *find_cache(const char *path)
{
    cache *c;
    LL_FOREACH (caches, c) {
        if (strcmp(c->path, path) == 0)
            break;
    }
    return c;
}

static cache *open_cache(const char *path, sqlite3_file *real)
{
    cache *c = find_cache(path);
    sqlite3_int64 size = 0;
    if (!c) {
        c = nf_alloc(sizeof *c);
        c->path = nf_strdup(path);
        real->pMethods->xFileSize(real, &size);
        reserve(c, (size_t)size);
        if (size)
            real->pMethods->xRead(real, c->bytes, (int)size, 0);
        c->size = c->least = (size_t)size;
        LL_PREPEND(caches, c);
    }
    c->refs++;
    return c;
}

static void drop_cache(cache *c)
{
    LL_DELETE(caches, c);
    free(c->path);
    free(c->bytes);
    free(c->dirty);
    free(c);
}

static int put_sector(cache *c, sqlite3_file *real, size_t sector, size_t len)
{
    size_t at = sector * SECTOR;
    if (at >= c->size)
        return SQLITE_OK;
    len = len < c->size - at ? len : c->size - at;
    return real->pMethods->xWrite(real, c->bytes + at, (int)len, (sqlite3_int64)at);
}

/* As the disk pleases: some sectors of a write reach it before any sync, and parts of others. */
static void put_early(cache *c, sqlite3_file *real, size_t from, size_t to)
{
    for (size_t sector = from / SECTOR; sector * SECTOR < to; sector++) {
        uint64_t fate = draw(8);
        if (fate < 2)
            put_sector(c, real, sector, fate == 0 ? SECTOR : (size_t)draw(SECTOR) + 1);
    }
}

/* From here on memory and disk are the same; between the two halves the power may go. */
static int put_all(cache *c, sqlite3_file *real)
{
    sqlite3_int64 size = 0;
    int rc = real->pMethods->xFileSize(real, &size);
    if (rc == SQLITE_OK && c->least < (size_t)size)
        rc = real->pMethods->xTruncate(real, (sqlite3_int64)c->least);
    for (int half = 0; half < 2; half++) {
        for (size_t sector = 0; sector * SECTOR < c->size && rc == SQLITE_OK; sector++) {
            if (c->dirty[sector] && (half || draw(2))) {
                rc = put_sector(c, real, sector, SECTOR);
                c->dirty[sector] = rc != SQLITE_OK;
            }
        }
        if (!half)
            nf_fault_point("disk.sync.middle");
    }
    c->least = c->size;
    return rc;
}

/* ---- the methods of a file ---- */

static int on_close(sqlite3_file *f)
{
    file *own = (file *)f;
    pthread_mutex_lock(&mutex);
    if (own->cache && --own->cache->refs == 0) {
        put_all(own->cache, own->real);
        drop_cache(own->cache);
    }
    pthread_mutex_unlock(&mutex);
    return own->real->pMethods->xClose(own->real);
}

static int on_read(sqlite3_file *f, void *out, int n, sqlite3_int64 at)
{
    cache *c = ((file *)f)->cache;
    if (!c)
        return real_of(f)->pMethods->xRead(real_of(f), out, n, at);
    pthread_mutex_lock(&mutex);
    size_t from = (size_t)at, len = (size_t)n;
    size_t there = from >= c->size ? 0 : len < c->size - from ? len : c->size - from;
    memcpy(out, c->bytes + from, there);
    memset((char *)out + there, 0, len - there);
    pthread_mutex_unlock(&mutex);
    return there < len ? SQLITE_IOERR_SHORT_READ : SQLITE_OK;
}

static void write_cached(file *own, const void *bytes, size_t len, size_t at)
{
    cache *c = own->cache;
    reserve(c, at + len);
    if (at > c->size) /* the gap reads as zeros, whatever was there before */
        memset(c->bytes + c->size, 0, at - c->size);
    for (size_t sector = (at > c->size ? c->size : at) / SECTOR; sector * SECTOR < at + len;
         sector++)
        c->dirty[sector] = true;
    memcpy(c->bytes + at, bytes, len);
    if (at + len > c->size)
        c->size = at + len;
    put_early(c, own->real, at, at + len);
}

static int on_write(sqlite3_file *f, const void *bytes, int n, sqlite3_int64 at)
{
    file *own = (file *)f;
    nf_fault_point("disk.write.before");
    int rc = state_now(false);
    if (rc == SQLITE_OK && own->cache) {
        pthread_mutex_lock(&mutex);
        write_cached(own, bytes, (size_t)n, (size_t)at);
        pthread_mutex_unlock(&mutex);
    } else if (rc == SQLITE_OK) {
        rc = own->real->pMethods->xWrite(own->real, bytes, n, at);
    }
    nf_fault_point("disk.write.after");
    return rc;
}

static int on_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    cache *c = ((file *)f)->cache;
    nf_fault_point("disk.truncate");
    if (!c)
        return real_of(f)->pMethods->xTruncate(real_of(f), size);
    pthread_mutex_lock(&mutex);
    if ((size_t)size < c->size) {
        memset(c->bytes + size, 0, c->size - (size_t)size);
        c->size = (size_t)size;
    }
    if (c->size < c->least)
        c->least = c->size;
    pthread_mutex_unlock(&mutex);
    return SQLITE_OK;
}

static int on_sync(sqlite3_file *f, int flags)
{
    file *own = (file *)f;
    nf_fault_point("disk.sync.before");
    int rc = state_now(true);
    if (rc == SQLITE_OK && own->cache) {
        pthread_mutex_lock(&mutex);
        rc = put_all(own->cache, own->real);
        pthread_mutex_unlock(&mutex);
    } else if (rc == SQLITE_OK) {
        rc = own->real->pMethods->xSync(own->real, flags);
    }
    nf_fault_point("disk.sync.after");
    return rc;
}

static int on_size(sqlite3_file *f, sqlite3_int64 *size)
{
    cache *c = ((file *)f)->cache;
    if (!c)
        return real_of(f)->pMethods->xFileSize(real_of(f), size);
    pthread_mutex_lock(&mutex);
    *size = (sqlite3_int64)c->size;
    pthread_mutex_unlock(&mutex);
    return SQLITE_OK;
}

/* The rest is the real file's: locks, and the shared memory, which SQLite makes anew after a crash. */
static int on_lock(sqlite3_file *f, int kind)
{
    return real_of(f)->pMethods->xLock(real_of(f), kind);
}

static int on_unlock(sqlite3_file *f, int kind)
{
    return real_of(f)->pMethods->xUnlock(real_of(f), kind);
}

static int on_check_lock(sqlite3_file *f, int *out)
{
    return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out);
}

/* A hint that the file will grow would change the real one only. */
static int on_control(sqlite3_file *f, int operation, void *arg)
{
    if (((file *)f)->cache && operation == SQLITE_FCNTL_SIZE_HINT)
        return SQLITE_OK;
    return real_of(f)->pMethods->xFileControl(real_of(f), operation, arg);
}

static int on_sector(sqlite3_file *f)
{
    return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int on_device(sqlite3_file *f)
{
    return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

static int on_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
    return real_of(f)->pMethods->xShmMap(real_of(f), page, size, extend, out);
}

static int on_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
    return real_of(f)->pMethods->xShmLock(real_of(f), offset, n, flags);
}

static void on_shm_barrier(sqlite3_file *f)
{
    real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static int on_shm_unmap(sqlite3_file *f, int remove)
{
    return real_of(f)->pMethods->xShmUnmap(real_of(f), remove);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2, /* no memory-mapped pages */
    .xClose = on_close,
    .xRead = on_read,
    .xWrite = on_write,
    .xTruncate = on_truncate,
    .xSync = on_sync,
    .xFileSize = on_size,
    .xLock = on_lock,
    .xUnlock = on_unlock,
    .xCheckReservedLock = on_check_lock,
    .xFileControl = on_control,
    .xSectorSize = on_sector,
    .xDeviceCharacteristics = on_device,
    .xShmMap = on_shm_map,
    .xShmLock = on_shm_lock,
    .xShmBarrier = on_shm_barrier,
    .xShmUnmap = on_shm_unmap,
};

/* ---- the VFS ---- */

static int on_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out)
{
    file *own = (file *)f;
    char word[16];
    (void)v;
    read_state(word);
    if (strcmp(word, "readonly") == 0)
        flags = (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) | SQLITE_OPEN_READONLY;
    memset(own, 0, sizeof *own);
    own->real = (sqlite3_file *)(own + 1);
    int rc = real_vfs->xOpen(real_vfs, name, own->real, flags, out);
    if (rc != SQLITE_OK)
        return rc;
    own->base.pMethods = &methods;
    pthread_mutex_lock(&mutex);
    if (power && name
        && (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)))
        own->cache = open_cache(name, own->real);
    pthread_mutex_unlock(&mutex);
    return SQLITE_OK;
}

void nf_fault_disk_use(void)
{
    const char *seed = getenv("NF_FAULT_POWER");
    power = seed != NULL;
    random_state = seed ? strtoull(seed, NULL, 10) : 1;
    if (real_vfs)
        return;
    real_vfs = sqlite3_vfs_find(NULL);
    vfs = *real_vfs; /* what is not a file's affair stays as it is */
    vfs.zName = "fault";
    vfs.szOsFile = (int)sizeof(file) + real_vfs->szOsFile;
    vfs.xOpen = on_open;
    sqlite3_vfs_register(&vfs, 1);
}

int nf_fault_disk_unsafe(void)
{
    return getenv("NF_FAULT_NO_SYNC") != NULL;
}

#endif
