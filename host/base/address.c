/* SPDX-License-Identifier: Apache-2.0 */
/* address.c: see address.h. */
#include "base/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

nf_status nf_address_split(const char *text, char *host, size_t host_size, int *port, nf_error *err)
{
    const char *colon = strrchr(text, ':');
    const char *from = text, *to = colon;
    char *end = NULL;
    long number = colon ? strtol(colon + 1, &end, 10) : -1;
    if (*from == '[' && to && to > from && to[-1] == ']') {
        from++;
        to--;
    }
    bool digit =
        colon && colon[1] >= '0' && colon[1] <= '9'; /* strtol would take blanks and signs */
    if (!digit || to == from || *end || number < 0 || number > 65535
        || (size_t)(to - from) >= host_size)
        return nf_error_set(err, NF_E_CONFIG, "'%s' is not HOST:PORT, for example 127.0.0.1:8080",
                            text);
    snprintf(host, host_size, "%.*s", (int)(to - from), from);
    *port = (int)number;
    return NF_OK;
}

bool nf_address_is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (strcmp(host, "localhost") == 0)
        return true;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return (ntohl(v4.s_addr) >> 24) == 127;
    return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

/* Nothing that some other reader of the address could take for its end or for a separator. */
static bool plain_characters(const char *url)
{
    for (; *url; url++) {
        unsigned char c = (unsigned char)*url;
        if (c <= ' ' || c == 0x7F || c == '\\' || c == '#')
            return false;
    }
    return true;
}

/* The host of a URL behind "scheme://", without port and brackets. */
static bool url_host(const char *authority, char *host, size_t size)
{
    size_t n = strcspn(authority, "/?#");
    if (n == 0 || memchr(authority, '@', n))
        return false;
    const char *from = authority;
    size_t len;
    if (*from == '[') {
        const char *close = memchr(from, ']', n);
        if (!close)
            return false;
        len = (size_t)(close - ++from);
    } else {
        const char *colon = memchr(from, ':', n);
        len = colon ? (size_t)(colon - from) : n;
    }
    if (len == 0 || len >= size)
        return false;
    memcpy(host, from, len);
    host[len] = '\0';
    return true;
}

nf_status nf_url_check(const char *url, nf_error *err)
{
    char host[256];
    bool secure = strncmp(url, "https://", 8) == 0;
    bool plain = strncmp(url, "http://", 7) == 0;
    if ((!secure && !plain) || !plain_characters(url)
        || !url_host(url + (secure ? 8 : 7), host, sizeof host))
        return nf_error_set(err, NF_E_CONFIG, "'%s' is not an address like https://api.example.com",
                            url);
    if (plain && !nf_address_is_loopback(host))
        return nf_error_set(
            err, NF_E_CONFIG,
            "'%s': plain http is allowed to this machine only (127.0.0.1, [::1], localhost); use https",
            url);
    return NF_OK;
}
