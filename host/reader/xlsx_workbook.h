/* SPDX-License-Identifier: Apache-2.0 */
/* xlsx_workbook.h: what a workbook says about itself: its sheets, their named tables, its number
 * formats. */
#ifndef NF_READER_XLSX_WORKBOOK_H
#define NF_READER_XLSX_WORKBOOK_H

#include "reader/xlsx_part.h"
#include "reader/xlsx_strings.h"
#include "reader/xlsx_value.h"

enum { NF_PATH_MAX = 256 };

typedef struct nf_sheet {
    char *name;
    char id[64];            /* of the relation to its part */
    char path[NF_PATH_MAX]; /* of its part; "" for a chart and the like */
} nf_sheet;

typedef struct nf_workbook {
    nf_archive archive;
    char path[NF_PATH_MAX]; /* of the workbook's own part */
    char styles_path[NF_PATH_MAX], strings_path[NF_PATH_MAX];
    bool from_1904;
    nf_sheet sheets[NF_READ_TABLES_MAX];
    size_t sheet_count;
    unsigned char *styles; /* nf_number_style of each cell format */
    size_t style_count;
    nf_strings strings;
} nf_workbook;

/** One relation of a part to another: called for each; `path` is whole. */
typedef void nf_relation_fn(void *ctx, const char *id, const char *type, const char *path,
                            nf_error *err);

/** Read the relations of a part, if it has any. `type` is the last word of the type's address, e.g.
 * "worksheet". */
nf_status nf_relations_read(nf_archive *archive, const char *part, nf_relation_fn *each, void *ctx,
                            nf_error *err);

/** Read everything but the cells. The workbook was zeroed, its archive opened. */
nf_status nf_workbook_read(nf_workbook *book, nf_error *err);

/** Free everything but the archive. */
void nf_workbook_release(nf_workbook *book);

#endif
