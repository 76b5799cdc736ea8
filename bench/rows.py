"""The table: what is measured, against whom, and the ratio that it is to stay below.

A *situation* is what is done before each run. Rows that share tree and situation are one *race*: its sides run in
turns, so that both cold rows are held against the very same runs of mypy.
"""

from __future__ import annotations

from dataclasses import dataclass

import trees

COLD_RIVALS = ("mypy", "mypy -n 2")


@dataclass(frozen=True)
class Situation:
    """`edit` is a method of trees.Tree with the field of its subject that names the file."""

    cold: bool = False
    memory: bool = False
    edit: tuple[str, str] | None = None


SITUATIONS = {
    "cold": Situation(cold=True),
    "remote-leaf": Situation(cold=True, edit=("edit_body", "leaf")),
    "memory": Situation(cold=True, memory=True),
    "no-op": Situation(),
    "leaf": Situation(edit=("edit_body", "leaf")),
    "cycle": Situation(edit=("edit_body", "cycle")),
    "function": Situation(edit=("add_function", "hub")),
}


@dataclass(frozen=True)
class Kind:
    """A sort of row. `situation` is empty for what does not fit into a race of short runs (watch.py, scale.py)."""

    name: str
    title: str
    situation: str
    ours: str = "sepal"
    rivals: tuple[str, ...] = ("mypy",)
    unit: str = "s"


KINDS = {kind.name: kind for kind in (
    Kind("cold", "cold, empty store", "cold", rivals=COLD_RIVALS),
    Kind("cold-stdlib", "cold, store has the standard library", "cold", "sepal, stdlib known", COLD_RIVALS),
    Kind("remote", "new machine, shared cache", "cold", "sepal, shared cache", COLD_RIVALS),
    Kind("remote-leaf", "new machine, shared cache, leaf edit", "remote-leaf", "sepal, shared cache", ("mypy -n 2",)),
    Kind("memory", "peak memory of all processes, cold", "memory", rivals=("mypy -n 2",), unit="MB"),
    Kind("no-op", "no-op", "no-op"),
    Kind("leaf", "leaf body edit", "leaf"),
    Kind("cycle", "body edit inside the largest cycle", "cycle"),
    Kind("function", "new function in a hub", "function"),
    Kind("watch", "watch, leaf body edit", "", "sepal --watch", ("dmypy",)),
    Kind("synthetic", "plan + no-op of synthetic modules", "", rivals=()),
)}

TARGETS = {
    ("cold", "sphinx"): 0.95, ("cold", "sqlalchemy"): 0.9, ("cold", "homeassistant"): 0.95,
    ("cold-stdlib", "sphinx"): 0.7, ("cold-stdlib", "sqlalchemy"): 0.75, ("cold-stdlib", "homeassistant"): 0.9,
    ("remote", "sphinx"): 0.1, ("remote", "homeassistant"): 0.1,
    ("remote-leaf", "sphinx"): 0.15, ("remote-leaf", "homeassistant"): 0.15,
    ("no-op", "sphinx"): 0.08, ("no-op", "homeassistant"): 0.05,
    ("leaf", "sphinx"): 0.7, ("leaf", "homeassistant"): 0.3,
    ("cycle", "sqlalchemy"): 0.45, ("cycle", "homeassistant"): 0.35,
    ("function", "homeassistant"): 0.6,
    ("watch", "homeassistant"): 0.2,
    ("memory", "homeassistant"): 1.3,
}
# the row without a rival: absolute bounds
SYNTHETIC_SECONDS, SYNTHETIC_MB = 1.5, 600.0


@dataclass(frozen=True)
class Row:
    kind: Kind
    tree: str
    target: float | None  # of the ratio; None for a combination that was asked for without being in the table


def choose(kinds: list[str], names: list[str]) -> list[Row]:
    """The rows of the table with one of these kinds on one of these trees, in the order of the table, tree by tree;
    an empty list stands for all. Where both are given, every combination is a row, with or without a target."""
    explicit = bool(kinds and names)
    found = [Row(kind, tree, TARGETS.get((kind.name, tree)))
             for tree in trees.SUBJECTS for kind in KINDS.values() if kind.name != "synthetic"
             if (not kinds or kind.name in kinds) and (not names or tree in names)
             and (explicit or (kind.name, tree) in TARGETS)]
    if "synthetic" in kinds or not kinds and (not names or "synthetic" in names):
        found.append(Row(KINDS["synthetic"], "synthetic", None))
    return found


def races(rows: list[Row]) -> list[list[Row]]:
    """Rows that are measured together, in order."""
    together: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        together.setdefault((row.tree, row.kind.situation or row.kind.name), []).append(row)
    return list(together.values())


def sides_of(rows: list[Row]) -> list[str]:
    """Who takes part in a race: rivals first, each once."""
    return list(dict.fromkeys([name for row in rows for name in row.kind.rivals] + [row.kind.ours for row in rows]))
