/* SPDX-License-Identifier: Apache-2.0 */
/* load_stub.c: the cluster's side: answers what a host asks for at its start, and takes the
 * updates. */
#include "load.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct {
    const char *start, *body;
} lists[] = {
    {"GET /v1/diagnostics/testconnection ", "{}"},
    {"GET /v1/tasks/events ", "[{\"name\":\"System Accepted\",\"value\":\"SystemAccepted\"}]"},
    {"GET /v1/tasks/modalities ", "[{\"name\":\"Audio\",\"value\":\"Audio\"}]"},
    {"GET /v1/tasks/directions ", "[{\"name\":\"Inbound\",\"value\":\"Inbound\"}]"},
};

static bool starts(const message *m, const char *text)
{
    return m->head_len >= strlen(text) && memcmp(m->head, text, strlen(text)) == 0;
}

static void answer(stream *s, const char *status, const char *header, const char *body)
{
    char text[1024];
    int n =
        snprintf(text, sizeof text,
                 "HTTP/1.1 %s\r\n%sContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                 status, header, strlen(body), body);
    stream_put(s, text, (size_t)n);
}

/* The service of the notifications, and those that were asked for beside it. */
static void answer_services(load *l, stream *s)
{
    enum { LONGEST = 40 };
    size_t room = ((size_t)l->services + 2) * LONGEST, n = 0;
    char *list = malloc(room), head[200];
    if (!list)
        abort();
    n += (size_t)snprintf(list, room, "[\"support@contoso.example\"");
    for (int i = 0; i < l->services; i++)
        n += (size_t)snprintf(list + n, room - n, ",\"service-%03d@contoso.example\"", i);
    n += (size_t)snprintf(list + n, room - n, "]");
    int head_len = snprintf(head, sizeof head,
                            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                            "Content-Length: %zu\r\n\r\n",
                            n);
    stream_put(s, head, (size_t)head_len);
    stream_put(s, list, n);
    free(list);
}

/* {"config":{"url":"http://127.0.0.1:8080/hooks/SECRET", ...}} */
static void take_registration(load *l, stream *s, const message *m)
{
    char location[64];
    char url[600] = "";
    const char *at = memmem(m->body, m->body_len, "\"url\"", 5);
    if (at && (at = memchr(at + 5, '"', m->body_len - (size_t)(at + 5 - m->body))))
        snprintf(url, sizeof url, "%.*s", (int)strcspn(at + 1, "\""), at + 1);
    if (sscanf(url, "http://%63[^:/]:%d%511s", l->callback_host, &l->callback_port,
               l->callback_path)
        != 3) {
        answer(s, "400 Bad Request", "", "{}");
        return;
    }
    snprintf(location, sizeof location, "Location: /v1/triggers/tasks/%d\r\n", ++l->registrations);
    answer(s, "201 Created", location, "");
}

static void take_update(load *l, stream *s, const message *m)
{
    const char *id = m->head + strlen("PUT /v1/tasks/");
    round_update(l, id, strcspn(id, " ?"), m->body, m->body_len);
    static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    stream_put(s, ok, sizeof ok - 1);
}

static void take_request(load *l, stream *s, const message *m)
{
    if (starts(m, "PUT /v1/tasks/")) {
        take_update(l, s, m);
        return;
    }
    if (starts(m, "POST /v1/triggers/tasks ")) {
        take_registration(l, s, m);
        return;
    }
    if (starts(m, "DELETE /v1/triggers/tasks/")) {
        static const char gone[] = "HTTP/1.1 204 No Content\r\n\r\n";
        stream_put(s, gone, sizeof gone - 1);
        return;
    }
    if (starts(m, "GET /v1/tasks/service-contacts ")) {
        answer_services(l, s);
        return;
    }
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        if (starts(m, lists[i].start)) {
            answer(s, "200 OK", "", lists[i].body);
            return;
        }
    fprintf(stderr, "nf-load: unexpected request: %.*s\n", (int)strcspn(m->head, "\r"), m->head);
    answer(s, "404 Not Found", "", "{}");
}

static void forget(load *l, stream *s)
{
    l->stubs[s->source.fd] = NULL;
    stream_close(s);
    free(s);
}

void stub_close(load *l)
{
    close(l->listener.fd);
    for (int i = 0; i < STUBS_MAX; i++)
        if (l->stubs[i])
            forget(l, l->stubs[i]);
}

static void on_stub(load *l, load_source *source, uint32_t events)
{
    stream *s = (stream *)source;
    message m;
    int whole = 0;
    bool open = !(events & EPOLLIN) || stream_read(s);
    while (s->in_len > 0 && (whole = stream_message(s, &m)) > 0) {
        take_request(l, s, &m);
        stream_consume(s, m.size);
    }
    if (!open || whole < 0 || !stream_write(l, s))
        forget(l, s);
}

static void on_accept(load *l, load_source *source, uint32_t events)
{
    (void)events;
    int fd, one = 1;
    while ((fd = accept4(source->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        if (fd >= STUBS_MAX) {
            close(fd);
            continue;
        }
        stream *s = l->stubs[fd] = calloc(1, sizeof *s);
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        s->source = (struct load_source){fd, on_stub};
        stream_watch(l, s);
    }
}

int stub_listen(load *l, int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    socklen_t len = sizeof address;
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 1024) != 0)
        return -1;
    l->listener = (load_source){fd, on_accept};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &l->listener};
    epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &event);
    getsockname(fd, (struct sockaddr *)&address, &len);
    return ntohs(address.sin_port);
}
