/* SPDX-License-Identifier: Apache-2.0 */
/* sim.c: nimflow sim: a simulated Nimbus cluster; nimflow sim call: place a call there. */
#include "sim/sim.h"

#include "base/alloc.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/daemon.h"
#include "cli/fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define STANDARD_ADDRESS "127.0.0.1:8800"
enum { FASTEST = 1000 };

/* What the end of a scenario ends. */
struct day {
    nf_daemon daemon;
    bool stay, played, well;
};

static void on_played(void *ctx, bool well, const char *summary)
{
    struct day *day = ctx;
    day->played = true;
    day->well = well;
    printf("%s\n", summary);
    fflush(stdout);
    if (!day->stay)
        nf_loop_stop(&day->daemon.loop);
}

/* A whole number of an option; false is told. */
static bool read_number(const nf_given *given, const char *option, uint64_t most, uint64_t *number)
{
    const char *text = nf_given_value(given, option, NULL);
    char *end = NULL;
    if (!text)
        return true;
    *number = strtoull(text, &end, 10);
    if (*text >= '0' && *text <= '9' && !*end && *number >= 1 && *number <= most)
        return true;
    nf_usage_error("sim", "--%s %s: write a whole number from 1 to %llu", option, text,
                   (unsigned long long)most);
    return false;
}

static int serve(const nf_given *given)
{
    struct day day = {.stay = nf_given_has(given, "stay")};
    nf_error err = {0};
    size_t count;
    nf_sim *sim = NULL;
    uint64_t speed = 0, seed = 0;
    const char *const *tokens = nf_given_values(given, "token", &count);
    if (!read_number(given, "speed", FASTEST, &speed)
        || !read_number(given, "seed", UINT64_MAX, &seed))
        return NF_EXIT_USAGE;
    nf_sim_options options = {
        .listen = nf_given_value(given, "listen", STANDARD_ADDRESS),
        .allow_remote = nf_given_has(given, "allow-remote"),
        .tokens = count ? tokens : NULL, /* the values are followed by NULL */
        .world = nf_given_value(given, "world", NULL),
        .scenario = nf_given_value(given, "scenario", NULL),
        .played = on_played,
        .ctx = &day,
        .speed = (unsigned)speed,
        .seed = seed,
    };
    nf_status status = nf_daemon_open_loop(&day.daemon, &err);
    if (status == NF_OK)
        status = nf_sim_open(&day.daemon.loop, &options, &sim, &err);
    if (status == NF_OK) {
        printf("simulated Nimbus cluster and page: %s\n", nf_sim_url(sim));
        fflush(stdout);
        nf_daemon_run(&day.daemon);
    }
    nf_sim_close(sim);
    nf_daemon_close(&day.daemon);
    if (status != NF_OK)
        return nf_exit_for(&err);
    return day.played && !day.well ? NF_EXIT_FLOW : NF_EXIT_OK;
}

static void set_text(json_t *body, const nf_given *given, const char *option, const char *field)
{
    const char *value = nf_given_value(given, option, NULL);
    if (value)
        json_object_set_new(body, field, json_string(value));
}

/* What --from is called there: a telephone number, an e-mail address or an id, by the modality. */
static const char *field_of_from(const nf_given *given)
{
    const char *modality = nf_given_value(given, "modality", "Audio");
    if (strcasecmp(modality, "Email") == 0 || strcasecmp(modality, "InstantMessaging") == 0)
        return "email";
    return strcasecmp(modality, "ExternalTask") == 0 ? "id" : "from";
}

static int call(const nf_given *given)
{
    nf_error err = {0};
    json_t *body = json_object();
    set_text(body, given, "from", field_of_from(given));
    set_text(body, given, "upn", "upn");
    set_text(body, given, "modality", "modality");
    set_text(body, given, "direction", "direction");
    set_text(body, given, "service", "service");
    if (nf_given_has(given, "anonymous"))
        json_object_set_new(body, "anonymous", json_true());
    char *text = nf_json_text(body);
    char *url = nf_format("%s/sim/calls", nf_given_value(given, "url", "http://" STANDARD_ADDRESS));
    json_t *answer = nf_fetch(&(nf_http_spec){.method = "POST",
                                              .url = url,
                                              .content_type = "application/json",
                                              .body = text,
                                              .len = strlen(text)},
                              &err);
    if (answer && nf_given_has(given, "json"))
        json_dumpf(answer, stdout, JSON_COMPACT);
    else if (answer)
        printf("%s", nf_json_string(answer, "taskId") ? nf_json_string(answer, "taskId") : "");
    if (answer)
        putchar('\n');
    if (err.status == NF_E_UNREACHABLE)
        nf_error_prefix(&err, "no simulator answers; is 'nimflow sim' running?");
    json_decref(answer);
    json_decref(body);
    free(text);
    free(url);
    return answer ? NF_EXIT_OK : nf_exit_for(&err);
}

static int run(const nf_cli *cli, const nf_given *given)
{
    (void)cli;
    if (given->arg_count == 1 && strcmp(given->args[0], "call") == 0)
        return call(given);
    if (given->arg_count == 1 && strcmp(given->args[0], "world") == 0) {
        fputs(nf_sim_world(), stdout);
        return NF_EXIT_OK;
    }
    if (given->arg_count > 0)
        return nf_usage_error("sim", "unexpected '%s'; write 'sim', 'sim call' or 'sim world'",
                              given->args[0]);
    return serve(given);
}

static const nf_option options[] = {
    {"listen", "HOST:PORT", "address of the cluster; default: " STANDARD_ADDRESS, false},
    {"token", "TOKEN", "accept this bearer token beside the simulator's own sign-in", true},
    {"world", "FILE",
     "tenants, units, users, services, address books; 'sim world' prints the standard one", false},
    {"scenario", "FILE", "play a described day, print a summary and end", false},
    {"stay", NULL, "do not end when the scenario is over", false},
    {"seed", "N", "ids, telephone numbers and dice are the same in each start", false},
    {"speed", "N", "simulated time runs so many times faster; default: 1", false},
    {"allow-remote", NULL, "listen beyond this machine", false},
    {"url", "URL", "call: the simulator; default: http://" STANDARD_ADDRESS, false},
    {"from", "NUMBER", "call: number, e-mail address or id of the customer", false},
    {"upn", "UPN", "call: an internal caller", false},
    {"anonymous", NULL, "call: the number is hidden", false},
    {"modality", "NAME", "call: Audio, InstantMessaging, Email or ExternalTask; default: Audio",
     false},
    {"direction", "NAME", "call: Inbound or Outbound; default: Inbound", false},
    {"service", "UPN", "call: the service; default: the first one", false},
    {"json", NULL, "call: the answer as JSON", false},
    {0},
};

const nf_command nf_command_sim = {
    "sim",
    "[OPTION]... | call [OPTION]... | world",
    "Run a simulated Nimbus cluster with a page that shows what the agent sees, or place a call there.",
    "Examples:\n"
    "  nimflow sim --token secret\n"
    "  nimflow sim call --from +41791234567\n"
    "  nimflow sim world > world.yaml && nimflow sim --world world.yaml\n"
    "  nimflow sim call --from ada@example.com --modality InstantMessaging",
    options,
    run,
};
