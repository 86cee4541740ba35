/* SPDX-License-Identifier: Apache-2.0 */
/* load_usage.c: what a process and its children use, and the whole machine, from /proc. */
#include "load.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum { PROCESSES_MAX = 256 };

static size_t read_file(const char *path, char *out, size_t size)
{
    FILE *file = fopen(path, "r");
    size_t len = file ? fread(out, 1, size - 1, file) : 0;
    if (file)
        fclose(file);
    out[len] = 0;
    return len;
}

static int parent_of(int pid)
{
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    read_file(path, text, sizeof text);
    const char *name_end = strrchr(text, ')'); /* the name may hold anything */
    int parent = 0;
    if (name_end)
        sscanf(name_end + 1, " %*c %d", &parent);
    return parent;
}

/* On-CPU time of all threads, in ns. */
static uint64_t cpu_of(int pid)
{
    char path[sizeof "/proc//task//schedstat" + 300], text[128];
    uint64_t total = 0;
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *tasks = opendir(path);
    for (struct dirent *entry; tasks && (entry = readdir(tasks)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", pid, entry->d_name);
        read_file(path, text, sizeof text);
        total += strtoull(text, NULL, 10);
    }
    if (tasks)
        closedir(tasks);
    return total;
}

static uint64_t rss_of(int pid)
{
    char path[64], text[4096];
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    read_file(path, text, sizeof text);
    const char *line = strstr(text, "VmRSS:");
    return line ? strtoull(line + 6, NULL, 10) : 0;
}

/* The process and everything below it. */
static size_t family(int pid, int out[PROCESSES_MAX])
{
    size_t count = 0;
    out[count++] = pid;
    bool grown = true;
    while (grown) { /* once more for children whose parent came later in the folder */
        grown = false;
        DIR *proc = opendir("/proc");
        for (struct dirent *entry; proc && (entry = readdir(proc)) != NULL;) {
            int child = atoi(entry->d_name), parent = child > 0 ? parent_of(child) : 0;
            bool known = false, wanted = false;
            for (size_t i = 0; i < count; i++) {
                known = known || out[i] == child;
                wanted = wanted || (parent && out[i] == parent);
            }
            if (wanted && !known && count < PROCESSES_MAX) {
                out[count++] = child;
                grown = true;
            }
        }
        if (proc)
            closedir(proc);
    }
    return count;
}

/* user nice system idle iowait irq softirq steal: everything but idle and iowait, of all cores */
static uint64_t machine_busy(void)
{
    char text[512];
    unsigned long long v[8] = {0};
    read_file("/proc/stat", text, sizeof text);
    sscanf(text, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &v[0], &v[1], &v[2], &v[3], &v[4],
           &v[5], &v[6], &v[7]);
    uint64_t ticks = v[0] + v[1] + v[2] + v[5] + v[6] + v[7];
    return ticks * (1000000000u / (uint64_t)sysconf(_SC_CLK_TCK));
}

usage usage_now(int pid)
{
    int all[PROCESSES_MAX];
    usage u = {.at_ns = now_ns(), .own_ns = cpu_of(getpid()), .machine_ns = machine_busy()};
    size_t count = pid ? family(pid, all) : 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t rss = rss_of(all[i]);
        u.processes += rss > 0;
        u.rss_kib += rss;
        u.cpu_ns += cpu_of(all[i]);
    }
    return u;
}

double usage_foreign_percent(const usage *before, const usage *after)
{
    double ours =
        (double)(after->cpu_ns - before->cpu_ns) + (double)(after->own_ns - before->own_ns);
    double all = (double)(after->machine_ns - before->machine_ns);
    double percent = 100 * (all - ours) / (double)(after->at_ns - before->at_ns);
    return percent > 0 ? percent : 0;
}
