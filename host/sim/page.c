/* SPDX-License-Identifier: Apache-2.0 */
/* page.c: the page's files, from the program itself. They may load nothing from anywhere else. */
#include "base/embed.h"
#include "sim/internal.h"

#include <stdio.h>
#include <string.h>

extern const nf_embedded sim_page_files[];

static const char *type_of(const char *name)
{
    const char *dot = strrchr(name, '.');
    if (strcmp(dot, ".html") == 0)
        return "text/html; charset=utf-8";
    return strcmp(dot, ".css") == 0 ? "text/css; charset=utf-8" : "text/javascript; charset=utf-8";
}

bool sim_page_answer(nf_http_exchange *x, const char *path)
{
    static const char headers[] =
        "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
        "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'\r\n"
        "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"
        "Cache-Control: no-cache\r\n";
    const char *name = strcmp(path, "/") == 0 ? "index.html" : path + 1;
    for (const nf_embedded *file = sim_page_files; file->name; file++) {
        if (strcmp(file->name, name) != 0)
            continue;
        nf_http_answer(x, 200, type_of(name), headers, file->bytes, file->len);
        return true;
    }
    return false;
}
