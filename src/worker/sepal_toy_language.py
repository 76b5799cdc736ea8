"""The toy language: what a unit means, and the process that checks one unit in a directory of its own.

A file is a list of lines, `VERB ARGUMENTS`; empty lines and lines that begin with `#` say nothing. It is written in
`.py` files and its imports are Python's, so the scanner and the resolver serve it unchanged.

    import m                         depend on a module
    from p import m                  the same for p.m, which may then be called m; if p has no such module, for p
    export NAME [VALUE]              the interface: a name with a value (default: its own name)
    export NAME = NAME2              ... with the value of another name
    body NAME                        use a name: an error if there is none
    reveal NAME                      the same, and a note with its value
    error TEXT  |  note TEXT         a message of the body
    blocker TEXT                     an error that blocks the unit; so does a line that is not understood
    needs m                          a dependency that the planner cannot see
    random                           an interface that is different each time
    sleep SECONDS                    in the body: take time
    hang  |  crash  |  die           in the body: never end; raise an exception; end the process by a signal
    extra-output PATH                in the body: write a file that nobody expects

A NAME is looked for among the module's own exports, then in what it imports, in that order. `m.NAME` is the export of
an imported module; `m.n.NAME` goes on through what m imports, and makes n an indirect dependency.

Run as a program it is the hermetic form (src/checker/toy.h): toy.py unit.json, outputs in out/.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
import time
from typing import Any, Callable

FORMAT = 1
Message = list[Any]  # [path, line, column, end line, end column, severity, text, code]
LoadInterface = Callable[[str], dict[str, Any]]


class ChangedSource(Exception):
    """A source is not what it was when the run was planned. A clause."""


class Blocked(Exception):
    """The unit cannot be checked."""

    def __init__(self, phase: str, message: Message) -> None:
        super().__init__(message[6])
        self.phase = phase
        self.messages = [message]


def encode(document: dict[str, Any]) -> bytes:
    return json.dumps({**document, "toy": FORMAT}, sort_keys=True, separators=(",", ":")).encode()


class Member:
    """One module of the unit: its lines, sorted by what they are for."""

    def __init__(self, unit: Unit, request: dict[str, Any]) -> None:
        self.unit = unit
        self.id: str = request["id"]
        self.path: str = request["path"]
        self.options: dict[str, Any] = unit.options[request["options"]]
        self.imports: list[str] = []
        self.bound: dict[str, str] = {}  # m -> p.m after `from p import m`
        self.exports: dict[str, list[str]] = {}  # name -> words after it
        self.body: list[tuple[int, str, str]] = []
        self.messages: list[Message] = []
        self.indirect: set[str] = set()
        self.line = 0
        source = request["source"]
        if source is not None:
            with open(source, "rb") as file:
                content = file.read()
            if request.get("digest") not in (None, hashlib.sha256(content).hexdigest()):
                raise ChangedSource(f"{source} has changed since it was looked at")
            self._read(content.decode("utf-8", "replace").replace("\r\n", "\n"))
        self.dependencies = [name for name in self.imports if name != self.id]

    def _read(self, text: str) -> None:
        for self.line, line in enumerate(text.split("\n"), 1):
            verb, _, rest = line.strip().partition(" ")
            if not verb or verb.startswith("#"):
                continue
            if verb not in VERBS:
                raise Blocked("parse", self.message("error", f'There is no verb "{verb}"', "syntax"))
            step, take = VERBS[verb]
            if step == "body":
                self.body.append((self.line, verb, rest.strip()))
            else:
                take(self, rest.strip())

    def message(self, severity: str, text: str, code: str | None) -> Message:
        shout = severity == "error" and self.options.get("shout")
        return [self.path, self.line, 0, self.line, 0, severity, text.upper() if shout else text, code]

    def say(self, severity: str, text: str, code: str | None = "toy") -> None:
        self.messages.append(self.message(severity, text, code))

    # Interface

    def take_import(self, rest: str) -> None:
        self._import(rest)

    def take_from(self, rest: str) -> None:
        package, _, name = rest.partition(" import ")
        inner = f"{package.strip()}.{name.strip()}"
        if self.unit.modules.get(inner):
            self.bound[name.strip()] = inner
        self._import(inner if self.unit.modules.get(inner) else package.strip())

    def _import(self, name: str) -> None:
        if self.unit.modules.get(name):
            self.imports.append(name)
        elif not self.unit.missing.get(name, {}).get("quiet"):
            self.say("error", f'There is no module "{name}"', "import")

    def take_needs(self, rest: str) -> None:
        self.imports.append(rest)

    def take_export(self, rest: str) -> None:
        name, *words = rest.split() or ["?"]
        self.exports[name] = words

    def take_random(self, _rest: str) -> None:
        self.exports["random"] = [os.urandom(8).hex()]

    def take_blocker(self, rest: str) -> None:
        raise Blocked("analysis", self.message("error", rest, "blocker"))

    # Body

    def do_body(self, rest: str) -> None:
        self._use(rest)

    def do_reveal(self, rest: str) -> None:
        value = self._use(rest)
        if value is not None:
            self.say("note", f"{rest} is {value}", None)

    def do_error(self, rest: str) -> None:
        self.say("error", rest)

    def do_note(self, rest: str) -> None:
        self.say("note", rest, None)

    def do_sleep(self, rest: str) -> None:
        time.sleep(float(rest))

    def do_hang(self, _rest: str) -> None:
        while True:
            time.sleep(3600)

    def do_crash(self, rest: str) -> None:
        raise RuntimeError(f"the toy crashes in {self.id} {rest}".rstrip())

    def do_die(self, _rest: str) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def do_extra_output(self, rest: str) -> None:
        with open(rest, "w") as file:
            file.write("nobody expects this\n")

    def _use(self, name: str) -> str | None:
        value, modules = self.unit.look_up(self, name, set())
        self.indirect |= modules - set(self.dependencies) - {self.id}
        if value is None:
            self.say("error", f'There is no name "{name}"', "name")
        return value

    def check_body(self) -> None:
        for self.line, verb, rest in self.body:
            VERBS[verb][1](self, rest)


VERBS: dict[str, tuple[str, Callable[[Member, str], None]]] = {
    "import": ("interface", Member.take_import),
    "from": ("interface", Member.take_from),
    "export": ("interface", Member.take_export),
    "needs": ("interface", Member.take_needs),
    "random": ("interface", Member.take_random),
    "blocker": ("interface", Member.take_blocker),
    "body": ("body", Member.do_body),
    "reveal": ("body", Member.do_reveal),
    "error": ("body", Member.do_error),
    "note": ("body", Member.do_note),
    "sleep": ("body", Member.do_sleep),
    "hang": ("body", Member.do_hang),
    "crash": ("body", Member.do_crash),
    "die": ("body", Member.do_die),
    "extra-output": ("body", Member.do_extra_output),
}


class Unit:
    """A unit of a `run` request. interfaces() first, then reports()."""

    def __init__(self, request: dict[str, Any], options: dict[int, dict[str, Any]], load: LoadInterface) -> None:
        self.modules: dict[str, str | None] = request["modules"]
        self.missing: dict[str, Any] = request["missing"]
        self.options = options
        self.load = load
        self.members: dict[str, Member] = {}
        for member in request["members"]:
            self.members[member["id"]] = Member(self, member)

    def look_up(self, member: Member, name: str, seen: set[tuple[str, str]]) -> tuple[str | None, set[str]]:
        """The value of a name, None if there is none, and the modules that were asked."""
        *modules, last = name.split(".")
        if not modules:
            value, asked = self._export_of(member.id, last, seen)
            for other in member.dependencies if value is None else ():
                value, more = self._export_of(other, last, seen)
                asked |= more
                if value is not None:
                    break
            return value, asked
        at, asked = member.id, {member.id}
        if modules[0] in member.bound:
            modules[:1] = member.bound[modules[0]].split(".")
        while modules:
            imports = self._imports_of(at)
            size = next((n for n in range(len(modules), 0, -1) if ".".join(modules[:n]) in imports), 0)
            if not size:
                return None, asked
            at, modules = ".".join(modules[:size]), modules[size:]
            asked.add(at)
        value, more = self._export_of(at, last, seen)
        return value, asked | more

    def _imports_of(self, module: str) -> list[str]:
        return self.members[module].dependencies if module in self.members else self.load(module)["imports"]

    def _export_of(self, module: str, name: str, seen: set[tuple[str, str]]) -> tuple[str | None, set[str]]:
        if module not in self.members:
            return self.load(module)["exports"].get(name), {module}
        member = self.members[module]
        words = member.exports.get(name)
        if words is None:
            return None, {module}
        if words[:1] != ["="]:
            return " ".join(words) or name, {module}
        if (module, name) in seen:
            return "circular", {module}
        value, asked = self.look_up(member, words[1], seen | {(module, name)})
        return value or "unknown", asked | {module}

    def interfaces(self) -> list[tuple[str, bytes, bytes]]:
        """For every member its id, data and meta."""
        return [(member.id, *self._interface(member)) for member in self.members.values()]

    def _interface(self, member: Member) -> tuple[bytes, bytes]:
        exports = {}
        for name in member.exports:
            exports[name], asked = self._export_of(member.id, name, set())
            member.indirect |= asked - set(member.dependencies) - {member.id}
        data = encode({"id": member.id, "path": member.path, "exports": exports, "imports": member.dependencies})
        return data, encode({"id": member.id, "path": member.path, "dependencies": member.dependencies,
                             "interface": hashlib.sha1(data).hexdigest()})

    def reports(self) -> list[tuple[str, bytes]]:
        """For every member its id and meta_ex."""
        for member in self.members.values():
            member.check_body()
        return [(member.id, encode({"id": member.id, "indirect": sorted(member.indirect),
                                    "messages": sorted(member.messages, key=lambda message: message[1])}))
                for member in self.members.values()]


def main() -> int:
    with open(sys.argv[1], encoding="utf-8") as file:
        action = json.load(file)

    def load(module: str) -> dict[str, Any]:
        path = action["interfaces"].get(module)
        if path is None:
            return {"exports": {}, "imports": []}  # `needs` one that is not there yet
        with open(path, encoding="utf-8") as interface:
            return json.load(interface)

    try:
        unit = Unit(action["unit"], {int(index): values for index, values in action["options"].items()}, load)
        files = [(("data", data), ("meta", meta)) for _, data, meta in unit.interfaces()]
        reports = unit.reports()
    except Blocked as err:
        print(json.dumps({"phase": err.phase, "messages": err.messages}))
        return 2
    except Exception as err:
        sys.stderr.write(f"{err!r}\n")
        return 3
    for number, (pair, (_, meta_ex)) in enumerate(zip(files, reports)):
        for kind, content in (*pair, ("meta_ex", meta_ex)):
            with open(f"out/{number}.{kind}", "wb") as output:
                output.write(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
