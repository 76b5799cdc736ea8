"""The row of the synthetic tree: planning it, and answering when nothing has changed. No rival; absolute bounds."""

from __future__ import annotations

import os
import statistics
from typing import Any

import measure
import race
import rows
import sides
import synthetic

DEPTH, FAN_IN, CYCLES, SEED = 40, 8, (30, 5, 2), 1
ARGUMENTS = ("--python-version", "3.13", "--no-site-packages", "--no-error-summary")


def run_synthetic(row: rows.Row, home: str, modules: int, runs: int) -> race.Result:
    """The first check, which fills the store, is not what is measured; its time is kept for those who wonder."""
    os.makedirs(home)
    depth = max(1, min(DEPTH, modules // 50))
    tree = synthetic.generate(synthetic.Shape(modules, depth, FAN_IN, CYCLES, SEED), home)
    env = measure.environment(os.path.join(home, "cache"))
    tail = ["--python", sides.PYTHON, tree.package, "--", *ARGUMENTS]
    check, plan = [sides.SEPAL, "check", "--quiet", *tail], [sides.SEPAL, "plan", *tail]
    first = measure.run(check, tree.base, env)
    # the first run after that still looks twice at files that were written just before the check
    for command in (plan, check):
        measure.run(command, tree.base, env)
    both, parts = race.Track(), {"plan": race.Track(), "no-op": race.Track()}
    for _ in range(runs):
        for name, command in (("plan", plan), ("no-op", check)):
            os.sync()
            run = measure.run(command, tree.base, env)
            parts[name].seconds.append(round(run.seconds, 4))
            parts[name].peak_mb.append(round(run.own_peak_mb, 1))
            parts[name].cpu.append(round(run.cpu, 3))
        both.seconds.append(round(parts["plan"].seconds[-1] + parts["no-op"].seconds[-1], 4))
        both.peak_mb.append(max(parts["plan"].peak_mb[-1], parts["no-op"].peak_mb[-1]))
    return verdict(row, modules, both, {
        "shape": {"modules": modules, "depth": depth, "fan_in": FAN_IN, "cycles": CYCLES, "seed": SEED},
        "first_check": {"seconds": round(first.seconds, 2), "peak_mb": round(first.own_peak_mb, 1)},
        "parts": {name: {"seconds": track.seconds, "peak_mb": track.peak_mb, "cpu": track.cpu}
                  for name, track in parts.items()}})


def verdict(row: rows.Row, modules: int, both: race.Track, extra: dict[str, Any]) -> race.Result:
    seconds, peak = statistics.median(both.seconds), statistics.median(both.peak_mb)
    result = race.Result(row, {"sepal": both}, extra=extra)
    result.extra.update(
        at_most=f"{rows.SYNTHETIC_SECONDS:g} s, {rows.SYNTHETIC_MB:g} MB", median_peak_mb=round(peak, 1),
        note=f"{modules} modules: plan {statistics.median(extra['parts']['plan']['seconds']):.2f} s, "
             f"no-op {statistics.median(extra['parts']['no-op']['seconds']):.2f} s, peak {peak:.0f} MB")
    result.met_absolute = seconds <= rows.SYNTHETIC_SECONDS and peak <= rows.SYNTHETIC_MB
    return result
