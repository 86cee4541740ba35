/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_round.c: sending events and counting what comes back.
 *
 * Closed loop: each connection has one event outstanding, from its request until both the answer
 * and the update are there. Open loop: events are due at fixed moments; latency counts from then,
 * so a host that stalls cannot hide it. An event that finds no free connection is sent late, at its
 * own cost. Answers only: a closed loop of events that nobody wants or may have; the answer is all
 * that comes of them.
 */
#include "load.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

static void on_client(load *l, load_source *source, uint32_t events);

static bool client_open(load *l, client *c)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)l->callback_port)};
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        return false;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    c->stream.source = (load_source){fd, on_client};
    c->connected = true;
    stream_watch(l, &c->stream);
    return true;
}

bool clients_open(load *l, size_t count)
{
    l->clients = calloc(count, sizeof *l->clients);
    l->client_count = count;
    for (size_t i = 0; i < count; i++)
        if (!client_open(l, &l->clients[i]))
            return false;
    return true;
}

void clients_close(load *l)
{
    for (size_t i = 0; i < l->client_count; i++)
        if (l->clients[i].connected)
            stream_close(&l->clients[i].stream);
    free(l->clients);
    l->clients = NULL;
    l->client_count = 0;
}

static load_event *event_at(load *l, uint64_t number)
{
    bool known = number >= l->round.first && number < l->round.first + l->round.sent;
    return known ? &l->events[number - l->round.first] : NULL;
}

static void send_event(load *l, client *c, uint64_t due_ns)
{
    char body[4096], head[800];
    round_state *r = &l->round;
    c->number = r->first + r->sent++;
    size_t len = event_body(c->number, body);
    int n = snprintf(head, sizeof head,
                     "POST %s HTTP/1.1\r\nHost: %s:%d\r\nContent-Type: "
                     "application/json\r\nContent-Length: %zu\r\n\r\n",
                     l->callback_path, l->callback_host, l->callback_port, len);
    *event_at(l, c->number) =
        (load_event){.sent_ns = due_ns, .slot = (uint16_t)(c - l->clients), .state = EVENT_SENT};
    c->answering = true;
    c->busy = !r->open_loop && !r->answers;
    stream_put(&c->stream, head, (size_t)n);
    stream_put(&c->stream, body, len);
    stream_write(l, &c->stream);
}

static void finish(load *l, load_event *e)
{
    uint64_t now = now_ns();
    e->state = EVENT_DONE;
    e->latency_us = (uint32_t)((now - e->sent_ns) / 1000);
    l->round.done++;
    l->round.done_in_time += now <= l->round.stop_ns;
}

static void take_answer(load *l, client *c, const message *m)
{
    c->answering = false;
    if (m->head_len > 12 && m->head[9] == '2') {
        l->round.answered++;
        if (l->round.answers)
            finish(l, event_at(l, c->number));
    } else {
        if (l->round.refused++ == 0)
            fprintf(stderr, "nf-load: %.*s\n", (int)strcspn(m->head, "\r"), m->head);
        c->busy = false; /* no update will come */
    }
}

static void on_client(load *l, load_source *source, uint32_t events)
{
    client *c = (client *)source;
    message m;
    int whole = 0;
    bool open = !(events & EPOLLIN) || stream_read(&c->stream);
    while (c->stream.in_len > 0 && (whole = stream_message(&c->stream, &m)) > 0) {
        take_answer(l, c, &m);
        stream_consume(&c->stream, m.size);
    }
    if (open && whole >= 0 && stream_write(l, &c->stream))
        return;
    if (c->answering)
        l->round.refused++;
    stream_close(&c->stream);
    *c = (client){0};
    client_open(l, c);
}

void round_update(load *l, const char *id, size_t id_len, const char *body, size_t body_len)
{
    round_state *r = &l->round;
    uint64_t number = event_number(id, id_len);
    load_event *e = event_at(l, number);
    if (!e || r->answers) {
        r->wrong++;
        return;
    }
    if (e->state != EVENT_SENT) {
        r->doubled++;
        return;
    }
    finish(l, e);
    if (!event_update_fits(number, body, body_len) && r->wrong++ == 0)
        fprintf(stderr, "nf-load: wrong update: %.*s\n", (int)body_len, body);
    client *c = &l->clients[e->slot];
    if (c->number == number)
        c->busy = false;
}

static bool is_free(const client *c)
{
    return c->connected && !c->answering && !c->busy;
}

/* Closed loop: every free connection sends. */
static void pump_closed(load *l, uint64_t now)
{
    for (size_t i = 0; i < l->client_count && l->round.sent < EVENTS_MAX; i++)
        if (is_free(&l->clients[i]))
            send_event(l, &l->clients[i], now);
}

/* Open loop: what is due, over whatever connection is free. */
static void pump_open(load *l, uint64_t now)
{
    round_state *r = &l->round;
    size_t at = 0;
    for (;;) {
        uint64_t due = r->start_ns + r->sent * r->interval_ns;
        while (at < l->client_count && !is_free(&l->clients[at]))
            at++;
        if (due > now || due >= r->stop_ns || at == l->client_count || r->sent == EVENTS_MAX)
            return;
        send_event(l, &l->clients[at], due);
    }
}

/* Wake up when the next event is due. */
static void set_timer(load *l)
{
    uint64_t due = l->round.start_ns + l->round.sent * l->round.interval_ns;
    struct itimerspec when = {.it_value = {(time_t)(due / 1000000000u), (long)(due % 1000000000u)}};
    timerfd_settime(l->timer.fd, TFD_TIMER_ABSTIME, &when, NULL);
}

void round_pump(load *l)
{
    round_state *r = &l->round;
    uint64_t now = now_ns();
    if (!r->running || !r->sending)
        return;
    if (r->open_loop) {
        pump_open(l, now);
        set_timer(l);
    } else if (now < r->stop_ns) {
        pump_closed(l, now);
    }
    r->sending = now < r->stop_ns;
}

static bool is_over(const load *l)
{
    const round_state *r = &l->round;
    return !r->sending && r->done + r->refused >= r->sent;
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static uint32_t quantile(const uint32_t *sorted, size_t count, double share)
{
    size_t at = (size_t)(share * (double)count);
    return count ? sorted[at < count ? at : count - 1] : 0;
}

static void report(const load *l, const usage *before, const usage *after)
{
    const round_state *r = &l->round;
    uint32_t *latency = malloc((r->sent + 1) * sizeof *latency);
    size_t count = 0;
    for (uint64_t i = 0; i < r->sent; i++)
        if (l->events[i].state == EVENT_DONE)
            latency[count++] = l->events[i].latency_us;
    qsort(latency, count, sizeof *latency, by_value);
    double seconds = (double)(r->stop_ns - r->start_ns) / 1e9;
    printf("{\"mode\":\"%s\",\"seconds\":%.3f,\"sent\":%llu,\"done\":%llu,\"events_per_s\":%.1f,"
           "\"p50_us\":%u,\"p99_us\":%u,"
           "\"p999_us\":%u,\"lost\":%llu,\"doubled\":%llu,\"wrong\":%llu,\"non_2xx\":%llu,\"cpu_us_"
           "per_event\":%.2f,"
           "\"rss_kib\":%llu,\"processes\":%d,\"own_cpu_percent\":%.1f,\"foreign_cpu_percent\":%."
           "1f}\n",
           r->open_loop ? "open"
           : r->answers ? "answers"
                        : "closed",
           seconds, (unsigned long long)r->sent, (unsigned long long)r->done,
           (double)r->done_in_time / seconds, quantile(latency, count, 0.5),
           quantile(latency, count, 0.99), quantile(latency, count, 0.999),
           (unsigned long long)(r->sent - r->refused - r->done), (unsigned long long)r->doubled,
           (unsigned long long)r->wrong, (unsigned long long)r->refused,
           r->done ? (double)(after->cpu_ns - before->cpu_ns) / 1e3 / (double)r->done : 0.0,
           (unsigned long long)after->rss_kib, after->processes,
           100 * (double)(after->own_ns - before->own_ns) / (double)(after->at_ns - before->at_ns),
           usage_foreign_percent(before, after));
    fflush(stdout);
    free(latency);
}

void round_run(load *l, round_kind kind, uint64_t amount, double seconds)
{
    bool open_loop = kind == ROUND_OPEN;
    if (!clients_open(l, open_loop ? 256 : amount)) {
        printf("{\"error\":\"the callback at port %d cannot be reached\"}\n", l->callback_port);
        fflush(stdout);
        clients_close(l);
        return;
    }
    usage before = usage_now(l->pid);
    uint64_t start = now_ns() + 1000000;
    l->round = (round_state){
        .running = true,
        .sending = true,
        .open_loop = open_loop,
        .answers = kind == ROUND_ANSWERS,
        .first = l->next_number,
        .start_ns = start,
        .stop_ns = start + (uint64_t)(seconds * 1e9),
        .interval_ns = open_loop ? 1000000000u / amount : 0,
    };
    l->next_number += EVENTS_MAX;
    uint64_t give_up = l->round.stop_ns + LOST_S * UINT64_C(1000000000);
    while (!is_over(l) && now_ns() < give_up) {
        round_pump(l);
        load_poll(l, 20);
    }
    usage after = usage_now(l->pid);
    load_poll(l, 50); /* an update that comes twice comes soon */
    report(l, &before, &after);
    l->round = (round_state){0};
    clients_close(l);
}
