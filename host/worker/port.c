/* SPDX-License-Identifier: Apache-2.0 */
/* port.c: see port.h. The buffers are mapped once; pages that were never needed cost nothing. */
#include "port.h"

#include "base/macros.h"
#include "fail.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    FRAME = NF_FRAME_MAX + (int)sizeof(nf_frame),
    IN_SIZE = 2 * FRAME,
    OUT_SIZE = 4 * FRAME,
};

static char *map_buffer(size_t size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                    -1, 0);
    return at == MAP_FAILED ? NULL : at;
}

bool nf_port_open(nf_port *port, int fd)
{
    *port = (nf_port){.fd = fd, .in = map_buffer(IN_SIZE), .out = map_buffer(OUT_SIZE)};
    int flags = fcntl(fd, F_GETFL);
    return port->in && port->out && flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

static bool try_again(void)
{
    return errno == EAGAIN || errno == EINTR;
}

bool nf_port_read(nf_port *port)
{
    if (port->in_from == port->in_to) {
        port->in_from = port->in_to = 0;
    } else if (port->in_from > FRAME) {
        memmove(port->in, port->in + port->in_from, port->in_to - port->in_from);
        port->in_to -= port->in_from;
        port->in_from = 0;
    }
    ssize_t n = read(port->fd, port->in + port->in_to, IN_SIZE - port->in_to);
    if (n > 0)
        port->in_to += (size_t)n;
    return n > 0 || (n < 0 && try_again());
}

bool nf_port_frame(nf_port *port, nf_frame *frame, const char **payload)
{
    size_t unread = port->in_to - port->in_from;
    if (unread < sizeof *frame)
        return false;
    memcpy(frame, port->in + port->in_from, sizeof *frame);
    if (frame->size > NF_FRAME_MAX)
        nf_fail_protocol("a frame of %u bytes", frame->size);
    if (unread - sizeof *frame < frame->size)
        return false;
    *payload = port->in + port->in_from + sizeof *frame;
    port->in_from += sizeof *frame + frame->size;
    return true;
}

bool nf_port_has_room(const nf_port *port)
{
    return OUT_SIZE - port->out_to >= FRAME;
}

void nf_port_begin(nf_port *port, nf_msg type, uint16_t aux, uint64_t id, size_t size)
{
    nf_frame frame = {.size = (uint32_t)size, .type = (uint16_t)type, .aux = aux, .id = id};
    if (size > NF_FRAME_MAX)
        nf_bug("a frame of %zu bytes to the broker", size);
    nf_port_put(port, &frame, sizeof frame);
}

void nf_port_put(nf_port *port, const void *bytes, size_t size)
{
    if (size > OUT_SIZE - port->out_to)
        nf_bug("no room for a frame");
    if (size == 0)
        return;
    memcpy(port->out + port->out_to, bytes, size);
    port->out_to += size;
}

bool nf_port_unsent(const nf_port *port)
{
    return port->out_from < port->out_to;
}

bool nf_port_flush(nf_port *port)
{
    while (port->out_from < port->out_to) {
        ssize_t n = write(port->fd, port->out + port->out_from, port->out_to - port->out_from);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            break;
        if (n <= 0)
            return false;
        port->out_from += (size_t)n;
    }
    if (port->out_from == port->out_to) {
        port->out_from = port->out_to = 0;
    } else if (port->out_from > FRAME) {
        memmove(port->out, port->out + port->out_from, port->out_to - port->out_from);
        port->out_to -= port->out_from;
        port->out_from = 0;
    }
    return true;
}

void nf_port_wait(nf_port *port, int timeout_ms)
{
    struct pollfd waiting = {.fd = port->fd, .events = POLLIN};
    if (nf_port_unsent(port))
        waiting.events |= POLLOUT;
    poll(&waiting, 1, timeout_ms); /* woken early or in vain: the loop looks again */
}
