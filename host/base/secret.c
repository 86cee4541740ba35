/* SPDX-License-Identifier: Apache-2.0 */
/* secret.c: see secret.h. */
#include "base/secret.h"

#include "base/alloc.h"
#include "base/macros.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LONGEST_SECRET = 8192 };

void nf_random(void *out, size_t size)
{
    char *at = out;
    while (size > 0) {
        ssize_t n = getrandom(at, size, 0);
        if (n < 0 && errno != EINTR)
            nf_bug("no random bytes: %s", strerror(errno));
        if (n > 0) {
            at += n;
            size -= (size_t)n;
        }
    }
}

static const char digits64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

char *nf_base64url(const uint8_t *bytes, size_t size, char *out)
{
    size_t o = 0;
    for (size_t i = 0; i < size; i += 3) {
        unsigned group = (unsigned)bytes[i] << 16;
        group |= i + 1 < size ? (unsigned)bytes[i + 1] << 8 : 0;
        group |= i + 2 < size ? bytes[i + 2] : 0;
        size_t most = NF_MIN(size - i, 3) + 1;
        for (size_t k = 0; k < most; k++)
            out[o++] = digits64[group >> (18 - 6 * k) & 63];
    }
    out[o] = '\0';
    return out;
}

long nf_base64url_decode(const char *text, size_t len, char *out)
{
    unsigned group = 0, bits = 0;
    long n = 0;
    for (size_t i = 0; i < len; i++) {
        const char *at = text[i] ? strchr(digits64, text[i]) : NULL;
        if (!at)
            return -1;
        group = group << 6 | (unsigned)(at - digits64);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out[n++] = (char)(group >> bits & 255);
        }
    }
    out[n] = '\0';
    return len % 4 == 1 ? -1 : n;
}

char *nf_secret_new(char out[NF_SECRET_TEXT])
{
    uint8_t bytes[32];
    nf_random(bytes, sizeof bytes);
    nf_base64url(bytes, sizeof bytes, out);
    nf_secret_wipe(bytes, sizeof bytes);
    return out;
}

void nf_secret_free(char *text)
{
    if (text)
        nf_secret_wipe(text, strlen(text));
    free(text);
}

char *nf_uuid_new(char out[NF_UUID_TEXT])
{
    uint8_t b[16];
    nf_random(b, sizeof b);
    b[6] = (uint8_t)((b[6] & 0x0F) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3F) | 0x80);
    char hex[33];
    nf_hex(b, sizeof b, hex);
    snprintf(out, NF_UUID_TEXT, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
             hex + 20);
    return out;
}

bool nf_secret_equal(const char *a, size_t a_len, const char *b, size_t b_len)
{
    return a_len == b_len && CRYPTO_memcmp(a, b, a_len) == 0;
}

void nf_secret_wipe(void *bytes, size_t size)
{
    if (bytes)
        OPENSSL_cleanse(bytes, size);
}

/* Looking the algorithm up costs as much as hashing a small text, so it is done once; it never changes afterwards. */
static EVP_MD *sha256;
static pthread_once_t sha256_once = PTHREAD_ONCE_INIT;

static void fetch_sha256(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

void nf_sha256(const void *bytes, size_t size, uint8_t out[NF_SHA256_SIZE])
{
    pthread_once(&sha256_once, fetch_sha256);
    if (!sha256 || EVP_Digest(bytes, size, out, NULL, sha256, NULL) != 1)
        nf_bug("SHA-256 is not available");
}

void nf_hmac_sha256(const void *key, size_t key_size, const void *bytes, size_t size,
                    uint8_t out[NF_SHA256_SIZE])
{
    size_t len = 0;
    if (!EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key, key_size, bytes, size, out,
                   NF_SHA256_SIZE, &len)
        || len != NF_SHA256_SIZE)
        nf_bug("HMAC-SHA-256 is not available");
}

long nf_base64_decode(const char *text, size_t len, uint8_t *out)
{
    if (len % 4 || len > INT_MAX || memchr(text, '\n', len) || memchr(text, ' ', len))
        return -1;
    long n = EVP_DecodeBlock(out, (const unsigned char *)text, (int)len);
    for (size_t i = len; n > 0 && i > 0 && text[i - 1] == '=' && len - i < 2; i--)
        n--;
    return n;
}

char *nf_hex(const uint8_t *bytes, size_t size, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * size] = '\0';
    return out;
}

static nf_status check_mode(int fd, const char *path, nf_error *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return nf_error_set(err, NF_E_IO, "%s: %s", path, strerror(errno));
    if (st.st_mode & 077)
        return nf_error_set(err, NF_E_CONFIG,
                            "%s: others may read this secret (mode %03o); remedy: chmod 600 %s",
                            path, (unsigned)(st.st_mode & 0777), path);
    return NF_OK;
}

nf_status nf_secret_read(const char *path, char **secret, nf_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return nf_error_set(err, NF_E_CONFIG, "%s: %s", path, strerror(errno));
    char text[LONGEST_SECRET + 1];
    nf_status status = check_mode(fd, path, err);
    ssize_t n = status == NF_OK ? read(fd, text, sizeof text) : 0;
    close(fd);
    if (status != NF_OK)
        return status;
    size_t len = n > 0 ? (size_t)n : 0;
    char *line_end = len ? memchr(text, '\n', len) : NULL;
    if (line_end)
        len = (size_t)(line_end - text);
    if (len && text[len - 1] == '\r')
        len--;
    if (len == 0 || len > LONGEST_SECRET)
        return nf_error_set(err, NF_E_CONFIG,
                            "%s: a secret of 1 to %d bytes is expected in the first line", path,
                            LONGEST_SECRET);
    *secret = nf_memdup(text, len);
    nf_secret_wipe(text, sizeof text);
    return NF_OK;
}
