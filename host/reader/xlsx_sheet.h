/* SPDX-License-Identifier: Apache-2.0 */
/* xlsx_sheet.h: the cells of one sheet, given to a grid. */
#ifndef NF_READER_XLSX_SHEET_H
#define NF_READER_XLSX_SHEET_H

#include "reader/grid.h"
#include "reader/xlsx_workbook.h"

/** A part of a sheet; columns from 0, rows from 1, both ends included. */
typedef struct nf_area {
    unsigned left, right;
    unsigned long top, bottom;
} nf_area;

/** Give all cells of the sheet inside `area` to the grid, row by row; the grid's column 0 is the
 * area's left one. */
nf_status nf_sheet_read(nf_workbook *book, const nf_sheet *sheet, const nf_area *area,
                        nf_grid *grid, nf_error *err);

#endif
