/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xlsx_part.h: the files in a workbook's archive, unpacked piece by piece into an XML parser.
 *
 * Nothing is unpacked as a whole. Every piece is counted against the limits of reader.h, whatever
 * sizes the archive claims. Document types, and with them entities, are refused.
 */
#ifndef NF_READER_XLSX_PART_H
#define NF_READER_XLSX_PART_H

#include "reader/reader.h"

#include <stdbool.h>
#include <zip.h>

typedef struct nf_archive {
    zip_t *zip;
    const char *name;  /* of the file, for messages; borrowed */
    uint64_t unpacked; /* bytes so far */
} nf_archive;

/** What to do with the elements of a part. Names come without prefix; errors set by a callback end
 * the parse. */
typedef struct nf_xml_handler {
    void (*open)(void *ctx, const char *element, const char **attributes, nf_error *err);
    void (*close)(void *ctx, const char *element, nf_error *err);
    void (*text)(void *ctx, const char *text, size_t len, nf_error *err); /* may be NULL */
} nf_xml_handler;

/** Open an archive over `bytes`, which stay borrowed until it is closed. The error says what else
 * the file is. */
nf_status nf_archive_open(nf_archive *archive, const char *bytes, size_t len, const char *name,
                          nf_error *err);

/** Close; does nothing when it was not opened. */
void nf_archive_close(nf_archive *archive);

/** Is there such a part? */
bool nf_archive_has(nf_archive *archive, const char *path);

/** Parse one part. NF_E_NOT_FOUND when it is missing. */
nf_status nf_part_parse(nf_archive *archive, const char *path, const nf_xml_handler *handler,
                        void *ctx, nf_error *err);

/** The value of an attribute by its name without prefix, or NULL. Borrowed. */
const char *nf_xml_attribute(const char **attributes, const char *name);

#endif
