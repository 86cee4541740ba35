/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csv_text.c: see csv_text.h.
 *
 * Not iconv: it loads its tables from files, which the process has given up, and the two encodings
 * are one table of 32 characters and a few shifts.
 */
#include "reader/csv_text.h"

#include "base/jscan.h"

#include <stdlib.h>
#include <string.h>

/* Windows-1252, 0x80 to 0x9f; the rest is Latin-1. */
static const uint16_t windows[32] = {
    0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd, 0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178,
};

static size_t put_utf8(uint32_t c, char *out)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

static size_t from_windows(const unsigned char *bytes, size_t len, char *out)
{
    size_t size = 0;
    for (size_t i = 0; i < len; i++)
        size += put_utf8(bytes[i] >= 0x80 && bytes[i] < 0xa0 ? windows[bytes[i] - 0x80] : bytes[i],
                         out + size);
    return size;
}

static uint32_t unit(const unsigned char *bytes, bool big)
{
    return big ? (uint32_t)(bytes[0] << 8 | bytes[1]) : (uint32_t)(bytes[1] << 8 | bytes[0]);
}

/* A surrogate without its other half becomes U+FFFD. */
static size_t from_utf16(const unsigned char *bytes, size_t len, bool big, char *out)
{
    size_t size = 0;
    for (size_t i = 0; i + 1 < len; i += 2) {
        uint32_t c = unit(bytes + i, big);
        if (c >= 0xd800 && c < 0xe000) {
            uint32_t low = i + 3 < len ? unit(bytes + i + 2, big) : 0;
            bool pair = c < 0xdc00 && low >= 0xdc00 && low < 0xe000;
            c = pair ? 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00) : 0xfffd;
            i += pair ? 2 : 0;
        }
        size += put_utf8(c, out + size);
    }
    return size;
}

static bool is_utf8(const char *bytes, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t size = nf_utf8_length(bytes + i, len - i);
        if (size == 0)
            return false;
        i += size;
    }
    return true;
}

enum encoding { UTF8, UTF16_LITTLE, UTF16_BIG, WINDOWS };

/* What the first bytes say; `*mark` is the length of the byte order mark. */
static enum encoding guess(const unsigned char *bytes, size_t len, size_t *mark)
{
    size_t zeros[2] = {0, 0}, looked = len < 512 ? len & ~(size_t)1 : 512;
    *mark = 2;
    if (len >= 2 && bytes[0] == 0xff && bytes[1] == 0xfe)
        return UTF16_LITTLE;
    if (len >= 2 && bytes[0] == 0xfe && bytes[1] == 0xff)
        return UTF16_BIG;
    *mark = len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    for (size_t i = 0; i < looked; i++)
        zeros[i % 2] += bytes[i] == 0;
    if (zeros[1] > looked / 4 && zeros[0] == 0)
        return UTF16_LITTLE;
    if (zeros[0] > looked / 4 && zeros[1] == 0)
        return UTF16_BIG;
    return is_utf8((const char *)bytes, len) ? UTF8 : WINDOWS;
}

static nf_status refuse_other_files(const char *bytes, size_t len, const char *name, nf_error *err)
{
    if (len >= 4 && memcmp(bytes, "PK\3\4", 4) == 0)
        return nf_error_set(err, NF_E_PARSE,
                            "%s is no text: it is a zip archive, perhaps a workbook; name it .xlsx",
                            name);
    if (len >= 8 && memcmp(bytes, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8) == 0)
        return nf_error_set(err, NF_E_PARSE,
                            "%s is no text: it is an old Excel workbook (.xls); save it as .xlsx",
                            name);
    return NF_OK;
}

nf_status nf_csv_text(const char *bytes, size_t len, const char *name, char **text,
                      size_t *text_len, nf_error *err)
{
    size_t mark;
    const unsigned char *raw = (const unsigned char *)bytes;
    *text = NULL;
    if (refuse_other_files(bytes, len, name, err))
        return err->status;
    enum encoding encoding = guess(raw, len, &mark);
    size_t rest = len - mark;
    char *out = malloc(rest * (encoding == UTF8 ? 1 : encoding == WINDOWS ? 3 : 2) + 4);
    if (!out)
        return nf_error_set(err, NF_E_LIMIT, "it needs too much memory");
    if (encoding == UTF8)
        memcpy(out, bytes + mark, rest);
    *text_len = encoding == UTF8      ? rest
                : encoding == WINDOWS ? from_windows(raw + mark, rest, out)
                                      : from_utf16(raw + mark, rest, encoding == UTF16_BIG, out);
    *text = out;
    if (memchr(out, 0, *text_len))
        return nf_error_set(err, NF_E_PARSE, "%s is no text: it has zero bytes in it", name);
    return NF_OK;
}
