# SPDX-License-Identifier: Apache-2.0
"""A file includes only its own layer and those below it, and libraries only where they belong (docs/ARCHITECTURE.md)."""
import os
import re
import sys

import sources

# each layer with the layers it may use beside itself
BELOW_NET = ["base", "log", "loop", "net"]
BELOW_ACT = BELOW_NET + ["auth", "store", "ou", "channel", "nimbus", "act"]
USES = {
    "api": [],
    "base": [],
    "config": ["base"],
    "log": ["base"],
    "loop": ["base", "log"],
    "net": ["base", "log", "loop"],
    "auth": BELOW_NET,
    "store": BELOW_NET,
    "ou": ["base", "config"],
    "channel": BELOW_NET,
    "nimbus": BELOW_NET + ["auth", "store"],
    "act": BELOW_ACT[:-1],
    "run": BELOW_ACT,
    "tenant": BELOW_ACT + ["config", "run"],
    "pipeline": BELOW_ACT + ["config", "run", "tenant"],
    "admin": BELOW_ACT + ["config", "run", "tenant", "pipeline"],
    "app": BELOW_ACT + ["config", "run", "tenant", "pipeline", "admin"],
    "cli": BELOW_ACT + ["config", "run", "tenant", "pipeline", "admin", "app", "sim"],
    "main": ["cli"],
    "sim": BELOW_NET + ["config"],
    "worker": [],
    "reader": [],
    "bindings": [],
}
# own programs: single headers, none with libc state behind it
SINGLE = {
    "worker": {"base/jscan.h", "base/budget.h", "base/macros.h", "base/suggest.h", "channel/protocol.h", "nf/error.h"},
    "reader": {"base/jscan.h", "base/macros.h", "nf/error.h"},
    "channel": {"worker/syscalls.h"},  # the list of the worker's system calls is the worker's; it is compiled here
}
AT_TOP = {"pipeline.h": "pipeline", "passage.h": "pipeline", "pipeline.c": "pipeline", "passage.c": "pipeline",
          "resume.c": "pipeline", "redo.h": "pipeline", "redo.c": "pipeline",
          "wake.c": "pipeline", "held.c": "pipeline", "raise.c": "pipeline", "fate.c": "pipeline",
          "room.c": "pipeline",
          "app.h": "app", "app.c": "app", "main.c": "main"}
# library header: who may include it, by layer or by file
LIBRARIES = {
    "lua.h": {"worker"}, "lualib.h": {"worker"}, "lauxlib.h": {"worker"},
    "uv.h": {"loop", "net", "store", "channel", "host/cli/version.c"},
    "curl/": {"net", "host/cli/version.c"},
    "llhttp.h": {"net"},
    "sqlite3.h": {"store", "host/cli/version.c"},
    "yaml.h": {"config"},
    "zip.h": {"reader"}, "expat.h": {"reader"},
    "openssl/": {"base"},
    "seccomp.h": {"channel", "reader"},
}
BINDINGS = re.compile(r"nf/\w+\.h$|jansson\.h$|(assert|ctype|errno|float|inttypes|limits|math|stdbool|stddef|stdint|"
                      r"stdio|stdlib|string|strings|time)\.h$")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def layer_of(name):
    parts = name.split("/")
    if parts[0] == "bindings":
        return "bindings"
    return AT_TOP.get(parts[1]) if len(parts) == 2 else parts[1]


def layer_of_include(include, layer):
    """The layer of an include in quotes; a bare name is a file of the same folder or of the top."""
    if "/" not in include:
        return AT_TOP.get(include, layer)
    first = include.split("/")[0]
    return "api" if first == "nf" else first


def judge(name, layer, include):
    """Why this include is wrong, or None."""
    for prefix, users in LIBRARIES.items():
        if (include == prefix or prefix.endswith("/") and include.startswith(prefix)) and not users & {layer, name}:
            return f"<{include}> belongs to {', '.join(sorted(users))} alone"
    if layer == "bindings":
        return None if BINDINGS.match(include) else f"a binding uses nf/*.h, jansson and the C library, not {include}"
    return None


def judge_own(layer, include):
    used = layer_of_include(include, layer)
    if used == layer or include in SINGLE.get(layer, ()) or used == "api" and layer not in ("worker", "reader"):
        return None
    if used not in USES:
        return f"'{include}' is of no layer"
    if used in USES[layer]:
        return None
    return f"{layer} must not use {used}"


def check(root):
    found = []
    for name in sources.files(root, ".c", ".h"):
        if not name.startswith(("host/", "bindings/")):
            continue
        layer = layer_of(name)
        if layer not in USES:
            found.append(f"{name}:1: is of no layer; put it into one, or name it in {os.path.basename(__file__)}")
            continue
        for number, line in enumerate(sources.text(root, name).splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            why = judge(name, layer, match.group(2))
            if not why and match.group(1) == '"' and layer != "bindings" and match.group(2) not in LIBRARIES:
                why = judge_own(layer, match.group(2))
            if why:
                found.append(f"{name}:{number}: {why}: {line.strip()}")
    return found


RIGHT = {
    "host/base/a.c": '#include "base/a.h"\n#include <stdio.h>\n',
    "host/base/a.h": '#include "nf/error.h"\n',
    "host/net/n.c": '#include "net/n.h"\n#include "base/a.h"\n#include <curl/curl.h>\n#include <uv.h>\n',
    "host/worker/w.c": '#include "w.h"\n#include "base/jscan.h"\n#include <lua.h>\n',
    "host/pipeline.c": '#include "pipeline.h"\n#include "passage.h"\n#include "tenant/tenant.h"\n',
    "host/sim/s.c": '#include "net/n.h"\n',
    "bindings/actions/x.c": '#include "nf/binding.h"\n#include <math.h>\n',
    "tests/t.c": '#include "net/n.h"\n',
}
WRONG = [
    ("host/base/a.c:2: base must not use net", {"host/base/a.c": 'int x;\n#include "net/n.h"\n'}),
    ("host/config/c.c:1: config must not use log", {"host/config/c.c": '#include "log/log.h"\n'}),
    ("host/sim/s.c:1: sim must not use nimbus", {"host/sim/s.c": '#include "nimbus/catalog.h"\n'}),
    ("host/sim/s.c:1: sim must not use store", {"host/sim/s.c": '#include "store/store.h"\n'}),
    ("host/worker/w.c:1: worker must not use base", {"host/worker/w.c": '#include "base/strbuf.h"\n'}),
    ("host/reader/r.c:1: reader must not use base", {"host/reader/r.c": '# include "base/alloc.h"\n'}),
    ("host/run/r.c:1: run must not use pipeline", {"host/run/r.c": '#include "pipeline.h"\n'}),
    ("host/admin/r.c:1: admin must not use app", {"host/admin/r.c": '#include "app.h"\n'}),
    ("host/run/r.c:1: <lua.h> belongs to worker alone", {"host/run/r.c": "#include <lua.h>\n"}),
    ("host/run/r.c:1: <uv.h> belongs to", {"host/run/r.c": "#include <uv.h>\n"}),
    ("host/cli/run.c:1: <sqlite3.h> belongs to", {"host/cli/run.c": "#include <sqlite3.h>\n"}),
    ("host/nimbus/n.c:1: <curl/curl.h> belongs to", {"host/nimbus/n.c": "#include <curl/curl.h>\n"}),
    ("bindings/actions/x.c:1: a binding uses", {"bindings/actions/x.c": '#include "base/strbuf.h"\n'}),
    ("bindings/actions/x.c:1: a binding uses", {"bindings/actions/x.c": "#include <unistd.h>\n"}),
    ("host/new/n.c:1: is of no layer", {"host/new/n.c": "int x;\n"}),
]

if __name__ == "__main__":
    sys.exit(sources.run(check, WRONG, RIGHT))
