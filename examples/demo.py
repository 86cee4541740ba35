# SPDX-License-Identifier: Apache-2.0
"""demo.py: the example flows at work; examples/demo builds the programs and calls this.

For each flow a folder as an admin would make it, a simulated Nimbus cluster and a host; then calls, and what the agent's
screen shows of each before and after. What is shown is checked: a wrong context makes the exit status 1. Everything that
was started or written is gone at the end, whatever the end was.
"""
import argparse
import contextlib
import ctypes
import json
import os
import pathlib
import secrets
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

EXAMPLES = pathlib.Path(__file__).resolve().parent
PATIENCE = 60  # seconds for what takes milliseconds on a machine that has nothing else to do
FIELDS = {"Company": "company", "Department": "department", "E-mail": "email"}


class Trouble(Exception):
    """Something a person must look at; its text says what and where."""


# ---- the calls, and what the agent must see ----

def person(name, company, **more):
    return {"Customer": name, "Company": company, **more}


SHOW_CALLER = [
    ("a known number", {"from": "+41 79 123 45 67"},
     person("Jürg Müller", "Contoso AG", **{"Department": "Einkauf", "E-mail": "juerg.mueller@contoso.example", "VIP": "true"})),
    ("a number that Excel keeps as a number: 795678901", {"from": "+41 79 567 89 01"},
     person("Urs Hässig", "Müller & Söhne AG", **{"Department": "Buchhaltung", "E-mail": "urs.haessig@mueller.example",
                                                 "VIP": "false"})),
    ("umlauts, and +41 (0)76 ... in the list", {"from": "+41 76 345 67 89"},
     person("Käthi Brönnimann", "Bäckerei Zürcher", **{"Department": "Geschäftsleitung",
                                                       "E-mail": "kaethi@baeckerei.example", "VIP": "true"})),
    ("two people share this number: the first one is shown", {"from": "+41 79 678 90 12"},
     person("Regula Lüthi", "Adventure Works", **{"Department": "Forschung", "E-mail": "regula@adventure.example",
                                                  "VIP": "true"})),
    ("nobody knows this number", {"from": "+41 79 999 99 99"}, "not in the address list"),
]
SKIP_ANONYMOUS = [
    ("an anonymous caller", {"anonymous": True}, {"Customer": "Anonymous caller"}),
    ("a known number, 0041 78 ... in the list", {"from": "+41 78 234 56 78"}, person("Zoë Favre", "Northwind Sàrl")),
]
INTERNAL_EXTERNAL = [
    ("a colleague calls from Teams: a GUID and a UPN, no number", {"upn": "eva.keller@contoso.example"},
     person("Eva Keller", "Contoso AG", Department="IT", CallerType="internal")),
    ("a customer calls from the telephone network", {"from": "+39 06 6982 1234"},
     person("Luca Bianchi", "Tailspin Toys", Department="Logistik", CallerType="external")),
    ("a customer nobody knows is external all the same", {"from": "+41 79 999 99 99"}, {"CallerType": "external"}),
]
MODALITIES = [
    ("a call: looked up by its number", {"from": "+44 20 7946 0958"},
     person("Thérèse O'Neill", "Wide World Importers", **{"E-mail": "therese@wideworld.example", "VIP": "false",
                                                          "Language": "en-GB"})),
    ("a chat: by the address that was given", {"email": "zoe.favre@northwind.example", "modality": "InstantMessaging",
                                               "message": "Grüezi, wo ist mein Paket?"},
     person("Zoë Favre", "Northwind Sàrl", **{"E-mail": "zoe.favre@northwind.example", "VIP": "false",
                                              "Language": "fr-CH"})),
    ("an e-mail: by its sender, capitals or not", {"email": "Juerg.Mueller@contoso.example", "modality": "Email",
                                                   "subject": "Offerte"},
     person("Jürg Müller", "Contoso AG", **{"E-mail": "juerg.mueller@contoso.example", "VIP": "true",
                                            "Language": "de-CH"})),
    ("a task of another system: by its id", {"id": "TASK-2003"},
     person("Hans Weber", "Fabrikam GmbH", **{"E-mail": "hans.weber@fabrikam.example", "VIP": "false",
                                              "Language": "de-DE"})),
]
FLOWS = [
    ("show-caller", "Show who is calling, from an Excel list", "support", SHOW_CALLER),
    ("skip-anonymous", "Anonymous callers have no number to look up", "support", SKIP_ANONYMOUS),
    ("internal-external", "Tell colleagues from customers", "support", INTERNAL_EXTERNAL),
    ("modalities", "One flow for calls, chats, e-mails and tasks of other systems", "sales", MODALITIES),
]


# ---- the terminal ----

class Paint:
    """Colours on a terminal, plain text anywhere else."""

    def __init__(self):
        self.on = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    def __call__(self, style, text):
        codes = {"bold": "1", "dim": "2", "good": "32", "bad": "31;1", "new": "36;1"}
        return f"\033[{codes[style]}m{text}\033[0m" if self.on else text


paint = Paint()


def say(text=""):
    print(text, flush=True)


def time_text(ms):
    return "less than 1 ms" if ms < 1 else f"{ms:g} ms"


# ---- programs ----

def die_with_parent():
    """For the child: end when this script ends, even by SIGKILL."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


class Program:
    """A started program. Both of its outputs are kept, to be waited for and to be shown if it fails."""

    def __init__(self, path, *args):
        self.name = f"{path.name} {args[0]}"
        self.lines = []
        try:
            self.process = subprocess.Popen([path, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                            stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True,
                                            preexec_fn=die_with_parent)
        except OSError as error:
            raise Trouble(f"{path}: {error.strerror}; build it with examples/demo") from error
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def ended(self):
        return self.process.poll() is not None

    def fail(self, what):
        self.reader.join(1)
        shown = "\n".join("  " + line for line in self.lines[-20:]) or "  (nothing)"
        raise Trouble(f"{self.name} {what}. It printed:\n{shown}")

    def after(self, part):
        """Wait for a line with `part`; what stands behind it."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            over = self.ended()
            if over:
                self.reader.join(1)
            for line in list(self.lines):
                if part in line:
                    return line.split(part, 1)[1].strip()
            if over:
                self.fail(f"ended with exit status {self.process.returncode}")
            time.sleep(0.005)
        return self.fail(f"did not start within {PATIENCE} s")

    def end(self):
        if not self.ended():
            self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def fetch(url, body=None):
    """(status, answer) of a request for JSON."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"Content-Type": "application/json"} if data else {})
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=PATIENCE) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.load(refusal)
    except (urllib.error.URLError, OSError) as error:
        raise Trouble(f"{url}: {error}") from error


def write(path, text, mode=0o644):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        file.write(text)


class Stage:
    """A temporary folder with a tenant, a simulated cluster, and a host that serves it."""

    def __init__(self, programs, flows, port=0):
        self.nimflow = programs / "nimflow"
        self.flows, self.port = flows, port
        self.started = []
        self.folder = None

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="nimflow-demo-"))
        try:
            self.open()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *ignored):
        self.close()

    def open(self):
        token = secrets.token_urlsafe(24)
        self.cluster = self.start("sim", "--listen", f"127.0.0.1:{self.port}", "--token", token).after("page: ")
        tenant = self.folder / "tenants" / "demo"
        self.config = self.folder / "nimflow.yaml"
        write(self.config, "listen: 127.0.0.1:0\n")
        write(tenant / "tenant.yaml", f"cluster: {self.cluster}\ntoken_file: token\ncountry: CH\n")
        write(tenant / "token", token + "\n", 0o600)
        for folder in ("flows", "lists"):
            (tenant / folder).mkdir()
        for flow in self.flows:
            shutil.copy(EXAMPLES / "flows" / f"{flow}.lua", tenant / "flows")
        shutil.copy(EXAMPLES / "lists/Addressbook.xlsx", tenant / "lists")
        self.host = self.start("serve", "--config", str(self.config))
        self.wait_ready(self.host.after("reached by Nimbus at "))

    def start(self, *args):
        self.started.append(Program(self.nimflow, *args))
        return self.started[-1]

    def wait_ready(self, url):
        end = time.monotonic() + PATIENCE
        while True:
            status, answer = fetch(url + "/readyz")
            if status == 200:
                return
            if time.monotonic() > end:
                self.host.fail(f"is not ready after {PATIENCE} s ({answer})")
            time.sleep(0.01)

    def close(self):
        for program in reversed(self.started):
            program.end()
        shutil.rmtree(self.folder, ignore_errors=True)

    # what happened

    def place(self, call):
        """Place a call; the task as it is before any flow has touched it."""
        for delay in (100, 1000, 5000):  # until System Accepted; longer if this machine was too busy to look in time
            timeline = {"systemAccepted": delay, "queued": None, "userAccepted": None, "terminated": None}
            status, answer = fetch(self.cluster + "/sim/calls", {**call, "timeline": timeline})
            if status != 201:
                raise Trouble(f"the simulator refused the call {call}: {answer}")
            task = self.task(answer["taskId"])
            if task["updates"] == 0:
                return task
        raise Trouble("this machine is too busy to look at a call before its flow does")

    def task(self, task_id):
        return fetch(f"{self.cluster}/sim/tasks/{task_id}")[1]

    def command(self, *args):
        done = subprocess.run([self.nimflow, *args, "--json", "--config", self.config], capture_output=True, text=True,
                              timeout=PATIENCE, check=False)
        if done.returncode != 0:
            raise Trouble(f"nimflow {' '.join(args)}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def ended_run(self, task_id):
        """The run of a task from the host's history, when it has ended."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            for row in self.command("runs", "list", "--limit", "3")["runs"]:
                run = self.command("runs", "show", str(row["id"]))
                if run["event_body"]["taskId"] == task_id and run["outcome"] != "running":
                    return run
            time.sleep(0.01)
        return self.host.fail(f"has no ended run of task {task_id} after {PATIENCE} s")


# ---- one call ----

def identity(task):
    return "anonymous" if task.get("isAnonymous") else task.get("callerUPN") or task.get("customerIdentifier", "")


def screen(task):
    """What the agent sees of a task, label to text. Who is not known by name is shown by number, address or id."""
    customer = task["customer"]
    name = " ".join(customer[field] for field in ("firstName", "lastName") if customer.get(field))
    shown = {"Customer": name or customer.get("displayName") or identity(task)}
    shown.update({label: customer[field] for label, field in FIELDS.items() if customer.get(field)})
    shown.update({p["name"]: p["value"] for p in task["customContextParameters"]})
    return shown


def print_screens(before, after):
    labels = list(after) + [label for label in before if label not in after]
    width, column = max(map(len, labels)), max([len(text) for text in before.values()] + [len("before")])
    say(paint("dim", f"     {'':<{width}}   {'before':<{column}}   after"))
    for label in labels:
        old, new = before.get(label, "–"), after.get(label, "–")
        say(f"     {label:<{width}}   {old:<{column}}   {paint('new', new) if new != old else new}")


def show_call(stage, service, what, call, want):
    """Place a call and show it; (is it right?, ms until the context was there or None)."""
    before = stage.place({**call, "service": f"{service}@contoso.example"})
    run = stage.ended_run(before["taskId"])
    after = stage.task(before["taskId"])
    was, shown, ms = screen(before), screen(after), after["contextMs"]
    say(f"  {paint('bold', call.get('from') or identity(after))}  {what}")
    if run["outcome"] not in ("done", "skipped"):
        say(f"     {paint('bad', 'wrong')}: the run ended {run['outcome']}: {json.dumps(run['error'], ensure_ascii=False)}")
        return False, ms
    if isinstance(want, str):
        right = run["outcome"] == "skipped" and run["result"] == want and shown == was
        say(f"     the screen stays as it is ({was['Customer']}); the flow says: {run['result'] or run['outcome']}")
        wanted = f"the flow to say '{want}' and change nothing"
    else:
        wanted = {**was, **want}
        right = shown == wanted and ms is not None
        print_screens(was, shown)
        for line in run["log"]:
            say(f"     {paint('dim', 'the flow logs: ' + line['text'])}")
        if ms is not None:
            say(f"     {paint('good', '✓') if right else paint('bad', 'wrong')} context after {time_text(ms)}")
    if not right:
        say(f"     {paint('bad', 'wrong')}: expected {wanted}; there is {shown}")
    return right, ms


# ---- the two ways to start ----

def run_demo(programs):
    times, wrong, calls = [], 0, 0
    for number, (flow, title, service, cases) in enumerate(FLOWS, 1):
        say(f"{paint('bold', f'{number}. {title}')}  {paint('dim', f'(examples/flows/{flow}.lua)')}\n")
        with Stage(programs, [flow]) as stage:
            for case in cases:
                right, ms = show_call(stage, service, *case)
                calls += 1
                wrong += not right
                if ms is not None:
                    times.append(ms)
                say()
    say(paint("dim", "The context time runs from the POST of the trigger until the task is updated."))
    result = paint("good", "all as they should be") if not wrong else paint("bad", f"{wrong} wrong")
    middle = statistics.median_low(times) if times else 0
    say(f"{calls} calls, {result}. Context time: median {time_text(middle)}, longest {time_text(max(times, default=0))}.")
    return 1 if wrong else 0


def run_serve(programs, port):
    with Stage(programs, ["show-caller", "modalities"], port) as stage:
        say(f"""{paint('bold', 'nimflow is running, with a simulated Nimbus cluster and two of the example flows.')}

  Open     {paint('new', stage.cluster)}
  Press    Test call, and watch the customer's fields fill in

  Support  takes calls           +41 79 123 45 67 (Jürg Müller), +41 79 678 90 12 (two share it), or any other
  Sales    takes all modalities  chat or e-mail from zoe.favre@northwind.example, external task TASK-2003

  Or from another terminal, in the folder {EXAMPLES.parent}:
    {programs}/nimflow sim call --url {stage.cluster} --from "+41 79 123 45 67"
    {programs}/nimflow runs --config {stage.config}

  Change a flow, and the next call uses it: {stage.folder}/tenants/demo/flows
  Ctrl-C ends both and removes that folder.
""")
        while not any(program.ended() for program in stage.started):
            time.sleep(0.2)
        for program in stage.started:
            if program.ended():
                program.fail(f"ended with exit status {program.process.returncode}")
    return 0


def on_signal(number, frame):
    raise SystemExit(128 + number)


def main():
    parser = argparse.ArgumentParser(description="The example flows at work against a simulated Nimbus cluster.")
    parser.add_argument("--programs", type=pathlib.Path, default=os.environ.get("NF_BUILD", EXAMPLES.parent / "build/release"),
                        metavar="DIR", help="folder of the built programs; default: $NF_BUILD, or build/release")
    parser.add_argument("--serve", action="store_true", help="leave it running until Ctrl-C")
    parser.add_argument("--port", type=int, default=0, help="with --serve: of the page; default: a free one")
    given = parser.parse_args()
    programs = pathlib.Path(given.programs)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, on_signal)
    with contextlib.suppress(AttributeError):
        sys.stdout.reconfigure(errors="replace")
    try:
        return run_serve(programs, given.port) if given.serve else run_demo(programs)
    except KeyboardInterrupt:
        say("\nEnded." if given.serve else "\nStopped.")
        return 0 if given.serve else 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Trouble as trouble:
        print(f"examples/demo: {trouble}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
