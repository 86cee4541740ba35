/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c: nimflow-worker, the process that runs a tenant's scripts and can do nothing else.
 *
 * Started by the broker with a connected socket as descriptor 3 and a page of shared memory as
 * descriptor 4. It takes what it needs, builds the base image, locks itself down, says READY, and
 * serves until the socket closes (exit code 0).
 */
#include "cpu.h"
#include "fail.h"
#include "lockdown.h"
#include "loop.h"

#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* The same for every process: Lua seeds its string hashes with it, and equal seeds give equal
 * orders of pairs(). */
time_t __wrap_time(time_t *out);
time_t __wrap_time(time_t *out)
{
    if (out)
        *out = 0;
    return 0;
}

/* With both, table.sort chooses its pivots: the comparisons of a script must be the same ones in every process. */
clock_t __wrap_clock(void);
clock_t __wrap_clock(void)
{
    return 0;
}

/* The sanitizers' defaults do not go with own stacks and a fault handler of our own. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "use_sigaltstack=0:handle_segv=0:handle_sigbus=0:detect_stack_use_after_return=0:detect_"
           "leaks=0";
}

static nf_frame await(nf_port *port, nf_msg type, const char **payload)
{
    nf_frame frame;
    while (!nf_port_frame(port, &frame, payload)) {
        nf_port_wait(port, -1);
        if (!nf_port_read(port))
            _exit(0);
    }
    if (frame.type != type)
        nf_fail_protocol("message %u instead of %d", frame.type, (int)type);
    return frame;
}

static nf_worker_page *map_page(void)
{
    void *page = mmap(NULL, sizeof(nf_worker_page), PROT_READ | PROT_WRITE, MAP_SHARED,
                      NF_WORKER_PAGE_FD, 0);
    if (page == MAP_FAILED)
        nf_fail_start("descriptor 4 is not the shared page");
    return page;
}

int main(void)
{
    static nf_worker worker;
    const char *payload;
    if (!nf_port_open(&worker.port, NF_WORKER_FD))
        nf_fail_start("descriptor 3 is not the channel");
    nf_runs_init(map_page());
    if (!nf_cpu_init())
        nf_fail_start("timer and signals");
    nf_frame frame = await(&worker.port, NF_MSG_SETUP, &payload);
    nf_worker_build(&worker, payload, frame.size);
    frame = await(&worker.port, NF_MSG_LOCKDOWN, &payload);
    nf_lockdown(payload, frame.size);
    nf_port_begin(&worker.port, NF_MSG_READY, (uint16_t)nf_lockdown_landlock(), 0, 0);
    nf_port_flush(&worker.port);
    nf_worker_run(&worker);
}
