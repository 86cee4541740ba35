/* SPDX-License-Identifier: Apache-2.0 */
/* test_reference.c: the reference in docs/ACTIONS.md says of every action of Nimbus what its descriptor says. */
#include "base/strbuf.h"
#include "nf/fields.h"
#include "nf/table.h"
#include "unit.h"

#define MARK                                                                                       \
    "<!-- What follows is written by the program; see the test unit/bindings/test_reference. -->\n"
enum { LARGEST = 1 << 20 };

/* Groups of fields that many actions share: described once. */
static const struct {
    const nf_param *fields;
    const char *name;
} shared[] = {
    {nf_fields_customer, "customer"},
    {nf_fields_parameter, "parameters"},
    {nf_fields_preferred_user, "preferredUsers"},
};

static const char *shared_name(const nf_param *fields)
{
    for (size_t i = 0; i < sizeof shared / sizeof *shared; i++) {
        if (fields == shared[i].fields)
            return shared[i].name;
    }
    return NULL;
}

static bool is_item(const nf_param *param)
{
    return param->fields && strcmp(param->fields->name, NF_ITEM) == 0;
}

static const char *type_text(const nf_param *param)
{
    switch (param->type) {
    case NF_STRING:
    case NF_BOOK:
        return "text, not empty";
    case NF_TEXT:
        return "plain text";
    case NF_UPN:
        return "UPN";
    case NF_TIME:
        return "UTC text or seconds";
    case NF_INTEGER:
        return "whole number";
    case NF_NUMBER:
        return "number";
    case NF_BOOLEAN:
        return "boolean";
    case NF_OBJECT:
        return "table";
    case NF_LIST:
        return "list";
    case NF_NAMED:
        return "map";
    default:
        return "any value";
    }
}

/* "plain text of at most 64 characters", "list of at most 10 × plain text …" */
static void add_type(nf_strbuf *out, const nf_param *param)
{
    nf_strbuf_puts(out, type_text(param));
    if (param->type == NF_INTEGER && param->most)
        nf_strbuf_addf(out, ", %lld to %lld", (long long)param->least, (long long)param->most);
    else if ((param->type == NF_LIST || param->type == NF_NAMED) && param->max)
        nf_strbuf_addf(out, " of at most %zu", param->max);
    else if (param->max)
        nf_strbuf_addf(out, ", at most %zu characters", param->max);
    if (is_item(param)) {
        nf_strbuf_puts(out, param->max ? " × " : " of ");
        add_type(out, param->fields);
    } else if (shared_name(param->fields)) {
        nf_strbuf_addf(out, ", see [%s](#%s)", shared_name(param->fields),
                       strcmp(shared_name(param->fields), "preferredUsers") == 0
                           ? "preferredusers"
                           : shared_name(param->fields));
    }
}

static void add_rows(nf_strbuf *out, const nf_param *params, const char *prefix)
{
    for (; params->name; params++) {
        bool list = params->type == NF_LIST || params->type == NF_NAMED;
        nf_strbuf_addf(out, "| `%s%s` | %s%s | ", prefix, params->name,
                       params->required && !*prefix ? "(required) " : "", params->doc);
        add_type(out, params);
        nf_strbuf_puts(out, " |\n");
        if (params->fields && !is_item(params) && !shared_name(params->fields)) {
            char inner[100];
            snprintf(inner, sizeof inner, "%s%s%s.", prefix, params->name, list ? "[]" : "");
            add_rows(out, params->fields, inner);
        }
    }
}

static void add_table(nf_strbuf *out, const nf_param *params)
{
    if (!params->name)
        return;
    nf_strbuf_puts(out, "\n| field | | |\n|---|---|---|\n");
    add_rows(out, params, "");
}

static const char *class_text(const nf_action *action)
{
    return action->class == NF_READ   ? "reads"
           : action->class == NF_SAFE ? "may be repeated by the host"
                                      : "**sent once**, never repeated by the host";
}

static void add_action(nf_strbuf *out, const nf_action *action)
{
    nf_strbuf_addf(out, "\n### `%s`\n\n", action->name);
    if (action->title)
        nf_strbuf_addf(out, "*\"%s.\"* ", action->title);
    nf_strbuf_addf(out, "%s\n\n", action->doc);
    if (action->positional) {
        nf_strbuf_puts(out, "Positional: ");
        for (int i = 0; i < action->positional; i++)
            nf_strbuf_addf(out, "%s`%s`", i ? ", " : "", action->params[i].name);
        nf_strbuf_puts(out, ", then a table with the others. ");
    }
    nf_strbuf_addf(out, "Returns: %s.\n", action->returns);
    if (action->path)
        nf_strbuf_addf(out, "`%s %s`; %s", action->method, action->path, class_text(action));
    else
        nf_strbuf_addf(out, "No request of its own; %s", class_text(action));
    if (action->keep_s)
        nf_strbuf_addf(out, "; the answer is kept for %u s", action->keep_s);
    nf_strbuf_puts(out, action->destroys ? "; needs `confirm` or a permission.\n" : ".\n");
    add_table(out, action->params);
}

static void add_reference(nf_strbuf *out)
{
    for (const nf_action *const *a = nf_all_actions; *a; a++) {
        if (strncmp((*a)->name, "nimbus.", 7) == 0)
            add_action(out, *a);
    }
    for (size_t i = 0; i < sizeof shared / sizeof *shared; i++) {
        nf_strbuf_addf(out, "\n### %s\n", shared[i].name);
        add_table(out, shared[i].fields);
    }
}

static const char *document_path(void)
{
    static char path[4096];
    const char *source = getenv("NF_SOURCE");
    snprintf(path, sizeof path, "%s/docs/ACTIONS.md", source ? source : ".");
    return path;
}

static char *read_document(void)
{
    static char text[LARGEST];
    FILE *file = fopen(document_path(), "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static void write_document(const char *head, size_t len, const char *rest)
{
    FILE *file = fopen(document_path(), "w");
    assert_non_null(file);
    fwrite(head, 1, len, file);
    fputs(rest, file);
    fclose(file);
}

static void document_is_current(void **state)
{
    (void)state;
    nf_strbuf wanted = nf_strbuf_new(LARGEST);
    add_reference(&wanted);
    char *document = read_document(), *mark = strstr(document, MARK);
    assert_non_null(mark);
    char *rest = mark + strlen(MARK);
    if (strcmp(rest, wanted.bytes) != 0) {
        print_error("%s is not what the descriptors in bindings/ say.\n"
                    "Write it anew: NF_REGENERATE=1 ctest --preset dev -R "
                    "unit/bindings/test_reference\n",
                    document_path());
        if (getenv("NF_REGENERATE"))
            write_document(document, (size_t)(rest - document), wanted.bytes);
        else
            assert_string_equal(wanted.bytes, rest);
    }
    nf_strbuf_release(&wanted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(document_is_current)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
