/* SPDX-License-Identifier: Apache-2.0 */
/* log.c: see log.h. The level is the one file-level variable of the broker; it is set once, before threads start. */
#include "log/log.h"

#include "base/clock.h"
#include "base/strbuf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static nf_log_level max_level = NF_LOG_INFO;
static int as_json;

void nf_log_open(nf_log_level level, int json)
{
    max_level = level;
    as_json = json;
}

int nf_log_wants(nf_log_level level)
{
    return level <= max_level;
}

static void add_plain(nf_strbuf *line, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c == 0x7F)
            nf_strbuf_addf(line, "\\x%02x", c);
        else
            nf_strbuf_add(line, text, 1);
    }
}

void nf_log(nf_log_level level, const char *part, const char *format, ...)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    if (level > max_level)
        return;
    char text[2048], when[NF_TIME_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);

    nf_strbuf line = nf_strbuf_new(16384);
    nf_clock_text(nf_clock_wall_ms(), when);
    if (as_json) {
        nf_strbuf_addf(&line, "{\"time\":\"%s\",\"level\":\"%s\",\"part\":\"%s\",\"text\":", when,
                       names[level], part);
        nf_strbuf_add_json(&line, text, strlen(text));
        nf_strbuf_puts(&line, "}\n");
    } else {
        nf_strbuf_addf(&line, "%s %-5s %s: ", when, names[level], part);
        add_plain(&line, text);
        nf_strbuf_puts(&line, "\n");
    }
    /* one write per line, so that lines of several processes do not mix; a closed standard error is nobody's problem */
    if (write(STDERR_FILENO, line.bytes, line.len) < 0)
        max_level = NF_LOG_ERROR;
    nf_strbuf_release(&line);
}
