/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load.h: nf-load, the load generator: Nimbus itself, as far as a running host can tell, in one
 * thread on one epoll.
 *
 * It is the cluster (takes the registration, receives the updates) and the source of the
 * notifications, so that sending an event and receiving its update share one clock. Every event is
 * distinct; the task's id carries its number, the number decides the caller, and the update must
 * name that caller.
 */
#ifndef NF_BENCH_LOAD_H
#define NF_BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
    CALLERS = 1000,         /* people in the address list */
    EVENTS_MAX = 4000000,   /* of one round */
    BUFFER_MAX = 256 << 10, /* bytes of one message */
    STUBS_MAX = 8192,
    LOST_S = 10, /* an update that has not come for so long is lost */
};

/* ---- connections ---- */

typedef struct load load;

/** A socket on the epoll. The first member of every kind of connection. */
typedef struct load_source {
    int fd;
    void (*ready)(load *l, struct load_source *source, uint32_t events);
} load_source;

/** Bytes received and bytes to send. */
typedef struct stream {
    load_source source;
    char *in, *out;
    size_t in_len, out_len, out_room;
    bool blocked; /* the socket took not everything */
} stream;

/** One message at the front of a stream's input. */
typedef struct message {
    const char *head, *body; /* head is the first line on */
    size_t head_len, body_len;
    size_t size; /* of all of it */
} message;

/** Is a whole message there? -1: it is none that we understand. */
int stream_message(const stream *s, message *m);

/** Drop the message. */
void stream_consume(stream *s, size_t size);

/** Read what is there. False at the end of the stream. */
bool stream_read(stream *s);

/** Add bytes to send; stream_write sends. */
void stream_put(stream *s, const char *bytes, size_t len);

/** Send as much as goes; asks epoll for the rest. False when the other side is gone. */
bool stream_write(load *l, stream *s);

/** Add the stream to the epoll. */
void stream_watch(load *l, stream *s);

/** Close and free what is inside. */
void stream_close(stream *s);

/* ---- one event ---- */

typedef enum event_state { EVENT_NONE, EVENT_SENT, EVENT_DONE, EVENT_LOST } event_state;

typedef struct load_event {
    uint64_t sent_ns;    /* the moment it was to be sent */
    uint32_t latency_us; /* until its update came */
    uint16_t slot;       /* connection that waits for it, closed loop */
    uint8_t state, doubled;
} load_event;

/** Write the notification number `number` as JSON; returns its length. `out` needs 4 KiB. */
size_t event_body(uint64_t number, char *out);

/** Does the update of event `number` name the right person? */
bool event_update_fits(uint64_t number, const char *body, size_t len);

/** The number in a task's id, or UINT64_MAX. */
uint64_t event_number(const char *id, size_t len);

/** Write the address list that the notifications' callers are in. */
void event_write_list(FILE *out);

/* ---- rounds ---- */

/** One connection to the host. */
typedef struct client {
    stream stream;
    bool connected, answering; /* answering: a request is out and has no answer yet */
    bool busy;                 /* closed loop: its event has no update yet */
    uint64_t number;
} client;

typedef enum round_kind { ROUND_CLOSED, ROUND_OPEN, ROUND_ANSWERS } round_kind;

typedef struct round {
    bool running, sending, open_loop;
    bool answers;               /* an event is done with its answer: no update comes of it */
    uint64_t first;             /* number of the first event */
    uint64_t start_ns, stop_ns; /* sending */
    uint64_t interval_ns;       /* open loop */
    uint64_t sent, answered, done, done_in_time, lost, doubled, wrong, refused;
} round_state;

struct load {
    int epoll;
    load_source listener, timer, commands;
    int services;             /* listed beside the one that the notifications are of */
    stream *stubs[STUBS_MAX]; /* connections of the host to us, by descriptor */
    char callback_path[512];
    char callback_host[64];
    int callback_port, registrations;
    client *clients;
    size_t client_count;
    load_event *events;
    round_state round;
    uint64_t next_number;
    int pid; /* of the host, for its usage */
    char command[256];
    size_t command_len;
    bool ending;
};

uint64_t now_ns(void);

/** Open `count` connections to the registered callback. False when it cannot be reached. */
bool clients_open(load *l, size_t count);
void clients_close(load *l);

/** Send whatever is due. Called after each batch of epoll events. */
void round_pump(load *l);

/** An update came for the task with this id. */
void round_update(load *l, const char *id, size_t id_len, const char *body, size_t body_len);

/** Run a round and print its figures as one JSON line. */
void round_run(load *l, round_kind kind, uint64_t amount, double seconds);

/** Take what epoll has, waiting at most `ms`. */
void load_poll(load *l, int ms);

/* ---- stub ---- */

/** Listen on 127.0.0.1; returns the port. */
int stub_listen(load *l, int port);

/** Close the listener and all connections. */
void stub_close(load *l);

/* ---- usage of processes ---- */

typedef struct usage {
    uint64_t cpu_ns; /* of the process and all its children */
    uint64_t rss_kib;
    uint64_t own_ns;     /* of this process */
    uint64_t machine_ns; /* busy time of all cores, stolen time included */
    uint64_t at_ns;
    int processes;
} usage;

usage usage_now(int pid);

/** What others used between two moments, in percent of one core. */
double usage_foreign_percent(const usage *before, const usage *after);

#endif
