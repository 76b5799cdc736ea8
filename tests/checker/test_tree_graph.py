"""The planner's graph of real packages is mypy's: the same modules, cycles and edges as `mypy --dump-graph` prints.

Only edges that an import statement (or a plugin) made are printed there. The one that every module has without saying
so, to builtins, is in mypy's graph too: module by module the imports are compared with the graph that mypy has loaded
(whole.py), in mypy's order, and there nothing is forgiven.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import unittest
from typing import Any

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from subjects import SLOW_SECONDS, SUBJECTS, Subject, SubjectTestCase  # noqa: E402
from testrepo import Repo  # noqa: E402

WHOLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib", "whole.py")

Cycle = tuple[str, ...]  # sorted module names


def dumped_graph(repo: Repo, subject: Subject) -> dict[Cycle, set[Cycle]]:
    """What `mypy --dump-graph` says of a cycle: [name, size, modules, sizes, {name of a cycle below: priority}]."""
    text = repo.mypy("--dump-graph", *subject.arguments).stdout
    nodes, _ = json.JSONDecoder().raw_decode(text[text.index('[["n0"'):])
    cycles = {name: tuple(sorted(modules)) for name, _, modules, _, _ in nodes}
    return {cycles[name]: {cycles[below] for below in edges} for name, _, _, _, edges in nodes}


def planned_graph(plan: dict[str, Any]) -> dict[Cycle, set[Cycle]]:
    cycles = [tuple(sorted(unit["members"])) for unit in plan["units"]]
    return {cycle: {cycles[below] for below in unit["needs"]} for cycle, unit in zip(cycles, plan["units"])}


class TreeGraph(SubjectTestCase):
    def compare(self, name: str) -> None:
        subject = SUBJECTS[name]
        repo = self.checkout(subject)
        plan = json.loads(repo.run("plan", *subject.arguments).stdout)
        mine, theirs = planned_graph(plan), dumped_graph(repo, subject)
        self.assertEqual(sorted(mine.keys() - theirs.keys()), [])
        self.assertEqual(sorted(theirs.keys() - mine.keys()), [])
        implicit = {cycle for cycle in mine if "builtins" in cycle}
        for cycle, below in theirs.items():
            self.assertEqual(sorted(below - mine[cycle]), [], cycle)
            self.assertEqual(sorted(mine[cycle] - below - implicit), [], cycle)
        self.compare_imports(repo, subject, plan)

    def compare_imports(self, repo: Repo, subject: Subject, plan: dict[str, Any]) -> None:
        done = subprocess.run([subject.python, WHOLE, "plan", *subject.arguments], cwd=repo.root,
                              env=repo.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                              check=True, timeout=SLOW_SECONDS)
        members = [member for unit in json.loads(done.stdout)["units"] for member in unit]
        theirs = {member["id"]: (member["path"], member["silent"], member["deps"]) for member in members}
        mine = {module["id"]: (module["path"], module["silent"], module["imports"]) for module in plan["modules"]}
        self.assertEqual(sorted(mine), sorted(theirs))
        for module, found in theirs.items():
            self.assertEqual(mine[module], found, module)

    def test_pytest(self) -> None:
        self.compare("pytest")

    def test_sphinx(self) -> None:
        self.compare("sphinx")

    def test_pip(self) -> None:
        self.compare("pip")

    def test_sqlalchemy(self) -> None:
        self.compare("sqlalchemy")

    def test_fastapi_with_its_plugin_and_site_packages(self) -> None:
        self.compare("fastapi")


if __name__ == "__main__":
    unittest.main()
