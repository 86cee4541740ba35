/* SPDX-License-Identifier: Apache-2.0 */
/* test_http_guard.c: the rules of a head, case by case, without a socket. */
#include "net/http_guard.h"
#include "net/http_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The status with which a complete head is refused; 0: it is taken and left in `head`, whose text
 * is `*copy`. */
static int split(const char *text, size_t len, nf_http_head *head, char **copy)
{
    nf_http_lines lines = {0};
    bool is_end;
    const char *why;
    size_t seen = nf_http_lines_scan(&lines, text, len, &is_end, &why);
    *copy = NULL;
    if (why)
        return 400;
    assert_true(is_end);
    *copy = malloc(seen);
    memcpy(*copy, text, seen);
    return nf_http_head_split(*copy, seen, head).status;
}

static int status_of(const char *text)
{
    nf_http_head head;
    char *copy;
    int status = split(text, strlen(text), &head, &copy);
    free(copy);
    return status;
}

static void takes_a_head_apart(void **state)
{
    (void)state;
    static const char text[] =
        "POST /a/b%20c?x=1&y HTTP/1.1\r\nHost: example.org:80\r\nX-One:  two three \t\r\n"
        "X-Empty:\r\ncontent-LENGTH: 12\r\nExpect: 100-Continue\r\n\r\nrest";
    nf_http_head head;
    char *copy;
    assert_int_equal(split(text, sizeof text - 1, &head, &copy), 0);
    assert_string_equal(head.method, "POST");
    assert_string_equal(head.path, "/a/b%20c");
    assert_string_equal(head.query, "x=1&y");
    assert_string_equal(head.host, "example.org:80");
    assert_int_equal(head.minor, 1);
    assert_int_equal(head.count, 5);
    assert_true(head.has_length && head.expects_continue && !head.chunked);
    assert_string_equal(nf_http_head_find(&head, "x-one"), "two three");
    assert_string_equal(nf_http_head_find(&head, "x-empty"), "");
    assert_null(nf_http_head_find(&head, "x-none"));
    free(copy);
}

static void targets(void **state)
{
    (void)state;
    static const struct {
        const char *target, *path, *query;
    } good[] = {
        {"/", "/", ""},          {"/?", "/", ""},
        {"/a?b?c", "/a", "b?c"}, {"http://h/x?y", "/x", "y"},
        {"HTTP://H/", "/", ""},  {"//double//slash", "//double//slash", ""},
    };
    static const char *const bad[] = {
        "x", "*", "http://h", "http:///x", "https://h/x", "http://other/", "/#f", "/\x7f"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        char text[256], *copy;
        nf_http_head head;
        snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", good[i].target);
        assert_int_equal(split(text, strlen(text), &head, &copy), 0);
        assert_string_equal(head.path, good[i].path);
        assert_string_equal(head.query, good[i].query);
        free(copy);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[256];
        snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", bad[i]);
        assert_int_equal(status_of(text), 400);
    }
    assert_int_equal(status_of("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"), 0);
}

static void every_byte_of_a_header_value(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        char text[] = "GET / HTTP/1.1\r\nHost: h\r\nX: a?b\r\n\r\n", *copy;
        nf_http_head head;
        *strchr(text, '?') = (char)c;
        bool allowed = c == '\t' || (c >= 0x20 && c != 0x7F);
        assert_int_equal(split(text, sizeof text - 1, &head, &copy), allowed ? 0 : 400);
        free(copy);
    }
}

static void every_byte_of_a_header_name(void **state)
{
    (void)state;
    for (int c = 1; c < 256; c++) {
        char text[] = "GET / HTTP/1.1\r\nHost: h\r\nX?Y: a\r\n\r\n", *copy;
        nf_http_head head;
        *strchr(text, '?') = (char)c;
        bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
                       || strchr("!#$%&'*+-.^_`|~:", c);
        assert_int_equal(split(text, sizeof text - 1, &head, &copy), allowed ? 0 : 400);
        free(copy);
    }
}

static void lines_go_on_in_pieces(void **state)
{
    (void)state;
    static const char good[] = "5;x=y\r\n0\r\nA: b\r\n\r\n";
    for (size_t cut = 0; cut < sizeof good; cut++) {
        nf_http_lines lines = {0};
        assert_null(nf_http_lines_check(&lines, good, cut));
        assert_null(nf_http_lines_check(&lines, good + cut, sizeof good - 1 - cut));
    }
    nf_http_lines lines = {0};
    assert_null(nf_http_lines_check(&lines, "0\r", 2));
    assert_non_null(nf_http_lines_check(&lines, "X", 1));
}

static void limits_of_a_message(void **state)
{
    (void)state;
    static const char text[] =
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n123456789NEXT";
    nf_http_message m;
    size_t used;
    nf_http_message_init(&m, 100, 9);
    assert_int_equal(nf_http_message_feed(&m, text, sizeof text - 1, &used), NF_HTTP_DONE);
    assert_int_equal(used, sizeof text - 1 - 4);
    assert_string_equal(nf_strbuf_text(&m.body), "123456789");
    assert_true(m.keep_alive);
    nf_http_message_release(&m);

    nf_http_message_init(&m, 100, 8);
    assert_int_equal(nf_http_message_feed(&m, text, sizeof text - 1, &used), NF_HTTP_REFUSED);
    assert_int_equal(m.refusal.status, 413);
    nf_http_message_release(&m);

    nf_http_message_init(&m, 30, 9);
    assert_int_equal(nf_http_message_feed(&m, text, sizeof text - 1, &used), NF_HTTP_REFUSED);
    assert_int_equal(m.refusal.status, 431);
    nf_http_message_release(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_a_head_apart),
        cmocka_unit_test(targets),
        cmocka_unit_test(every_byte_of_a_header_value),
        cmocka_unit_test(every_byte_of_a_header_name),
        cmocka_unit_test(lines_go_on_in_pieces),
        cmocka_unit_test(limits_of_a_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
