/* SPDX-License-Identifier: Apache-2.0 */
/* lists_path.c: see lists_path.h. */
#include "act/lists_path.h"

#include "base/strbuf.h"
#include "base/suggest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SHOWN_MAX = 50, NAME_LONGEST = 255 };

bool nf_file_version_equal(const nf_file_version *a, const nf_file_version *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size
           && a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

const char *nf_list_kind(const char *name, nf_error *err)
{
    const char *dot = strrchr(name, '.');
    if (dot && (strcasecmp(dot, ".xlsx") == 0 || strcasecmp(dot, ".xlsm") == 0))
        return "xlsx";
    if (dot
        && (strcasecmp(dot, ".csv") == 0 || strcasecmp(dot, ".txt") == 0
            || strcasecmp(dot, ".tsv") == 0))
        return "csv";
    if (dot && strcasecmp(dot, ".xls") == 0)
        nf_error_set(err, NF_E_ARG, "%s is an old Excel workbook (.xls); save it as .xlsx", name);
    else
        nf_error_set(err, NF_E_ARG,
                     "'%s' is no list: its name must end with .xlsx, .xlsm, .csv, .tsv or .txt",
                     name);
    return NULL;
}

/* The names of the lists in a folder, NULL at the end. */
static size_t list_names(const char *dir, char *names[SHOWN_MAX + 1])
{
    size_t count = 0;
    nf_error ignored = {0};
    DIR *folder = opendir(dir);
    for (struct dirent *entry; folder && count < SHOWN_MAX && (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] != '.' && nf_list_kind(entry->d_name, &ignored)) {
            names[count] = strdup(entry->d_name);
            count += names[count] != NULL;
        }
    }
    if (folder)
        closedir(folder);
    names[count] = NULL;
    return count;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void say_missing(const char *dir, const char *name, nf_error *err)
{
    char *names[SHOWN_MAX + 1];
    size_t count = list_names(dir, names);
    qsort(names, count, sizeof *names, by_name);
    const char *meant = nf_suggest(name, (const char *const *)names);
    nf_strbuf all = nf_strbuf_new(500);
    for (size_t i = 0; i < count; i++)
        nf_strbuf_addf(&all, "%s%s", i ? ", " : "", names[i]);
    if (meant)
        nf_error_set(err, NF_E_NOT_FOUND, "no list '%s' in %s; did you mean '%s'?", name, dir,
                     meant);
    else if (count)
        nf_error_set(err, NF_E_NOT_FOUND, "no list '%s' in %s; there are: %s%s", name, dir,
                     nf_strbuf_text(&all), all.overflow ? ", …" : "");
    else
        nf_error_set(err, NF_E_NOT_FOUND, "no list '%s' in %s; the folder has no lists in it", name,
                     dir);
    nf_strbuf_release(&all);
    for (size_t i = 0; i < count; i++)
        free(names[i]);
}

/* Does the name stay inside, as far as a name can tell? */
static bool is_inside(const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len > NAME_LONGEST || *name == '/' || strchr(name, '\\'))
        return false;
    for (const char *part = name; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL)
        if (part[0] == '.'
            && (part[1] == '/' || part[1] == 0
                || (part[1] == '.' && (part[2] == '/' || part[2] == 0))))
            return false;
    return true;
}

/* Where the kernel cannot keep a look-up inside a folder, no symbolic link is followed at all. */
static int open_without_links(int folder, const char *name)
{
    char part[NAME_LONGEST + 1];
    int at = dup(folder);
    while (at >= 0) {
        size_t len = strcspn(name, "/");
        memcpy(part, name, len);
        part[len] = 0;
        int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (name[len] ? O_DIRECTORY : 0);
        int next = openat(at, part, flags);
        close(at);
        at = next;
        if (!name[len])
            break;
        name += len + 1;
    }
    return at;
}

static int open_inside(const char *dir, const char *name)
{
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    int folder = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return -1;
    int fd = (int)syscall(SYS_openat2, folder, name, &how, sizeof how);
    if (fd < 0 && (errno == ENOSYS || errno == EPERM))
        fd = open_without_links(folder, name);
    int saved = errno;
    close(folder);
    errno = saved;
    return fd;
}

int nf_list_open(const char *dir, const char *name, nf_file_version *version, nf_error *err)
{
    struct stat stat;
    if (!is_inside(name)) {
        nf_error_set(err, NF_E_DENIED, "'%s' is no file name inside the folder of lists %s", name,
                     dir);
        return -1;
    }
    int fd = open_inside(dir, name);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
        say_missing(dir, name, err);
    } else if (fd < 0 && (errno == EXDEV || errno == ELOOP)) {
        nf_error_set(err, NF_E_DENIED,
                     "'%s' is a symbolic link that leads out of the folder of lists %s", name, dir);
    } else if (fd < 0) {
        nf_error_set(err, NF_E_IO, "%s/%s cannot be read: %s", dir, name, strerror(errno));
    } else if (fstat(fd, &stat) != 0 || !S_ISREG(stat.st_mode)) {
        nf_error_set(err, NF_E_ARG, "%s/%s is no regular file", dir, name);
        close(fd);
        fd = -1;
    } else {
        *version = (nf_file_version){stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtim};
    }
    return fd;
}
