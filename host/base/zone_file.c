/* SPDX-License-Identifier: Apache-2.0 */
/* zone_file.c: a zone from the system's database. A name never leads out of the database's folder. */
#include "base/alloc.h"
#include "base/macros.h"
#include "base/suggest.h"
#include "base/zone.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    LONGEST_NAME = 63,
    MOST_BYTES = 65536, /* the largest file of the database has 4 KiB */
    MOST_LINES = 20000  /* of the database's list; it has about 4300 */
};

static const char *folder(void)
{
    const char *set = getenv("TZDIR");
    return set && *set ? set : "/usr/share/zoneinfo";
}

/* letters, digits, '_', '+', '-' and single '/' between them; no dots, so no way up and no list files */
static bool is_name(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len <= LONGEST_NAME && name[0] != '/' && name[len - 1] != '/'
           && !strstr(name, "//")
           && strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/")
                  == len;
}

/* a zone is meant by its name or by its city alone */
static unsigned distance(const char *word, const char *name)
{
    unsigned whole = nf_word_distance(word, name);
    const char *city = strrchr(name, '/');
    if (!city || strchr(word, '/'))
        return whole;
    unsigned part = nf_word_distance(word, city + 1);
    return NF_MIN(whole, part);
}

/* The nearest name of the database's list, or "". Its lines are "Z NAME ..." and "L TARGET NAME". */
static void nearest(const char *word, char out[LONGEST_NAME + 1])
{
    out[0] = 0;
    char *path = nf_format("%s/tzdata.zi", folder());
    FILE *file = fopen(path, "re");
    free(path);
    if (!file)
        return;
    char line[256], name[LONGEST_NAME + 1];
    unsigned least = (unsigned)-1;
    for (int i = 0; i < MOST_LINES && fgets(line, sizeof line, file); i++) {
        if (sscanf(line, "Z %63s", name) != 1 && sscanf(line, "L %*s %63s", name) != 1)
            continue;
        unsigned far = distance(word, name);
        if (far < least) {
            least = far;
            memcpy(out, name, sizeof name);
        }
    }
    fclose(file);
    if (!nf_word_near(least, strlen(word)))
        out[0] = 0;
}

static void report_unknown(const char *name, nf_error *err)
{
    char meant[LONGEST_NAME + 1];
    nearest(name, meant);
    if (access(folder(), X_OK) != 0)
        nf_error_set(err, NF_E_NOT_FOUND,
                     "time zone '%s': no folder %s; install the package tzdata", name, folder());
    else if (*meant)
        nf_error_set(err, NF_E_NOT_FOUND, "unknown time zone '%s'; did you mean '%s'?", name,
                     meant);
    else
        nf_error_set(err, NF_E_NOT_FOUND,
                     "unknown time zone '%s'; it must be a name of the IANA database, such as "
                     "'Europe/Zurich'",
                     name);
}

/* the bytes of a zone's file, with one more than allowed when it is too large; NULL with an error */
static char *read_bytes(const char *name, size_t *len, nf_error *err)
{
    char *path = nf_format("%s/%s", folder(), name), *bytes = nf_alloc(MOST_BYTES + 1);
    FILE *file = fopen(path, "re");
    int why = file ? 0 : errno;
    if (file) {
        *len = fread(bytes, 1, MOST_BYTES + 1, file);
        why = ferror(file) ? errno : 0;
        fclose(file);
    }
    if (why == ENOENT || why == ENOTDIR || why == EISDIR)
        report_unknown(name, err);
    else if (why)
        nf_error_set(err, NF_E_IO, "time zone '%s': cannot read %s: %s", name, path, strerror(why));
    free(path);
    if (!why)
        return bytes;
    free(bytes);
    return NULL;
}

nf_zone *nf_zone_open(const char *name, nf_error *err)
{
    if (!is_name(name)) {
        nf_error_set(err, NF_E_ARG,
                     "'%.80s' is no time zone; it must be a name of the IANA database, such as "
                     "'Europe/Zurich'",
                     name);
        return NULL;
    }
    if (strcmp(name, "UTC") == 0)
        return nf_zone_utc();
    size_t len = 0;
    char *bytes = read_bytes(name, &len, err);
    if (!bytes)
        return NULL;
    nf_zone *zone = NULL;
    if (len > MOST_BYTES)
        nf_error_set(err, NF_E_LIMIT, "time zone '%s': its file has more than %d bytes", name,
                     MOST_BYTES);
    else
        zone = nf_zone_parse(bytes, len, name, err);
    free(bytes);
    return zone;
}
