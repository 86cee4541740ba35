/* SPDX-License-Identifier: Apache-2.0 */
/* version.c: nimflow version: of the program and of what it is linked to. */
#include "nf/version.h"
#include "cli/command.h"

#include <curl/curl.h>
#include <jansson.h>
#include <sqlite3.h>
#include <stdio.h>
#include <uv.h>

static int run(const nf_cli *cli, const nf_given *given)
{
    const char *curl = curl_version_info(CURLVERSION_NOW)->version;
    (void)cli;
    if (given->arg_count > 0)
        return nf_usage_error("version", "unexpected '%s'", given->args[0]);
    if (nf_given_has(given, "json"))
        printf("{\"nimflow\":\"%s\",\"binding_abi\":%d,\"libuv\":\"%s\",\"libcurl\":\"%s\","
               "\"jansson\":\"%s\","
               "\"sqlite\":\"%s\"}\n",
               NF_VERSION_STRING, NF_BINDING_ABI, uv_version_string(), curl, jansson_version_str(),
               sqlite3_libversion());
    else
        printf("nimflow %s (binding interface %d)\nlibuv %s\nlibcurl %s\njansson %s\nSQLite %s\n",
               NF_VERSION_STRING, NF_BINDING_ABI, uv_version_string(), curl, jansson_version_str(),
               sqlite3_libversion());
    return NF_EXIT_OK;
}

static const nf_option options[] = {{"json", NULL, "as a JSON object", false}, {0}};

const nf_command nf_command_version = {
    "version", "[--json]", "Print the version of nimflow and of its libraries.", NULL, options, run,
};
