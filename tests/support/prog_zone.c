/* layer: base */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prog_zone.c: time zones and cron expressions for tests that compare them with another implementation.
 *
 * Lines of standard input: "z NAME" opens a zone; "o UTC" prints its offset and 0 or 1 for daylight saving time;
 * "l LOCAL" prints the kind, the first and the second instant of a local time; "c AFTER LAST EXPRESSION" prints the
 * firings after AFTER up to LAST on one line. What fails ends the program with its text.
 */
#include "base/cron.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const nf_error *err)
{
    fprintf(stderr, "%s\n", err->text);
    exit(1);
}

static void print_firings(const nf_zone *zone, const char *line)
{
    int64_t at, last;
    int used = 0;
    nf_cron cron;
    nf_error err = {0};
    if (sscanf(line, "c %" SCNd64 " %" SCNd64 " %n", &at, &last, &used) < 2
        || nf_cron_parse(line + used, &cron, &err))
        fail(&err);
    while ((at = nf_cron_next(&cron, zone, at)) <= last && at != NF_CRON_NEVER)
        printf("%" PRId64 " ", at);
    puts("");
}

static void answer(nf_zone **zone, const char *line)
{
    nf_error err = {0};
    int64_t time;
    if (line[0] == 'z') {
        nf_zone_close(*zone);
        *zone = nf_zone_open(line + 2, &err);
        if (!*zone)
            fail(&err);
    } else if (sscanf(line, "o %" SCNd64, &time) == 1) {
        bool dst;
        int32_t offset = nf_zone_offset(*zone, time, &dst);
        printf("%" PRId32 " %d\n", offset, dst);
    } else if (sscanf(line, "l %" SCNd64, &time) == 1) {
        nf_local at = nf_zone_local(*zone, time);
        printf("%d %" PRId64 " %" PRId64 "\n", at.kind, at.first, at.second);
    } else {
        print_firings(*zone, line);
    }
}

int main(void)
{
    nf_zone *zone = nf_zone_utc();
    char line[512];
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        answer(&zone, line);
    }
    nf_zone_close(zone);
    return 0;
}
