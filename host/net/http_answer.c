/* SPDX-License-Identifier: Apache-2.0 */
/* http_answer.c: see http_answer.h. */
#include "net/http_answer.h"

#include "base/clock.h"
#include "base/macros.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
};

const char *nf_http_reason(int status)
{
    for (size_t i = 0; i < NF_COUNT(reasons); i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Status";
}

/* strftime would follow the locale; the names here are fixed by RFC 9110, 5.6.7. */
static const char *date_text(nf_http_date *date)
{
    static const char days[] = "SunMonTueWedThuFriSat",
                      months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t now = nf_clock_wall_ms() / 1000;
    if (now != date->second) {
        time_t seconds = (time_t)now;
        struct tm t;
        gmtime_r(&seconds, &t);
        snprintf(date->text, sizeof date->text, "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT",
                 days + 3 * t.tm_wday, (unsigned)t.tm_mday % 100, months + 3 * t.tm_mon,
                 (unsigned)(t.tm_year + 1900) % 10000, (unsigned)t.tm_hour % 100,
                 (unsigned)t.tm_min % 100, (unsigned)t.tm_sec % 100);
        date->second = now;
    }
    return date->text;
}

static void add_line(nf_strbuf *out, const char *name, const char *value)
{
    nf_strbuf_puts(out, name);
    nf_strbuf_puts(out, value);
    nf_strbuf_add(out, "\r\n", 2);
}

static void add_length(nf_strbuf *out, size_t len)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%zu", len);
    add_line(out, "Content-Length: ", digits);
}

void nf_http_answer_write(nf_strbuf *out, const nf_http_answer_spec *spec, nf_http_date *date)
{
    char code[16];
    bool has_body = spec->status >= 200 && spec->status != 204 && spec->status != 304;
    snprintf(code, sizeof code, "%d ", spec->status);
    nf_strbuf_puts(out, "HTTP/1.1 ");
    add_line(out, code, nf_http_reason(spec->status));
    add_line(out, "Date: ", date_text(date));
    if (spec->type)
        add_line(out, "Content-Type: ", spec->type);
    if (has_body)
        add_length(out, spec->len);
    if (spec->close)
        add_line(out, "Connection: ", "close");
    else if (spec->keep_told)
        add_line(out, "Connection: ", "keep-alive");
    if (spec->headers)
        nf_strbuf_puts(out, spec->headers);
    nf_strbuf_add(out, "\r\n", 2);
    if (has_body && !spec->head_only)
        nf_strbuf_add(out, spec->body, spec->len);
}
