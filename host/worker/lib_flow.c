/* SPDX-License-Identifier: Apache-2.0 */
/* lib_flow.c: flow.skip in C, the rest of flow in Lua (scripts/prelude/flow.lua). */
#include "lib.h"
#include "prelude.h"
#include "sink.h"

#include <string.h>

/* flow.skip(reason): the run ends here, wherever that is; no pcall catches it. */
static int lx_flow_skip(lua_State *L)
{
    nf_run *run = nf_current;
    if (run->kind != NF_RUN_HANDLER)
        return luaL_error(L, "flow.skip is not available while a file loads");
    size_t len = 0;
    const char *reason = luaL_optlstring(L, 1, "", &len);
    nf_sink sink = nf_sink_open(run, run->limits.of[NF_BUDGET_RESULT]);
    nf_sink_quoted(&sink, reason, len);
    if (sink.over)
        nf_run_exceeded(run, NF_OUTCOME_OVER_OUTPUT, NF_BUDGET_RESULT, len + 2);
    run->payload = nf_sink_close(run, &sink);
    run->result_len = run->payload.len;
    nf_run_leave(run, NF_OUTCOME_SKIPPED);
}

void lx_flow_open(lua_State *L)
{
    static const luaL_Reg flow[] = {
        {"skip", lx_flow_skip},
        {NULL,   NULL        }
    };
    luaL_newlib(L, flow);
    lua_setglobal(L, "flow");
    for (const nf_prelude *file = nf_preludes; file->name; file++) {
        if (luaL_loadbufferx(L, file->text, strlen(file->text), file->name, "t") != LUA_OK)
            lua_error(L);
        lua_call(L, 0, 0);
    }
}
