/* SPDX-License-Identifier: Apache-2.0 */
/* key.c: see key.h. */
#include "auth/key.h"

#include "base/alloc.h"
#include "base/secret.h"
#include "log/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct nf_key {
    char *file, *data, *from;
    bool read;
    uint8_t bytes[NF_SEAL_KEY];
};

nf_key *nf_key_new(const char *file, const char *data)
{
    nf_key *key = nf_alloc(sizeof *key);
    key->file = nf_strdup(file);
    key->data = nf_strdup(data);
    return key;
}

void nf_key_free(nf_key *key)
{
    if (!key)
        return;
    nf_secret_wipe(key->bytes, sizeof key->bytes);
    free(key->file);
    free(key->data);
    free(key->from);
    free(key);
}

const char *nf_key_from(const nf_key *key)
{
    return key->from ? key->from : "the key";
}

static bool sync_folder(const char *path)
{
    char *folder = nf_format("%.*s", (int)(strrchr(path, '/') - path), path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    free(folder);
    return good;
}

/* A new key: written beside, made durable, then given its name, so that a crash leaves none or a whole one. */
static nf_status make(const char *path, nf_error *err)
{
    char text[NF_SECRET_TEXT];
    char *fresh = nf_format("%s.new", path);
    nf_secret_new(text);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text)
                && write(fd, "\n", 1) == 1 && fsync(fd) == 0 && rename(fresh, path) == 0
                && sync_folder(path);
    nf_status status = good ? NF_OK
                            : nf_error_set(err, NF_E_IO, "%s: the key could not be made: %s", path,
                                           strerror(errno));
    if (fd >= 0)
        close(fd);
    if (good)
        nf_log_warn("auth",
                    "made the key %s; without it sign-ins cannot be read: include it in backups, "
                    "apart from the database",
                    path);
    nf_secret_wipe(text, sizeof text);
    free(fresh);
    return status;
}

static nf_status read_text(nf_key *key, char **text, nf_error *err)
{
    const char *credentials = getenv("CREDENTIALS_DIRECTORY"), *given = getenv("NIMFLOW_KEY");
    char *credential = nf_format("%s/nimflow-key", credentials ? credentials : "/nonexistent");
    nf_status status = NF_OK;
    if (key->file) {
        key->from = nf_strdup(key->file);
    } else if (credentials && access(credential, F_OK) == 0) {
        key->from = nf_strdup(credential);
    } else if (given) {
        key->from = nf_strdup("the environment variable NIMFLOW_KEY");
        *text = nf_strdup(given);
    } else {
        key->from = nf_format("%s/key", key->data);
        if (access(key->from, F_OK) != 0)
            status = make(key->from, err);
    }
    free(credential);
    return status == NF_OK && !*text ? nf_secret_read(key->from, text, err) : status;
}

const uint8_t *nf_key_bytes(nf_key *key, nf_error *err)
{
    char *text = NULL;
    if (key->read)
        return key->bytes;
    free(key->from);
    key->from = NULL;
    nf_status status = read_text(key, &text, err);
    if (status == NF_OK)
        status = nf_seal_key_from(text, key->from, key->bytes, err);
    nf_secret_free(text);
    key->read = status == NF_OK;
    return key->read ? key->bytes : NULL;
}
