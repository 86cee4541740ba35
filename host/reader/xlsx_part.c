/* SPDX-License-Identifier: Apache-2.0 */
/* xlsx_part.c: see xlsx_part.h. */
#include "reader/xlsx_part.h"

#include <expat.h>
#include <string.h>

typedef struct part {
    XML_Parser parser;
    const nf_xml_handler *handler;
    void *ctx;
    nf_error *err;
    int depth;
} part;

static nf_status say_what_it_is(const char *bytes, size_t len, const char *name, nf_error *err)
{
    static const char ole[] = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
    static const char encrypted[] = "E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e";
    if (len >= 8 && memcmp(bytes, ole, 8) == 0) {
        if (memmem(bytes, len, encrypted, sizeof encrypted - 1))
            return nf_error_set(err, NF_E_PARSE,
                                "%s is protected by a password; save it without one", name);
        return nf_error_set(err, NF_E_PARSE, "%s is an old Excel workbook (.xls); save it as .xlsx",
                            name);
    }
    if (len == 0)
        return nf_error_set(err, NF_E_PARSE, "%s is not an Excel workbook (.xlsx): it is empty",
                            name);
    return nf_error_set(
        err, NF_E_PARSE,
        "%s is not an Excel workbook (.xlsx): it is no zip archive; save it as .xlsx", name);
}

/* A bomb usually says how large it is; the true sizes are counted later. */
static nf_status check_claims(const nf_archive *archive, nf_error *err)
{
    zip_int64_t count = zip_get_num_entries(archive->zip, 0);
    if (count > NF_READ_PARTS_MAX)
        return nf_error_set(err, NF_E_LIMIT, "%s has %lld files in it, more than %d", archive->name,
                            (long long)count, NF_READ_PARTS_MAX);
    uint64_t total = 0;
    for (zip_int64_t i = 0; i < count; i++) {
        zip_stat_t stat;
        if (zip_stat_index(archive->zip, (zip_uint64_t)i, 0, &stat) != 0
            || !(stat.valid & ZIP_STAT_SIZE))
            continue;
        if (stat.size > NF_READ_UNPACKED_MAX - total)
            return nf_error_set(err, NF_E_LIMIT, "%s unpacks to more than %d MiB", archive->name,
                                NF_READ_UNPACKED_MAX >> 20);
        total += stat.size;
    }
    return NF_OK;
}

nf_status nf_archive_open(nf_archive *archive, const char *bytes, size_t len, const char *name,
                          nf_error *err)
{
    zip_error_t error;
    zip_error_init(&error);
    archive->name = name;
    if (len < 4 || memcmp(bytes, "PK", 2) != 0)
        return say_what_it_is(bytes, len, name, err);
    zip_source_t *source = zip_source_buffer_create(bytes, len, 0, &error);
    archive->zip = source ? zip_open_from_source(source, ZIP_RDONLY, &error) : NULL;
    if (!archive->zip) {
        zip_source_free(source);
        nf_error_set(err, NF_E_PARSE, "%s is a broken zip archive (%s); save it again as .xlsx",
                     name, zip_error_strerror(&error));
    }
    zip_error_fini(&error);
    return archive->zip ? check_claims(archive, err) : err->status;
}

void nf_archive_close(nf_archive *archive)
{
    if (archive->zip)
        zip_discard(archive->zip);
    archive->zip = NULL;
}

bool nf_archive_has(nf_archive *archive, const char *path)
{
    return zip_name_locate(archive->zip, path, ZIP_FL_NOCASE) >= 0;
}

static const char *local(const char *name)
{
    const char *colon = strchr(name, ':');
    return colon ? colon + 1 : name;
}

const char *nf_xml_attribute(const char **attributes, const char *name)
{
    for (; *attributes; attributes += 2)
        if (strcmp(local(attributes[0]), name) == 0)
            return attributes[1];
    return NULL;
}

static void stop_on_error(part *p)
{
    if (p->err->status)
        XML_StopParser(p->parser, XML_FALSE);
}

static void XMLCALL on_open(void *ctx, const char *name, const char **attributes)
{
    part *p = ctx;
    if (++p->depth > NF_READ_DEPTH_MAX)
        nf_error_set(p->err, NF_E_LIMIT, "its XML is nested deeper than %d", NF_READ_DEPTH_MAX);
    else
        p->handler->open(p->ctx, local(name), attributes, p->err);
    stop_on_error(p);
}

static void XMLCALL on_close(void *ctx, const char *name)
{
    part *p = ctx;
    p->depth--;
    if (!p->err->status)
        p->handler->close(p->ctx, local(name), p->err);
    stop_on_error(p);
}

static void XMLCALL on_text(void *ctx, const char *text, int len)
{
    part *p = ctx;
    if (!p->err->status && p->handler->text)
        p->handler->text(p->ctx, text, (size_t)len, p->err);
    stop_on_error(p);
}

static void XMLCALL on_doctype(void *ctx, const char *name, const char *system, const char *public,
                               int internal)
{
    part *p = ctx;
    (void)name, (void)system, (void)public, (void)internal;
    nf_error_set(p->err, NF_E_PARSE,
                 "it has a document type (DTD) in it, which no workbook needs; it is refused");
    stop_on_error(p);
}

static nf_status count(nf_archive *archive, uint64_t packed, uint64_t unpacked, uint64_t piece,
                       nf_error *err)
{
    archive->unpacked += piece;
    if (unpacked > NF_READ_PART_MAX)
        return nf_error_set(err, NF_E_LIMIT, "one of its parts unpacks to more than %d MiB",
                            NF_READ_PART_MAX >> 20);
    if (archive->unpacked > NF_READ_UNPACKED_MAX)
        return nf_error_set(err, NF_E_LIMIT, "it unpacks to more than %d MiB",
                            NF_READ_UNPACKED_MAX >> 20);
    if (unpacked > NF_READ_RATIO_FROM && unpacked / NF_READ_RATIO_MAX > packed)
        return nf_error_set(
            err, NF_E_LIMIT,
            "it unpacks to more than %d times its size, as no honest workbook does (a zip bomb)",
            NF_READ_RATIO_MAX);
    return NF_OK;
}

static nf_status xml_error(part *p, nf_error *err)
{
    enum XML_Error code = XML_GetErrorCode(p->parser);
    if (err->status) /* set by a callback */
        return err->status;
    if (code == XML_ERROR_NO_MEMORY)
        return nf_error_set(err, NF_E_LIMIT, "it needs too much memory");
    return nf_error_set(err, NF_E_PARSE, "its XML is broken (%s)", XML_ErrorString(code));
}

static nf_status feed(nf_archive *archive, zip_file_t *file, uint64_t packed, part *p)
{
    uint64_t unpacked = 0;
    for (;;) {
        void *buffer = XML_GetBuffer(p->parser, 1 << 16);
        if (!buffer)
            return nf_error_set(p->err, NF_E_LIMIT, "it needs too much memory");
        zip_int64_t n = zip_fread(file, buffer, 1 << 16);
        if (n < 0)
            return nf_error_set(p->err, NF_E_PARSE, "it is damaged (%s)", zip_file_strerror(file));
        unpacked += (uint64_t)n;
        if (count(archive, packed, unpacked, (uint64_t)n, p->err))
            return p->err->status;
        if (XML_ParseBuffer(p->parser, (int)n, n == 0) != XML_STATUS_OK)
            return xml_error(p, p->err);
        if (n == 0)
            return NF_OK;
    }
}

static nf_status parse_file(nf_archive *archive, zip_file_t *file, uint64_t packed, part *p)
{
    p->parser = XML_ParserCreate(NULL);
    if (!p->parser)
        return nf_error_set(p->err, NF_E_LIMIT, "it needs too much memory");
    XML_SetHashSalt(
        p->parser,
        0x6e696d66); /* no random source is left; the time limit bounds what crafted names cost */
    XML_SetUserData(p->parser, p);
    XML_SetElementHandler(p->parser, on_open, on_close);
    XML_SetCharacterDataHandler(p->parser, on_text);
    XML_SetStartDoctypeDeclHandler(p->parser, on_doctype);
    nf_status status = feed(archive, file, packed, p);
    XML_ParserFree(p->parser);
    return status;
}

nf_status nf_part_parse(nf_archive *archive, const char *path, const nf_xml_handler *handler,
                        void *ctx, nf_error *err)
{
    part p = {.handler = handler, .ctx = ctx, .err = err};
    zip_stat_t stat;
    if (zip_stat(archive->zip, path, ZIP_FL_NOCASE, &stat) != 0)
        return nf_error_set(err, NF_E_NOT_FOUND, "its part %s is missing", path);
    if ((stat.valid & ZIP_STAT_ENCRYPTION_METHOD) && stat.encryption_method != ZIP_EM_NONE)
        return nf_error_set(err, NF_E_PARSE, "%s is protected by a password; save it without one",
                            archive->name);
    zip_file_t *file = zip_fopen_index(archive->zip, stat.index, 0);
    if (!file)
        return nf_error_set(err, NF_E_PARSE, "its part %s cannot be unpacked (%s)", path,
                            zip_strerror(archive->zip));
    nf_status status =
        parse_file(archive, file, (stat.valid & ZIP_STAT_COMP_SIZE) ? stat.comp_size : 0, &p);
    zip_fclose(file);
    return status;
}
