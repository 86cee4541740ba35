/* SPDX-License-Identifier: Apache-2.0 */
/* fault.c: see fault.h. Counted under one mutex, so that the N-th time is the same one for all threads. */
#include "base/fault.h"

#ifdef NF_FAULT_POINTS

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MOST_FAULTS = 16 };

struct fault {
    char name[sizeof((nf_fault_count *)0)->name];
    uint64_t at;
    bool worker;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct fault faults[MOST_FAULTS];
static size_t fault_count;
static nf_fault_count *counts;
static size_t name_count;
static uint64_t all;
static bool ready;

static void read_faults(const char *text)
{
    while (text && *text && fault_count < MOST_FAULTS) {
        struct fault *f = &faults[fault_count];
        char unit[8] = "";
        unsigned long long at = 0;
        if (sscanf(text, "%55[^:,]:%llu:%7[a-z]", f->name, &at, unit) < 2) {
            fprintf(stderr, "NF_FAULT: '%s' is not NAME:N[:worker]\n", text);
            abort();
        }
        f->at = at;
        f->worker = strcmp(unit, "worker") == 0;
        fault_count++;
        text = strchr(text, ',');
        text = text ? text + 1 : NULL;
    }
}

/* The counts are in a file that is mapped, so they outlive a SIGKILL. */
static void map_counts(const char *path)
{
    size_t size = sizeof(nf_fault_count) * NF_FAULT_NAMES;
    int fd = path ? open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
    void *page = MAP_FAILED;
    if (fd >= 0 && ftruncate(fd, (off_t)size) == 0)
        page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd >= 0)
        close(fd);
    counts = page != MAP_FAILED ? page : calloc(NF_FAULT_NAMES, sizeof *counts);
    if (!counts)
        abort();
}

static nf_fault_count *count_of(const char *name)
{
    for (size_t i = 0; i < name_count; i++) {
        if (strcmp(counts[i].name, name) == 0)
            return &counts[i];
    }
    if (name_count == NF_FAULT_NAMES)
        abort();
    nf_fault_count *count = &counts[name_count++];
    snprintf(count->name, sizeof count->name, "%s", name);
    return count;
}

/* The workers are children of the thread that starts them, which is the first one. */
static void kill_workers(void)
{
    char path[64];
    int child;
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *children = fopen(path, "re");
    while (children && fscanf(children, "%d", &child) == 1)
        kill(child, SIGKILL);
    if (children)
        fclose(children);
}

static void die(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

void nf_fault_point(const char *name)
{
    pthread_mutex_lock(&mutex);
    if (!ready) {
        read_faults(getenv("NF_FAULT"));
        map_counts(getenv("NF_FAULT_COUNTS"));
        ready = true;
    }
    uint64_t reached = ++count_of(name)->reached;
    all++;
    for (size_t i = 0; i < fault_count; i++) {
        const struct fault *f = &faults[i];
        bool hit = strcmp(f->name, "*") == 0 ? f->at == all
                                             : f->at == reached && strcmp(f->name, name) == 0;
        if (hit && !f->worker)
            die();
        if (hit)
            kill_workers();
    }
    pthread_mutex_unlock(&mutex);
}

#endif
