/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib_time.c: os.time, os.date, os.clock, os.difftime and time.now, in UTC and by arithmetic alone.
 *
 * The libc's versions take the time zone's lock: a run left inside would keep it for ever. The
 * clock is that of the broker's last message, so a run that is repeated from its journal sees the
 * same times.
 */
#include "lib.h"

#include <stdio.h>
#include <string.h>

enum { DAY = 86400, FORMAT_MAX = 100, TEXT_MAX = FORMAT_MAX * 30 };

typedef struct moment {
    int64_t year;
    int month, day, hour, minute, second, weekday, yearday; /* Sunday is 0; 1 January is 0 */
} moment;

/* Days since 1970-01-01 of a date in the Gregorian calendar; years begin in March here, so a leap
 * day is the last. */
static int64_t days_of(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static moment moment_of(int64_t seconds)
{
    int64_t rest = ((seconds % DAY) + DAY) % DAY, days = (seconds - rest) / DAY;
    int64_t from = days + 719468;
    int64_t era = (from >= 0 ? from : from - 146096) / 146097;
    int64_t of_era = from - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153;
    moment m = {.day = (int)(of_year - (153 * month + 2) / 5 + 1),
                .month = (int)(month < 10 ? month + 3 : month - 9)};
    m.year = year + era * 400 + (m.month <= 2);
    m.hour = (int)(rest / 3600);
    m.minute = (int)(rest / 60 % 60);
    m.second = (int)(rest % 60);
    m.weekday = (int)(((days % 7) + 11) % 7);
    m.yearday = (int)(days - days_of(m.year, 1, 1));
    return m;
}

static int64_t field(lua_State *L, const char *name, int64_t standard)
{
    int is_integer;
    lua_pushstring(L, name);
    lua_rawget(L, 1);
    lua_Integer value = lua_tointegerx(L, -1, &is_integer);
    if (!is_integer) {
        if (!lua_isnil(L, -1) || standard < 0)
            luaL_error(L, "field '%s' is missing or not an integer", name);
        value = standard;
    }
    if (value < -1000000000 || value > 1000000000)
        luaL_error(L, "field '%s' is out of range", name);
    lua_pop(L, 1);
    return value;
}

static int lx_os_time(lua_State *L)
{
    if (lua_isnoneornil(L, 1)) {
        lua_pushinteger(L, nf_current->now_ms / 1000);
        return 1;
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    int64_t month = field(L, "month", -1) - 1;
    int64_t year = field(L, "year", -1) + month / 12;
    month %= 12;
    if (month < 0) {
        month += 12;
        year--;
    }
    int64_t days = days_of(year, (int)month + 1, 1) + field(L, "day", -1) - 1;
    lua_pushinteger(L, days * DAY + field(L, "hour", 12) * 3600 + field(L, "min", 0) * 60
                           + field(L, "sec", 0));
    return 1;
}

static int push_table(lua_State *L, const moment *m)
{
    const struct {
        const char *name;
        int64_t value;
    } fields[] = {{"year", m->year},        {"month", m->month},     {"day", m->day},
                  {"hour", m->hour},        {"min", m->minute},      {"sec", m->second},
                  {"wday", m->weekday + 1}, {"yday", m->yearday + 1}};
    lua_createtable(L, 0, 9);
    for (size_t i = 0; i < NF_COUNT(fields); i++) {
        lua_pushinteger(L, fields[i].value);
        lua_setfield(L, -2, fields[i].name);
    }
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "isdst");
    return 1;
}

static const char *const days[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                   "Thursday", "Friday", "Saturday"};
static const char *const months[] = {"January",   "February", "March",    "April",
                                     "May",       "June",     "July",     "August",
                                     "September", "October",  "November", "December"};

/* The conversions to one number of a fixed width; 0 if the letter is none of them. */
static int convert_number(char letter, const moment *m, char *out, size_t size)
{
    const struct {
        char letter;
        int width, value;
    } numbers[] = {{'m', 2, m->month},
                   {'d', 2, m->day},
                   {'H', 2, m->hour},
                   {'I', 2, m->hour % 12 ? m->hour % 12 : 12},
                   {'M', 2, m->minute},
                   {'S', 2, m->second},
                   {'j', 3, m->yearday + 1},
                   {'w', 1, m->weekday},
                   {'y', 2, (int)(((m->year % 100) + 100) % 100)}};
    for (size_t i = 0; i < NF_COUNT(numbers); i++) {
        if (numbers[i].letter == letter)
            return snprintf(out, size, "%0*d", numbers[i].width, numbers[i].value);
    }
    return 0;
}

/* The conversions that are several others; NULL if the letter is none of them. */
static const char *expansion(char letter)
{
    switch (letter) {
    case 'F':
        return "Y-m-d";
    case 'T':
    case 'X':
        return "H:M:S";
    case 'D':
    case 'x':
        return "m/d/y";
    case 'c':
        return "a b d H:M:S Y";
    default:
        return NULL;
    }
}

/* One conversion; 0 if the letter is none. */
static int convert(char letter, const moment *m, char *out, size_t size)
{
    switch (letter) {
    case 'Y':
        return snprintf(out, size, "%04lld", (long long)m->year);
    case 'p':
        return snprintf(out, size, "%s", m->hour < 12 ? "AM" : "PM");
    case 'a':
        return snprintf(out, size, "%.3s", days[m->weekday]);
    case 'A':
        return snprintf(out, size, "%s", days[m->weekday]);
    case 'b':
        return snprintf(out, size, "%.3s", months[m->month - 1]);
    case 'B':
        return snprintf(out, size, "%s", months[m->month - 1]);
    case 'z':
        return snprintf(out, size, "+0000");
    case 'Z':
        return snprintf(out, size, "UTC");
    case '%':
        return snprintf(out, size, "%%");
    default:
        return convert_number(letter, m, out, size);
    }
}

/* A letter of a format, which may be a whole expansion; 0 if it is unknown. */
static int convert_all(char letter, const moment *m, char *out, size_t size)
{
    const char *several = expansion(letter);
    if (!several)
        return convert(letter, m, out, size);
    int n = 0;
    for (; *several; several++) {
        int one = convert(*several, m, out + n, size - (size_t)n);
        if (one == 0)
            out[n] = *several;
        n += one ? one : 1;
    }
    return n;
}

static int lx_os_date(lua_State *L)
{
    size_t len;
    const char *format = luaL_optlstring(L, 1, "%c", &len);
    int64_t seconds = luaL_optinteger(L, 2, nf_current->now_ms / 1000);
    luaL_argcheck(L, len <= FORMAT_MAX, 1, "format is longer than 100 bytes");
    luaL_argcheck(L, seconds > -100000000000 && seconds < 1000000000000, 2, "time is out of range");
    moment m = moment_of(seconds);
    if (*format == '!') /* UTC: it always is */
        format++;
    if (strncmp(format, "*t", 2) == 0)
        return push_table(L, &m);
    char text[TEXT_MAX], *out = text;
    for (; *format; format++) {
        if (*format != '%') {
            *out++ = *format;
            continue;
        }
        int n = convert_all(*++format, &m, out, (size_t)(text + sizeof text - out));
        if (n == 0)
            return luaL_argerror(L, 1, "unknown conversion in the format");
        out += n;
    }
    lua_pushlstring(L, text, (size_t)(out - text));
    return 1;
}

static int lx_os_clock(lua_State *L)
{
    lua_pushnumber(L, (lua_Number)(nf_current->now_ms - nf_current->start_ms) / 1000);
    return 1;
}

static int lx_os_difftime(lua_State *L)
{
    lua_pushnumber(L, luaL_checknumber(L, 1) - luaL_checknumber(L, 2));
    return 1;
}

/* Seconds since 1970 UTC, with milliseconds behind the point */
static int lx_time_now(lua_State *L)
{
    lua_pushnumber(L, (lua_Number)nf_current->now_ms / 1000);
    return 1;
}

void lx_time_open(lua_State *L)
{
    static const luaL_Reg os[] = {{"time", lx_os_time},
                                  {"date", lx_os_date},
                                  {"clock", lx_os_clock},
                                  {"difftime", lx_os_difftime},
                                  {NULL, NULL}};
    static const luaL_Reg time[] = {{"now", lx_time_now}, {NULL, NULL}};
    luaL_newlib(L, os);
    lua_setglobal(L, "os");
    luaL_newlib(L, time);
    lua_setglobal(L, "time");
}
