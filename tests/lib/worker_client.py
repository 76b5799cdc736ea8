"""Talks to the worker from a test, and drives it over a whole plan, unit by unit, as Sepal would."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import struct
import subprocess
import sys
from collections import Counter
from typing import Any, Iterable, Iterator

HERE = os.path.dirname(os.path.abspath(__file__))
WORKER = os.path.join(HERE, "..", "..", "src", "worker", "sepal_mypy_worker.py")
SCHEMA = os.path.join(HERE, "..", "..", "schemas", "worker.schema.json")
WHOLE = os.path.join(HERE, "whole.py")

# mypy prints these once per process (doc/formats/worker.md leaves the choice to the merge).
ONCE = ("See https://mypy.readthedocs.io/en/stable/running_mypy.html#missing-imports",
        "Hint: \"python3 -m pip install ", "(or run \"mypy --install-types\"",
        "(Using --follow-imports=error", "Ancestor package \"",
        "See https://mypy.rtfd.io/en/stable/_refs.html#code-")


@functools.cache
def validator(name: str) -> Any:
    import jsonschema

    with open(SCHEMA, encoding="utf-8") as file:
        definitions = json.load(file)["$defs"]
    return jsonschema.Draft202012Validator({"$defs": definitions, "$ref": f"#/$defs/{name}"})


def conforms(name: str, message: dict[str, Any]) -> None:
    problem = next(validator(name).iter_errors(message), None)
    if problem is not None:
        raise AssertionError(f"{name} at {problem.json_path}: {problem.message[:500]}")


def python() -> str:
    interpreter = os.environ.get("SEPAL_PYTHON")
    if not interpreter:
        sys.exit("Set SEPAL_PYTHON to the interpreter that mypy is installed for; these tests run the real checker.")
    return interpreter


def environment() -> dict[str, str]:
    left_out = ("MYPYPATH", "PYTHONPATH", "MYPY_CACHE_DIR", "MYPY_NUM_WORKERS", "FORCE_COLOR", "MYPY_FORCE_COLOR")
    return {name: value for name, value in os.environ.items() if name not in left_out}


def ask_mypy(what: str, argv: list[str] = [], cwd: str | None = None, lines: Iterable[str] = ()) -> Any:
    done = subprocess.run([python(), WHOLE, what, *argv], cwd=cwd, input="\n".join(lines), env=environment(),
                          stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def cold_lines(cwd: str, argv: list[str], cache: str) -> Counter[str]:
    """The lines of a cold whole-program run."""
    command = [python(), "-m", "mypy", "--no-error-summary", "--no-pretty", "--no-color-output",
               "--show-column-numbers", "--show-error-end", "--cache-dir", cache, "-n0", *argv]
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, text=True, env=environment())
    return Counter(done.stdout.splitlines())


class Worker:
    """One worker. Every frame, either way, is held against schemas/worker.schema.json."""

    def __init__(self, cwd: str | None = None) -> None:
        self.process = subprocess.Popen([python(), WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=cwd,
                                        env=environment())

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.process.stdout.close()

    def send(self, **message: Any) -> None:
        conforms("request_" + message["op"], message)
        payload = json.dumps(message).encode()
        self.process.stdin.write(struct.pack("<I", len(payload)) + payload)
        self.process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        head = self.process.stdout.read(4)
        if len(head) < 4:
            raise EOFError(f"The worker ended with status {self.process.wait()}.")
        message = json.loads(self.process.stdout.read(struct.unpack("<I", head)[0]))
        conforms("answer_" + message["event"], message)
        return message

    def until_end(self) -> Iterator[dict[str, Any]]:
        """All answers of a batch, the `end` included."""
        event = ""
        while event != "end":
            answer = self.receive()
            event = answer["event"]
            yield answer


class Whole:
    """Checks every unit of a plan and keeps what comes out. One unit a batch unless told otherwise."""

    def __init__(self, worker: Worker, plan: dict[str, Any], directory: str, hot: Iterable[str] = (),
                 lanes: int = 2, **begin: Any) -> None:
        self.worker, self.plan, self.directory = worker, plan, directory
        self.hot = set(hot)
        self.options: dict[str, int] = {}
        self.interfaces: dict[str, dict[str, Any]] = {}
        self.data: dict[str, bytes] = {}
        self.metas: dict[str, str] = {}
        self.reports: dict[str, str] = {}
        self.said: dict[str, str] = {}
        self.last_end: dict[str, Any] = {}
        self.other: list[dict[str, Any]] = []
        self.units = plan["units"]
        scratch, self.blobs = os.path.join(directory, "scratch"), os.path.join(directory, "blobs")
        os.makedirs(scratch)
        os.makedirs(self.blobs)
        worker.send(op="begin", scratch=scratch, typeshed=plan["typeshed"], options=plan["options"],
                    plugins=plan["plugins"], plugin_config=plan.get("plugin_config"), lanes=lanes, **begin)
        self.ready = worker.receive()

    def request(self, number: int) -> dict[str, Any]:
        members = self.units[number]
        modules, missing = {}, {}
        for member in members:
            modules.update(member["modules"])
            missing.update(member["missing"])
        return {"unit": number, "modules": modules, "missing": missing, "members": [
            {"id": member["id"], "path": member["path"], "source": member["source"],
             "digest": digest_of(member["source"]), "silent": member["silent"],
             "options": self._options(member["options"]), "extra_deps": member.get("extra_deps", [])}
            for member in members]}

    def _options(self, values: dict[str, Any]) -> int:
        text = json.dumps(values, sort_keys=True)
        if text not in self.options:
            self.options[text] = len(self.options)
            self.worker.send(op="options", index=self.options[text], values=values)
        return self.options[text]

    def run_all(self) -> None:
        for number in range(len(self.units)):
            self.run([number])

    def run(self, numbers: list[int], **more: Any) -> None:
        units = [{**self.request(number), **more} for number in numbers]
        self.worker.send(op="run", batch=numbers[0], units=units)
        for answer in self.worker.until_end():
            if answer["event"] == "interface":
                self._keep_interface(answer)
            elif answer["event"] == "report":
                self._keep_report(answer)
            elif answer["event"] == "end":
                self.last_end = answer
            else:
                self.other.append(answer)

    def _keep_interface(self, answer: dict[str, Any]) -> None:
        with open(answer["pack"], "rb") as pack:
            content = pack.read()
        deps = {member["id"]: member for member in self.units[answer["unit"]]}
        entries = []
        for place in answer["members"]:
            name = place["id"]
            self.said[name] = place.get("said", "")
            data = self.data[name] = cut(content, place["data"])
            self.metas[name] = self._write(name + ".meta", cut(content, place["meta"]))
            entry = {"id": name, "path": deps[name]["path"], "blob": self._write(name + ".data", data),
                     "digest": hashlib.sha256(data).hexdigest(), "interface": hashlib.sha1(data + b"null").hexdigest(),
                     "deps": deps[name]["deps"], "suppressed": deps[name]["suppressed"], "hot": name in self.hot}
            self.interfaces[name] = entry
            entries.append(entry)
        self.worker.send(op="modules", modules=entries)

    def _keep_report(self, answer: dict[str, Any]) -> None:
        with open(answer["pack"], "rb") as pack:
            content = pack.read()
        for place in answer["members"]:
            self.reports[place["id"]] = self._write(place["id"] + ".meta_ex", cut(content, place["meta_ex"]))

    def _write(self, name: str, data: bytes) -> str:
        path = os.path.join(self.blobs, name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def lines(self) -> Counter[str]:
        """All reports, as mypy would print them."""
        shown = {member["path"]: member["shown"] for unit in self.units for member in unit}
        lines: Counter[str] = Counter()
        once = set()
        for errors in ask_mypy("errors", lines=[self.reports[name] for name in sorted(self.reports)]):
            for error in errors:
                if error[6].startswith(ONCE):
                    if error[6] in once:
                        continue
                    once.add(error[6])
                lines[line_of(error, shown)] += 1
        return lines


def digest_of(source: str | None) -> str | None:
    if source is None:
        return None
    try:
        with open(source, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except OSError:
        return None


def cut(content: bytes, place: list[int]) -> bytes:
    return content[place[0]:place[0] + place[1]]


def line_of(error: list[Any], shown: dict[str, str]) -> str:
    """errors.Errors.format_messages_default with columns and ends shown."""
    path, line, column, end_line, end_column, severity, text, code = error
    if path is None:
        return text
    place = shown.get(path, path)
    if line >= 0 and column >= 0:
        place += f":{line}:{column + 1}"
        if end_line >= 0 and end_column >= 0:
            place += f":{end_line}:{end_column}"
    elif line >= 0:
        place += f":{line}"
    shows_code = code and (severity != "note" or code in ("deprecated",))
    return f"{place}: {severity}: {text}" + (f"  [{code}]" if shows_code else "")
