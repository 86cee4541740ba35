/* SPDX-License-Identifier: Apache-2.0 */
/* percent.c: see percent.h. */
#include "base/percent.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool unreserved(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
           || (c && strchr("-._~", c));
}

bool nf_percent_encode(nf_strbuf *out, const char *text)
{
    bool ok = true;
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        ok = unreserved(c) ? nf_strbuf_add(out, text, 1) : nf_strbuf_addf(out, "%%%02X", c);
    }
    return ok;
}

long nf_percent_decode(char *text)
{
    char *out = text;
    for (const char *p = text; *p; p++) {
        if (*p != '%') {
            *out++ = *p;
            continue;
        }
        if (!isxdigit((unsigned char)p[1]) || !isxdigit((unsigned char)p[2]))
            return -1;
        char hex[3] = {p[1], p[2], '\0'};
        *out = (char)strtol(hex, NULL, 16);
        if (*out++ == '\0')
            return -1;
        p += 2;
    }
    *out = '\0';
    return out - text;
}
