"""Runs a race: all sides of some rows on one tree, in turns, and what came of it."""

from __future__ import annotations

import os
import re
import statistics
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import measure
import rows
import sides
import trees


# The members of an enum come in the order of its class, or by name if the class came from mypy's cache.
LITERAL = re.compile(r"(?<=Literal\[)[^][]*(?=\])")
SHOWN = 20  # lines of each sort that are kept where lines differ


@dataclass
class Track:
    """All runs of one side in one race."""

    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    peak_mb: list[float] = field(default_factory=list)
    stats: list[dict[str, Any]] = field(default_factory=list)
    same: list[bool] = field(default_factory=list)  # the lines were those of mypy
    lines: int = 0
    missing: list[str] = field(default_factory=list)  # the first lines of the last run that was not the same
    extra: list[str] = field(default_factory=list)

    def compare(self, lines: list[str], right: list[str]) -> None:
        """Holds the lines of a run against those of mypy; their order is no difference."""
        self.lines = len(lines)
        said, expected = Counter(map(comparable, lines)), Counter(map(comparable, right))
        missing, extra = expected - said, said - expected
        self.same.append(not missing and not extra)
        if missing or extra:
            self.missing, self.extra = (sorted(some.elements())[:SHOWN] for some in (missing, extra))

    def values(self, unit: str) -> list[float]:
        return self.peak_mb if unit == "MB" else self.seconds


def comparable(line: str) -> str:
    """A line without what mypy itself writes in two ways (doc/fidelity.md)."""
    return LITERAL.sub(lambda match: ", ".join(sorted(match[0].split(", "))), line)


@dataclass
class Result:
    """One row with its answer."""

    row: rows.Row
    tracks: dict[str, Track]
    skipped: str = ""  # a sentence, if the row could not be measured here
    extra: dict[str, Any] = field(default_factory=dict)
    met_absolute: bool | None = None  # the verdict of a row without a rival

    def median(self, side: str) -> float:
        return statistics.median(self.tracks[side].values(self.row.kind.unit))

    @property
    def best_rival(self) -> str:
        return min(self.row.kind.rivals, key=self.median)

    @property
    def ratio(self) -> float | None:
        if self.skipped or not self.row.kind.rivals:
            return None
        return self.median(self.row.kind.ours) / self.median(self.best_rival)

    @property
    def met(self) -> bool | None:
        if self.ratio is None or self.row.target is None:
            return self.met_absolute
        return self.ratio <= self.row.target

    @property
    def same(self) -> bool:
        return all(self.tracks[self.row.kind.ours].same) if self.tracks else True


def in_turns(names: list[str], number: int) -> list[str]:
    """Another one begins each time, so that nobody always runs after the same other."""
    start = number % len(names)
    return names[start:] + names[:start]


def run_race(together: list[rows.Row], tree: trees.Tree, side_of: Callable[[str], sides.Side],
             runs: int) -> list[Result]:
    situation = rows.SITUATIONS[together[0].kind.situation]
    names = rows.sides_of(together)
    # mypy itself says what is right; where it is not in the race it runs once, and again after each edit
    judge = side_of("mypy")
    for name in names:
        # from here on every side has the tree as it is now behind it, or has what a cold run may have
        if situation.cold:
            side_of(name).prepare()
        else:
            side_of(name).run()
    tracks = {name: Track() for name in names}
    for number in range(runs):
        if situation.edit:
            method, which = situation.edit
            name = getattr(tree.subject, which)
            tree.wait_for_a_new_second(name)
            getattr(tree, method)(name)
        said = {}
        for name in in_turns(names, number):
            said[name] = one_run(side_of(name), tracks[name], situation)
        if "mypy" not in said:
            said["mypy"] = judge.run().lines
        if situation.edit and not tree.heard_in(said["mypy"]):
            raise measure.Failed("mypy has not seen the last edit, so its time is worth nothing")
        for name in names:
            tracks[name].compare(said[name], said["mypy"])
    return [Result(row, {name: tracks[name] for name in (*row.kind.rivals, row.kind.ours)}) for row in together]


def one_run(side: sides.Side, track: Track, situation: rows.Situation) -> list[str]:
    if situation.cold:
        side.forget()
    os.sync()  # nobody pays for what another one wrote
    run = side.run(sample=situation.memory)
    track.seconds.append(round(run.seconds, 4))
    track.cpu.append(round(run.cpu, 3))
    if run.peak_mb is not None:
        track.peak_mb.append(round(run.peak_mb, 1))
    stats = side.stats()
    if stats is not None:
        track.stats.append(stats)
    return run.lines
