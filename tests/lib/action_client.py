"""Drives tests/lib/action_run over a whole plan (whole.py), unit by unit: one hermetic mypy process each."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections import Counter
from typing import Any, Iterator

from native import tool
from worker_client import ONCE, Worker, environment, line_of, python


def sha256_of_file(path: str | None) -> str:
    if path is None:
        return "0" * 64
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def described(cwd: str, argv: list[str]) -> dict[str, Any]:
    with Worker(cwd) as worker:
        worker.send(op="describe", cwd=cwd, argv=argv)
        answer = worker.receive()
        worker.send(op="quit")
    assert answer["answer"], answer
    return answer["answer"]


class Actions:
    """The filter with its setup done; `run` gives it one unit."""

    def __init__(self, answer: dict[str, Any], scratch: str, keep: bool = False, **changes: Any) -> None:
        self.process = subprocess.Popen([tool("action_run")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env=environment())
        typeshed = answer["typeshed"]
        setup = {
            "python": python(), "python_version": answer["python"]["version"], "version": answer["checker"]["version"],
            "format": answer["checker"]["format"], "platform": answer["target"]["platform"],
            "target": answer["target"]["python_version"], "typeshed": typeshed,
            "versions": sha256_of_file(os.path.join(typeshed, "stdlib", "VERSIONS")), "options": answer["options"],
            "scratch": scratch, "keep": keep}
        self._write({**setup, **changes})

    def _write(self, message: dict[str, Any]) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def run(self, unit: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdout
        self._write(unit)
        line = self.process.stdout.readline()
        if not line:
            raise EOFError(f"action_run ended with status {self.process.wait()}.")
        return json.loads(line)

    def __enter__(self) -> Actions:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.process.stdout.close()


class WholeByActions:
    """Every unit of a plan, bottom up. `results`: module -> what action_run said of it."""

    def __init__(self, actions: Actions, plan: dict[str, Any]) -> None:
        self.actions = actions
        self.units = plan["units"]
        self.members = {member["id"]: member for unit in self.units for member in unit}
        self.closures: dict[str, set[str]] = {}
        self.results: dict[str, dict[str, Any]] = {}
        self.other: list[dict[str, Any]] = []

    def request(self, unit: list[dict[str, Any]]) -> dict[str, Any]:
        ids = {member["id"] for member in unit}
        closure = self._closure(unit, ids)
        parents = {parent for name in ids | closure for parent in parents_of(name)} - ids - closure
        return {
            "members": [{
                "id": member["id"], "path": member["path"], "source": member["source"], "silent": member["silent"],
                "digest": sha256_of_file(member["source"]), "deps": sorted(member["deps"])} for member in unit],
            "names": list(self._names(unit)), "closure": sorted(closure),
            "ancestors": sorted(self.members[name]["path"] for name in parents if name in self.members)}

    def _closure(self, unit: list[dict[str, Any]], ids: set[str]) -> set[str]:
        closure: set[str] = set()
        for member in unit:
            for dep in member["deps"]:
                if dep not in ids:
                    closure |= {dep} | self.closures[dep]
        for name in ids:
            self.closures[name] = closure | ids
        return closure

    @staticmethod
    def _names(unit: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        names: dict[str, dict[str, Any]] = {}
        for member in unit:
            for name, path in member["modules"].items():
                names[name] = {"name": name, "path": path, "reason": None}
            for name, entry in member["missing"].items():
                names[name] = {"name": name, "path": None, **entry}
        for name in sorted(names):
            yield names[name]

    def run_all(self) -> None:
        """Units above one that has no interface are left out."""
        for unit in self.units:
            request = self.request(unit)
            if not all(name in self.results for name in request["closure"]):
                continue
            answer = self.actions.run(request)
            if answer["kind"] != "result" or any(member["discovered"] for member in answer["members"]):
                self.other.append(answer)
            for member in answer.get("members", ()):
                self.results[member["id"]] = member

    def lines(self) -> Counter[str]:
        """All diagnostics, as mypy would print them."""
        lines: Counter[str] = Counter()
        once = set()
        for name in sorted(self.results):
            for path, line, column, end_line, end_column, is_note, text, code in self.results[name]["diags"]:
                if is_note and text.startswith(ONCE):
                    if text in once:
                        continue
                    once.add(text)
                shown = self.members[name]["shown"] if path is None else path or None
                severity = "note" if is_note else "error"
                lines[line_of([shown, line, column, end_line, end_column, severity, text, code], {})] += 1
        return lines


def parents_of(name: str) -> Iterator[str]:
    while "." in name:
        name = name.rpartition(".")[0]
        yield name
