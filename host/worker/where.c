/* SPDX-License-Identifier: Apache-2.0 */
/*
 * where.c: see where.h.
 *
 * Values are read raw (no metamethods) and every text is cut, because the error object is the
 * script's. nf_where also runs in the signal handler, on a Lua state in the middle of anything: it
 * allocates nothing and looks at a bounded number of frames.
 */
#include "where.h"

#include "names.h"
#include "sink.h"

#include <stdio.h>
#include <string.h>

enum {
    FRAMES_LOOKED_AT = 64,
    FRAMES_SHOWN = 10,
    MESSAGE_MAX = 4096,
    REPORT_MAX = 32 << 10,
    FIELD_MAX = 400
};

static bool is_script(const lua_Debug *frame)
{
    return frame->currentline > 0 && frame->source[0] == '@';
}

/* The innermost script line of this thread; 0 without one. */
static int innermost(lua_State *L, lua_Debug *frame)
{
    for (int level = 0; level < FRAMES_LOOKED_AT && lua_getstack(L, level, frame); level++) {
        lua_getinfo(L, "Sl", frame);
        if (is_script(frame))
            return frame->currentline;
    }
    return 0;
}

/* The same; of a coroutine of C functions only, that of the thread that began it. */
static int find(lua_State *L, lua_Debug *frame)
{
    nf_run *run = nf_current;
    int line = innermost(L, frame);
    if (!line && run->L && run->L != L)
        line = innermost(run->L, frame);
    return line;
}

int nf_where_line(lua_State *L)
{
    lua_Debug frame;
    return find(L, &frame);
}

int nf_where(lua_State *L, char out[NF_WHERE_MAX])
{
    lua_Debug frame;
    out[0] = '\0';
    int line = find(L, &frame);
    if (line)
        snprintf(out, NF_WHERE_MAX, "%.*s:%d", NF_FILE_NAME_MAX, frame.source + 1, line);
    return line;
}

/* Lua's short form of a file name, as it stands before ":line:" in messages. */
static void short_name(const char *file, char out[LUA_IDSIZE])
{
    size_t len = strlen(file);
    if (len < LUA_IDSIZE)
        memcpy(out, file, len + 1);
    else
        snprintf(out, LUA_IDSIZE, "...%s", file + len - (LUA_IDSIZE - 4));
}

/* Take "flows/x.lua:12: " off the front of a message and put it into `where`. */
static const char *strip_position(const nf_run *run, const char *message, char where[NF_WHERE_MAX])
{
    char name[LUA_IDSIZE];
    short_name(run->file, name);
    size_t len = strlen(name);
    if (strncmp(message, name, len) != 0 || message[len] != ':')
        return message;
    const char *digits = message + len + 1, *p = digits;
    while (*p >= '0' && *p <= '9')
        p++;
    if (p == digits || p[0] != ':' || p[1] != ' ' || p - digits > 9)
        return message;
    snprintf(where, NF_WHERE_MAX, "%s:%.*s", run->file, (int)(p - digits), digits);
    return p + 2;
}

/* A string field of the error object at `index`, cut; NULL if it is none. */
static const char *raw_field(lua_State *L, int index, const char *name, char out[FIELD_MAX])
{
    if (!lua_istable(L, index))
        return NULL;
    lua_pushstring(L, name);
    const char *text = NULL;
    if (lua_rawget(L, index) == LUA_TSTRING) {
        snprintf(out, FIELD_MAX, "%s", lua_tostring(L, -1));
        text = out;
    }
    lua_pop(L, 1);
    return text;
}

static void write_frame(nf_sink *sink, const lua_Debug *frame)
{
    char line[NF_WHERE_MAX + 100], name[80];
    if (frame->name)
        snprintf(name, sizeof name, "'%.60s'", frame->name);
    else if (frame->what[0] == 'm')
        snprintf(name, sizeof name, "at the top level");
    else
        snprintf(name, sizeof name, "declared in line %d", frame->linedefined);
    int n = snprintf(line, sizeof line, "%.*s:%d: %s%s", NF_FILE_NAME_MAX, frame->source + 1,
                     frame->currentline, frame->what[0] == 'm' ? "" : "in function ", name);
    nf_sink_quoted(sink, line, (size_t)n);
}

static void write_traceback(nf_sink *sink, lua_State *L)
{
    lua_Debug frame;
    int shown = 0;
    nf_sink_text(sink, ",\"traceback\":[");
    for (int level = 0; L && shown < FRAMES_SHOWN && lua_getstack(L, level, &frame); level++) {
        if (level >= FRAMES_LOOKED_AT)
            break;
        lua_getinfo(L, "Slnt", &frame);
        if (!is_script(&frame))
            continue;
        if (shown++)
            nf_sink_text(sink, ",");
        write_frame(sink, &frame);
    }
    nf_sink_text(sink, "]}");
}

/* The message of the error value at `index`, cut to `out`; its position goes to `where`. */
static void message_of(lua_State *L, nf_run *run, int index, char *out, char where[NF_WHERE_MAX])
{
    char field[FIELD_MAX];
    const char *text;
    switch (lua_type(L, index)) {
    case LUA_TSTRING:
        text = strip_position(run, lua_tostring(L, index), where);
        snprintf(out, MESSAGE_MAX, "%s%s", text, nf_name_hint(L, text, field, sizeof field));
        break;
    case LUA_TNUMBER: /* lua_tostring would change the script's value, which nobody reads any more
                       */
        snprintf(out, MESSAGE_MAX, "%s", lua_tostring(L, index));
        break;
    case LUA_TTABLE:
        text = raw_field(L, index, "message", field);
        snprintf(out, MESSAGE_MAX, "%s",
                 text ? text : "an error that is a table without a field 'message'");
        break;
    default:
        snprintf(out, MESSAGE_MAX, "an error that is a %s", lua_typename(L, lua_type(L, index)));
    }
}

static void report(lua_State *L, nf_run *run, int index, lua_State *frames)
{
    char message[MESSAGE_MAX], where[NF_WHERE_MAX] = "", kind[FIELD_MAX], field[FIELD_MAX];
    if (frames)
        nf_where(frames, where);
    message_of(L, run, index, message, where);
    const char *known = raw_field(L, index, "where", field);
    if (known)
        snprintf(where, sizeof where, "%.*s", NF_WHERE_MAX - 1, known);
    else if (run->line)
        snprintf(where, sizeof where, "%s:%d", run->file, run->line);
    else if (!*where)
        snprintf(where, sizeof where, "%s", run->file);
    nf_sink sink = nf_sink_open(run, REPORT_MAX);
    nf_sink_text(&sink, "{\"message\":");
    nf_sink_quoted(&sink, message, strlen(message));
    nf_sink_text(&sink, ",\"where\":");
    nf_sink_quoted(&sink, where, strlen(where));
    nf_sink_text(&sink, ",\"kind\":");
    known = raw_field(L, index, "kind", kind);
    if (!known)
        known = run->error_kind ? run->error_kind : "error";
    nf_sink_quoted(&sink, known, strlen(known));
    known = raw_field(L, index, "hint", field);
    if (known && *known) {
        nf_sink_text(&sink, ",\"hint\":");
        nf_sink_quoted(&sink, field, strlen(field));
    }
    write_traceback(&sink, frames);
    run->error = nf_sink_close(run, &sink);
}

int nf_where_report(lua_State *L)
{
    if (lua_checkstack(L, 10))
        report(L, nf_current, 1, L);
    return 1;
}

void nf_where_report_plain(lua_State *L, int index)
{
    if (lua_checkstack(L, 10))
        report(L, nf_current, lua_absindex(L, index), NULL);
}
