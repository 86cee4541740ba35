/* SPDX-License-Identifier: Apache-2.0 */
/* load_stream.c: HTTP/1.1 messages with Content-Length over non-blocking sockets; enough for two
 * ends we know. */
#include "load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static size_t content_length(const char *head, size_t len)
{
    static const char name[] = "\r\ncontent-length:";
    for (size_t i = 0; i + sizeof name < len; i++)
        if (strncasecmp(head + i, name, sizeof name - 1) == 0)
            return strtoul(head + i + sizeof name - 1, NULL, 10);
    return 0;
}

int stream_message(const stream *s, message *m)
{
    const char *end = memmem(s->in, s->in_len, "\r\n\r\n", 4);
    if (!end)
        return s->in_len >= BUFFER_MAX ? -1 : 0;
    m->head = s->in;
    m->head_len = (size_t)(end - s->in) + 4;
    m->body = s->in + m->head_len;
    m->body_len = content_length(m->head, m->head_len);
    m->size = m->head_len + m->body_len;
    if (m->size > BUFFER_MAX)
        return -1;
    return s->in_len >= m->size;
}

void stream_consume(stream *s, size_t size)
{
    memmove(s->in, s->in + size, s->in_len - size);
    s->in_len -= size;
}

bool stream_read(stream *s)
{
    if (!s->in)
        s->in = malloc(BUFFER_MAX);
    while (s->in_len < BUFFER_MAX) {
        ssize_t n = recv(s->source.fd, s->in + s->in_len, BUFFER_MAX - s->in_len, MSG_DONTWAIT);
        if (n > 0)
            s->in_len += (size_t)n;
        else if (n < 0 && errno == EINTR)
            continue;
        else
            return n < 0 && errno == EAGAIN;
        if (s->in_len < BUFFER_MAX && n < 4096)
            return true; /* most likely nothing more: spare a call */
    }
    return true;
}

void stream_put(stream *s, const char *bytes, size_t len)
{
    if (s->out_len + len > s->out_room) {
        s->out_room = 2 * (s->out_len + len);
        s->out = realloc(s->out, s->out_room);
    }
    memcpy(s->out + s->out_len, bytes, len);
    s->out_len += len;
}

static void watch_for(load *l, stream *s, uint32_t events, int operation)
{
    struct epoll_event event = {.events = events, .data.ptr = s};
    epoll_ctl(l->epoll, operation, s->source.fd, &event);
}

void stream_watch(load *l, stream *s)
{
    watch_for(l, s, EPOLLIN, EPOLL_CTL_ADD);
}

bool stream_write(load *l, stream *s)
{
    if (s->out_len == 0)
        return true;
    ssize_t n = send(s->source.fd, s->out, s->out_len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN && errno != EINTR)
        return false;
    size_t sent = n > 0 ? (size_t)n : 0;
    memmove(s->out, s->out + sent, s->out_len - sent);
    s->out_len -= sent;
    if ((s->out_len > 0) != s->blocked) { /* rare: one call spared per message */
        s->blocked = s->out_len > 0;
        watch_for(l, s, s->blocked ? EPOLLIN | EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD);
    }
    return true;
}

void stream_close(stream *s)
{
    close(s->source.fd);
    free(s->in);
    free(s->out);
    s->in = s->out = NULL;
    s->in_len = s->out_len = s->out_room = 0;
    s->source.fd = -1;
}
