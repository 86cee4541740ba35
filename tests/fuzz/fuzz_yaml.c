/* layer: config */
/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_yaml.c: any bytes as a configuration file: a tree that the schema can read, or errors with their place. */
#include "config/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct target {
    char *text, *url, *address, **texts;
    uint64_t integer, duration;
    bool boolean;
    nf_allowed limits;
};

#define AT(member) offsetof(struct target, member)
static const nf_key keys[] = {
    {"text", NF_KEY_TEXT, AT(text), .doc = "x"},
    {"url", NF_KEY_URL, AT(url), .doc = "x"},
    {"address", NF_KEY_ADDRESS, AT(address), .doc = "x"},
    {"texts", NF_KEY_TEXTS, AT(texts), .doc = "x"},
    {"integer", NF_KEY_INTEGER, AT(integer), .most = 10, .doc = "x"},
    {"duration", NF_KEY_DURATION, AT(duration), .most = 1000, .doc = "x"},
    {"boolean", NF_KEY_BOOLEAN, AT(boolean), .doc = "x"},
    {"limits", NF_KEY_LIMITS, AT(limits), .doc = "x"},
    {0},
};

/* Every error is one line that begins with the file. */
static void check_errors(const nf_strbuf *errors, const char *path)
{
    for (const char *line = nf_strbuf_text(errors); *line && !errors->overflow;) {
        const char *end = strchr(line, '\n');
        if (!end || strncmp(line, path, strlen(path)) != 0)
            abort();
        line = end + 1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    struct target target = {.limits = nf_allowed_standard()};
    nf_strbuf errors = nf_strbuf_new(1 << 20);
    int fd = memfd_create("fuzz", 0);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    nf_yaml *map = nf_yaml_read(path, &errors);
    if (!map && errors.len == 0)
        abort();
    if (map)
        nf_schema_apply(keys, map, path, &target, &errors);
    check_errors(&errors, path);
    nf_yaml_free(map);
    nf_schema_release(keys, &target);
    nf_strbuf_release(&errors);
    close(fd);
    return 0;
}
