/* layer: worker */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prog_lockdown.c: the worker's Landlock part alone, without the filter that would end the process at the first open.
 * Prints the version, then what became of opening, making and removing a file and of connecting to a port, each tried
 * before and after: "open 0 13" is success, then EACCES.
 */
#include "lockdown.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int result(int rc)
{
    int code = rc < 0 ? errno : 0;
    if (rc > 2)
        close(rc);
    return code;
}

static int bind_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int code = result(bind(fd, (struct sockaddr *)&address, sizeof address));
    close(fd);
    return code;
}

static void try_all(const char *folder, int out[5])
{
    char made[512];
    snprintf(made, sizeof made, "%s/made", folder);
    out[0] = result(open("/etc/passwd", O_RDONLY));
    out[1] = result(open(folder, O_RDONLY | O_DIRECTORY));
    out[2] = result(mkdir(made, 0700));
    out[3] = result(rmdir(made));
    out[4] = bind_port();
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"read", "list", "make", "remove", "bind"};
    int before[5], after[5];
    if (argc != 2)
        return 2;
    try_all(argv[1], before);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return 2;
    printf("landlock %d\n", nf_lockdown_files());
    try_all(argv[1], after);
    for (int i = 0; i < 5; i++)
        printf("%s %d %d\n", names[i], before[i], after[i]);
    fflush(stdout);
    _exit(0); /* a sanitizer's last look would open files */
}
