/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dev.c: nimflow dev: a simulated cluster and a host in one process, for a folder with flows/ and lists/.
 *
 * Nothing is kept: the database and the token live in a temporary folder that goes at the end.
 */
#include "base/alloc.h"
#include "base/secret.h"
#include "cli/command.h"
#include "cli/daemon.h"
#include "log/log.h"
#include "sim/sim.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

static nf_status write_token(const char *path, const char *token, nf_error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ssize_t n = fd < 0 ? -1 : write(fd, token, strlen(token));
    if (fd >= 0)
        close(fd);
    return n > 0 ? NF_OK : nf_error_set(err, NF_E_IO, "%s: %s", path, strerror(errno));
}

struct dev {
    nf_daemon daemon;
    nf_sim *sim;
    nf_config *config;
    char *temporary;
};

static nf_status open_sim(struct dev *dev, const char *address, const char *token, nf_error *err)
{
    const char *tokens[] = {token, NULL};
    nf_sim_options options = {.listen = address, .tokens = tokens};
    return nf_sim_open(&dev->daemon.loop, &options, &dev->sim, err);
}

static nf_status open_host(struct dev *dev, const nf_cli *cli, const char *folder,
                           const char *country, const char *token, nf_error *err)
{
    char *token_file = nf_format("%s/token", dev->temporary);
    nf_status status = write_token(token_file, token, err);
    dev->config = nf_config_new();
    free(dev->config->listen);
    dev->config->listen = nf_strdup("127.0.0.1:0");
    dev->config->data = nf_format("%s/data", dev->temporary);
    nf_tenant_config *tenant = nf_config_add_tenant(dev->config, "dev", folder);
    tenant->cluster = nf_strdup(nf_sim_url(dev->sim));
    tenant->token_file = token_file;
    free(tenant->country);
    tenant->country = nf_strdup(country);
    return status == NF_OK ? nf_daemon_open(&dev->daemon, cli, dev->config, err) : status;
}

static nf_status make_temporary(struct dev *dev, nf_error *err)
{
    const char *base = getenv("TMPDIR");
    dev->temporary = nf_format("%s/nimflow-dev-XXXXXX", base ? base : "/tmp");
    if (mkdtemp(dev->temporary))
        return NF_OK;
    nf_status status = nf_error_set(err, NF_E_IO, "%s: %s", dev->temporary, strerror(errno));
    free(dev->temporary);
    dev->temporary = NULL;
    return status;
}

static void close_all(struct dev *dev)
{
    nf_sim_close(dev->sim);
    nf_daemon_close(&dev->daemon);
    nf_config_free(dev->config);
    if (dev->temporary)
        nftw(dev->temporary, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(dev->temporary);
}

static int run(const nf_cli *cli, const nf_given *given)
{
    struct dev dev = {0};
    nf_error err = {0};
    struct stat st;
    char token[NF_SECRET_TEXT];
    const char *folder = given->arg_count ? given->args[0] : ".";
    if (given->arg_count > 1)
        return nf_usage_error("dev", "unexpected '%s'; one folder is expected", given->args[1]);
    char *flows = nf_format("%s/flows", folder);
    bool found = stat(flows, &st) == 0 && S_ISDIR(st.st_mode);
    free(flows);
    if (!found)
        return nf_usage_error(
            "dev", "%s has no folder flows/; make one with your .lua files, and lists/ beside it",
            folder);
    nf_log_open(NF_LOG_DEBUG, nf_given_has(given, "json"));
    nf_secret_new(token);
    nf_status status = make_temporary(&dev, &err);
    if (status == NF_OK)
        status = nf_daemon_open_loop(&dev.daemon, &err);
    if (status == NF_OK)
        status = open_sim(&dev, nf_given_value(given, "sim", "127.0.0.1:8800"), token, &err);
    if (status == NF_OK)
        status = open_host(&dev, cli, folder, nf_given_value(given, "country", "CH"), token, &err);
    if (status == NF_OK) {
        printf("simulated Nimbus and page:  %s\n", nf_sim_url(dev.sim));
        printf("notifications are taken at: http://127.0.0.1:%d\n", nf_app_port(dev.daemon.app));
        printf("runs: nimflow runs --socket %s/data/admin.sock\n", dev.temporary);
        printf("Flows in %s/flows are loaded again when they change. Ctrl-C ends.\n", folder);
        fflush(stdout);
        nf_daemon_run(&dev.daemon);
    }
    close_all(&dev);
    return status == NF_OK ? NF_EXIT_OK : nf_exit_for(&err);
}

static const nf_option options[] = {
    {"sim", "HOST:PORT", "address of the simulated cluster and its page; default: 127.0.0.1:8800",
     false},
    {"country", "CC", "country of telephone numbers without one; default: CH", false},
    {"json", NULL, "log lines as JSON objects", false},
    {0},
};

const nf_command nf_command_dev = {
    "dev",
    "[OPTION]... [DIR]",
    "Try flows: a simulated Nimbus cluster and a host for DIR, which has flows/ and lists/.",
    NULL,
    options,
    run,
};
