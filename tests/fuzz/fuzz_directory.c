/* layer: ou */
/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_directory.c: any bytes as a directory.yaml: a directory that answers questions, or errors with their place. */
#include "ou/decide.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(void *ctx, const char *service)
{
    char text[NF_OU_TEXT];
    for (int op = 0; op < NF_OPERATIONS; op++) {
        nf_ou_question q = {
            .upn = "anna@contoso.example", .operation = (nf_operation)op, .entity = service};
        nf_ou_verdict verdict = nf_ou_decide(ctx, &q);
        nf_ou_explain(&q, &verdict, text);
        if (!strchr(text, ':'))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    nf_strbuf errors = nf_strbuf_new(1 << 20);
    int fd = memfd_create("fuzz", 0);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    nf_directory *directory = nf_directory_read(path, &errors);
    if (!directory == (errors.len == 0))
        abort();
    if (directory) {
        nf_directory_each_service(directory, ask, directory);
        ask(directory, "Swiss customers");
    }
    nf_directory_free(directory);
    nf_strbuf_release(&errors);
    close(fd);
    return 0;
}
