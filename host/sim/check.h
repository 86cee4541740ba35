/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.h: what an object may hold, as a table; for bodies of the API and for files.
 *
 * Both readers give the same answer to the same value; the one for files also knows line and column. A table ends
 * with an entry without a name.
 */
#ifndef NF_SIM_CHECK_H
#define NF_SIM_CHECK_H

#include "config/yaml.h"

#include <jansson.h>

typedef enum sim_kind {
    SIM_TEXT,
    SIM_INTEGER,
    SIM_BOOLEAN,
    SIM_MOMENT,   /* "2020-03-23T11:00:00Z" */
    SIM_DURATION, /* of files: "90s", "1m30s"; in JSON ms */
    SIM_OFFSET,   /* the same, or null */
    SIM_TEXTS,    /* a list of texts */
    SIM_OBJECT,
    SIM_OBJECTS, /* a list of objects */
    SIM_ANY      /* of files: text, number, list or map as it stands there */
} sim_kind;

typedef struct sim_field {
    const char *name;
    sim_kind kind;
    bool required;
    long least, most; /* INTEGER: the value; TEXT: characters; lists: entries. most 0: any */
    long chars;       /* TEXTS: characters of each entry, 0: any */
    const struct sim_field *of; /* OBJECT, OBJECTS: their table */
} sim_field;

/**
 * Is `value` an object as the table says? The reason goes to `why`, with the path of the field ("customer.email").
 * `closed`: fields that no table names are refused, with what was probably meant; else they are ignored.
 */
bool sim_check(const sim_field *fields, const json_t *value, bool closed, char *why, size_t size);

/**
 * The JSON of a map of a file; closed as above. Problems are added to `errors`. Each object gets the member "$line".
 * A new reference, complete when nothing was added to `errors`.
 */
json_t *sim_check_file(const sim_field *fields, const nf_yaml *map, const char *path,
                       nf_strbuf *errors);

/** Ms since 1970 of "2020-03-23T11:00:00Z", with or without a fraction; false when it is none. */
bool sim_moment(const char *text, int64_t *ms);

/** Characters (code points) of UTF-8. */
size_t sim_characters(const char *text);

#endif
