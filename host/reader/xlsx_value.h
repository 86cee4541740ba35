/* SPDX-License-Identifier: Apache-2.0 */
/* xlsx_value.h: numbers, dates and texts as a workbook writes them. */
#ifndef NF_READER_XLSX_VALUE_H
#define NF_READER_XLSX_VALUE_H

#include <stdbool.h>
#include <stddef.h>

typedef enum nf_number_style {
    NF_STYLE_NUMBER,
    NF_STYLE_DATE,
    NF_STYLE_TIME,
    NF_STYLE_DATE_TIME
} nf_number_style;

enum { NF_NUMBER_TEXT = 40 };

/** What a number format code shows ("dd.mm.yyyy", "0.00", "h:mm"). Elapsed time ([h]:mm) counts as
 * a number. */
nf_number_style nf_format_style(const char *code);

/** The style of a built-in format, by its id. */
nf_number_style nf_builtin_style(long id);

/**
 * A number as JSON: whole numbers without exponent and ".0", others with at most 15 digits, which
 * is what Excel keeps. False when the text is no number.
 */
bool nf_number_text(const char *text, char out[NF_NUMBER_TEXT]);

/**
 * The date and time of a serial number as ISO 8601 without zone: "2026-11-22", "08:15:00",
 * "2026-11-22T08:15:00". False when it is no number or outside the years 1900 to 9999.
 */
bool nf_date_text(const char *text, nf_number_style style, bool from_1904,
                  char out[NF_NUMBER_TEXT]);

/** Resolve "_x000D_" escapes in place; returns the new length. */
size_t nf_unescape_text(char *text, size_t len);

/** "C12": column (from 0) and row (from 1). False when it is no cell address. */
bool nf_cell_address(const char *text, unsigned *column, unsigned long *row);

#endif
