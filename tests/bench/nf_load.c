/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nf_load.c: nf-load [--port PORT] [--services COUNT] [--write-list FILE]: see load.h. Commands
 * come as lines on standard input, each answered by one JSON line:
 *   wait SECONDS            until a callback is registered
 *   pid PID                 whose usage is reported: this process and its children
 *   usage                   what they use now
 *   closed COUNT SECONDS    a round with COUNT events outstanding
 *   answers COUNT SECONDS   the same of events that are only answered
 *   open RATE SECONDS       a round with RATE events a second
 */
#include "load.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void load_poll(load *l, int ms)
{
    struct epoll_event events[256];
    int n = epoll_wait(l->epoll, events, 256, ms);
    for (int i = 0; i < n; i++) {
        load_source *s = events[i].data.ptr;
        s->ready(l, s, events[i].events);
    }
}

static void on_timer(load *l, load_source *source, uint32_t events)
{
    uint64_t count;
    (void)l, (void)events;
    if (read(source->fd, &count, sizeof count) < 0)
        return; /* it was set anew meanwhile */
}

static void wait_for_registration(load *l, double seconds)
{
    uint64_t deadline = now_ns() + (uint64_t)(seconds * 1e9);
    while (l->registrations == 0 && now_ns() < deadline)
        load_poll(l, 10);
    printf("{\"registrations\":%d,\"port\":%d}\n", l->registrations, l->callback_port);
    fflush(stdout);
}

static void report_usage(load *l)
{
    usage u = usage_now(l->pid);
    printf(
        "{\"rss_kib\":%llu,\"processes\":%d,\"cpu_ns\":%llu,\"own_ns\":%llu,\"machine_ns\":%llu}\n",
        (unsigned long long)u.rss_kib, u.processes, (unsigned long long)u.cpu_ns,
        (unsigned long long)u.own_ns, (unsigned long long)u.machine_ns);
    fflush(stdout);
}

static void run_command(load *l, const char *line)
{
    double seconds;
    unsigned long long amount;
    if (sscanf(line, "wait %lf", &seconds) == 1)
        wait_for_registration(l, seconds);
    else if (sscanf(line, "pid %d", &l->pid) == 1 || strcmp(line, "usage") == 0)
        report_usage(l);
    else if (sscanf(line, "closed %llu %lf", &amount, &seconds) == 2 && amount >= 1
             && amount <= 4096)
        round_run(l, ROUND_CLOSED, amount, seconds);
    else if (sscanf(line, "answers %llu %lf", &amount, &seconds) == 2 && amount >= 1
             && amount <= 4096)
        round_run(l, ROUND_ANSWERS, amount, seconds);
    else if (sscanf(line, "open %llu %lf", &amount, &seconds) == 2 && amount >= 1
             && amount <= 100000)
        round_run(l, ROUND_OPEN, amount, seconds);
    else {
        printf("{\"error\":\"unknown command\"}\n");
        fflush(stdout);
    }
}

/* Only taken in here: a command polls itself, which must not happen inside of a poll. */
static void on_command(load *l, load_source *source, uint32_t events)
{
    (void)events;
    ssize_t n =
        read(source->fd, l->command + l->command_len, sizeof l->command - 1 - l->command_len);
    if (n > 0)
        l->command_len += (size_t)n;
    else
        l->ending = true;
}

static void run_commands(load *l)
{
    char line[sizeof l->command];
    for (char *end; (end = memchr(l->command, '\n', l->command_len)) != NULL;) {
        size_t len = (size_t)(end - l->command);
        memcpy(line, l->command, len);
        line[len] = 0;
        l->command_len -= len + 1;
        memmove(l->command, end + 1, l->command_len);
        run_command(l, line);
    }
}

static void watch(load *l, load_source *s)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = s};
    epoll_ctl(l->epoll, EPOLL_CTL_ADD, s->fd, &event);
}

static int write_list(const char *path)
{
    FILE *out = fopen(path, "w");
    if (!out) {
        perror(path);
        return 1;
    }
    event_write_list(out);
    return fclose(out) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    static load l;
    int port = 0;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--write-list") == 0)
            return write_list(argv[i + 1]);
        if (strcmp(argv[i], "--port") == 0)
            port = atoi(argv[i + 1]);
        if (strcmp(argv[i], "--services") == 0)
            l.services = atoi(argv[i + 1]);
    }
    signal(SIGPIPE, SIG_IGN);
    l.epoll = epoll_create1(EPOLL_CLOEXEC);
    l.events = malloc(EVENTS_MAX * sizeof *l.events);
    l.next_number = (uint64_t)time(NULL) % 100000
                    * 1000000; /* other numbers than the last time, for the same data */
    l.timer = (load_source){timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), on_timer};
    l.commands = (load_source){0, on_command};
    port = stub_listen(&l, port);
    if (port < 0 || !l.events) {
        perror("nf-load");
        return 1;
    }
    watch(&l, &l.timer);
    watch(&l, &l.commands);
    printf("{\"port\":%d}\n", port);
    fflush(stdout);
    while (!l.ending) {
        load_poll(&l, 1000);
        run_commands(&l);
    }
    stub_close(&l);
    close(l.timer.fd);
    close(l.epoll);
    free(l.events);
    return 0;
}
