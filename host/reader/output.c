/* SPDX-License-Identifier: Apache-2.0 */
/* output.c: JSON lines to standard output, counted. */
#include "base/jscan.h"
#include "reader/reader.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

nf_status nf_output_flush(nf_output *out, nf_error *err)
{
    size_t done = 0;
    while (out->fd >= 0 && done < out->len) {
        ssize_t n = write(out->fd, out->buffer + done, out->len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return nf_error_set(err, NF_E_IO, "nobody reads the result");
        done += (size_t)n;
    }
    out->len = 0;
    return NF_OK;
}

nf_status nf_output_room(const nf_output *out, size_t bytes, nf_error *err)
{
    if (bytes <= NF_READ_OUTPUT_MAX && out->total <= NF_READ_OUTPUT_MAX - bytes)
        return NF_OK;
    return nf_error_set(err, NF_E_LIMIT, "its values are more than %d MiB",
                        NF_READ_OUTPUT_MAX >> 20);
}

nf_status nf_output_add(nf_output *out, const char *bytes, size_t len, nf_error *err)
{
    out->total += len;
    while (len > 0) {
        if (out->len == sizeof out->buffer) {
            nf_status status = nf_output_flush(out, err);
            if (status)
                return status;
        }
        size_t room = sizeof out->buffer - out->len;
        size_t part = len < room ? len : room;
        memcpy(out->buffer + out->len, bytes, part);
        out->len += part;
        bytes += part;
        len -= part;
    }
    return NF_OK;
}

/* Bytes of `text` up to `max` that do not cut a character. */
static size_t whole_characters(const char *text, size_t len, size_t max)
{
    if (len <= max)
        return len;
    while (max > 0 && ((unsigned char)text[max] & 0xc0) == 0x80)
        max--;
    return max ? max : 1;
}

nf_status nf_output_text(nf_output *out, const char *text, size_t len, nf_error *err)
{
    char quoted[6 * 1024 + 2];
    nf_status status = nf_output_add(out, "\"", 1, err);
    while (!status && len > 0) {
        size_t part = whole_characters(text, len, 1024);
        size_t size = nf_json_quote(text, part, quoted);
        status = nf_output_add(out, quoted + 1, size - 2, err);
        text += part;
        len -= part;
    }
    return status ? status : nf_output_add(out, "\"", 1, err);
}

void nf_output_close(nf_output *out, const nf_error *err)
{
    nf_error ignored = {0};
    char line[64];
    if (err->status) {
        nf_output_add(out, "{\"error\":", 9, &ignored);
        nf_output_text(out, err->text, strlen(err->text), &ignored);
        snprintf(line, sizeof line, ",\"kind\":\"%s\"}\n", nf_status_kind(err->status));
    } else {
        snprintf(line, sizeof line, "{\"end\":true,\"rows\":%llu}\n",
                 (unsigned long long)out->rows);
    }
    nf_output_add(out, line, strlen(line), &ignored);
    nf_output_flush(out, &ignored);
}
