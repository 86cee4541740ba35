/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c: nimflow-reader KIND NAME, KIND being csv or xlsx: reads a list from standard input, see
 * reader.h.
 *
 * The bytes are taken in first, then everything is locked, then they are parsed. The exit status is
 * 0 whenever a last line was written, also for a bad file.
 */
#include "reader/reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* All of standard input, at most one byte more than the limit. */
static nf_status take_in(char **bytes, size_t *len, nf_error *err)
{
    size_t capacity = 1 << 16;
    *len = 0;
    *bytes = malloc(capacity);
    while (*bytes && *len <= NF_READ_FILE_MAX) {
        if (*len == capacity) {
            char *bigger = realloc(*bytes, capacity * 2);
            if (!bigger)
                break;
            *bytes = bigger;
            capacity *= 2;
        }
        ssize_t n = read(0, *bytes + *len, capacity - *len);
        if (n == 0)
            return NF_OK;
        if (n > 0)
            *len += (size_t)n;
        else if (errno != EINTR)
            return nf_error_set(err, NF_E_IO, "the file cannot be read: %s", strerror(errno));
    }
    return nf_error_set(err, NF_E_LIMIT, "the file is larger than %d MiB", NF_READ_FILE_MAX >> 20);
}

static nf_status read_list(const char *kind, const char *name, nf_output *out, char **bytes,
                           nf_error *err)
{
    size_t len;
    nf_status status = take_in(bytes, &len, err);
    if (!status)
        status = nf_reader_lock_down(err);
    if (!status && strcmp(kind, "csv") == 0)
        status = nf_read_csv(*bytes, len, name, out, err);
    else if (!status)
        status = nf_read_xlsx(*bytes, len, name, out, err);
    return status;
}

int main(int argc, char **argv)
{
    if (argc != 3 || (strcmp(argv[1], "csv") != 0 && strcmp(argv[1], "xlsx") != 0)) {
        fprintf(stderr, "usage: nimflow-reader csv|xlsx NAME < FILE\n");
        return 2;
    }
    static nf_output out = {.fd = 1};
    nf_error err = {0};
    char *bytes = NULL;
    if (read_list(argv[1], argv[2], &out, &bytes, &err)
        && strncmp(err.text, argv[2], strlen(argv[2])) != 0)
        nf_error_prefix(&err, "%s", argv[2]);
    nf_output_close(&out, &err);
    free(bytes);
    return 0;
}
