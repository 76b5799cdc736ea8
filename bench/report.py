"""What the bench says: a line for each row, and everything as JSON."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import time
from typing import Any

import race
import rows
import sides
import trees

FLAT_LIST = re.compile(r"\[\s([^][{}\"]*)\]")  # lists of numbers stay on one line
HEAD = f"{'row':37} {'tree':14} {'sepal':>8}   {'rivals':30} {'ratio':>6} {'at most':>7}"


def number(value: float, unit: str) -> str:
    return f"{value:.0f} MB" if unit == "MB" else f"{value:.3f}" if value < 1 else f"{value:.2f}"


def line(result: race.Result) -> str:
    kind, tree = result.row.kind, result.row.tree
    start = f"{kind.title:37} {tree:14} "
    if result.skipped:
        return start + "skipped: " + result.skipped
    rivals = ", ".join(f"{name} {number(result.median(name), kind.unit)}" for name in kind.rivals)
    text = start + f"{number(result.median(kind.ours), kind.unit):>8}   {rivals:30} "
    text += f"{result.ratio:6.2f} " if result.ratio is not None else f"{'':6} "
    target = result.extra.get("at_most", "" if result.row.target is None else f"{result.row.target:g}")
    text += f"{target:>7} " + {True: "met", False: "missed", None: ""}[result.met]
    return (text + ("" if result.same else "  DIFFERENT LINES")).rstrip() + work(result)


def work(result: race.Result) -> str:
    """What our last run had to do, where something was edited, or what there is to say besides."""
    if "note" in result.extra:
        return f"\n{'':37} {result.extra['note']}"
    stats = result.tracks[result.row.kind.ours].stats
    if stats and result.row.kind.name.startswith("remote"):
        last, remote = stats[-1], stats[-1]["remote"]
        return (f"\n{'':37} {last['units_run']} units ran, {remote['bytes_received'] / 1e6:.2f} MB fetched in "
                f"{remote['calls']} calls")
    if not stats or result.row.kind.name not in ("leaf", "cycle", "function", "watch"):
        return ""
    last = stats[-1]
    return (f"\n{'':37} {last['units_run']} units and {last['bodies_run']} bodies ran, "
            f"{sum(last['units_hit'].values())} hits, {last['checker_processes']} checker processes")


def as_json(result: race.Result) -> dict[str, Any]:
    kind = result.row.kind
    tracks = {}
    for name, track in result.tracks.items():
        tracks[name] = {"seconds": track.seconds, "cpu": track.cpu, "lines": track.lines, "same_lines": track.same}
        if not all(track.same):
            tracks[name].update(missing=track.missing, extra=track.extra)
        if track.peak_mb:
            tracks[name]["peak_mb"] = track.peak_mb
        if track.stats:
            tracks[name]["stats"] = track.stats
    answer: dict[str, Any] = {"row": kind.name, "title": kind.title, "tree": result.row.tree, "unit": kind.unit,
                              "target": result.row.target, "skipped": result.skipped or None, "runs": tracks,
                              **result.extra}
    if not result.skipped:
        answer.update(
            medians={name: round(result.median(name), 4) for name in result.tracks}, ours=kind.ours,
            rival=result.best_rival if kind.rivals else None,
            ratio=None if result.ratio is None else round(result.ratio, 4), met=result.met, same_lines=result.same)
    return answer


def said_by(*argv: str) -> str:
    done = subprocess.run(argv, cwd=trees.ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return done.stdout.strip()


def revision() -> str:
    """Of the checkout; with a mark if it was changed since."""
    commit = said_by("git", "rev-parse", "--short=12", "HEAD")
    if not commit:
        return "unknown"
    return commit + ("+changes" if said_by("git", "status", "--porcelain", "--untracked-files=no") else "")


def processor() -> str:
    with open("/proc/cpuinfo") as file:
        return next((text.partition(":")[2].strip() for text in file if text.startswith("model name")), "unknown")


def circumstances(runs: int, modules: int, chosen: list[rows.Row]) -> dict[str, Any]:
    """Everything besides the rows themselves that figures depend on."""
    return {
        "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "runs": runs,
        "machine": {"processor": processor(), "cpus": len(os.sched_getaffinity(0)), "kernel": platform.release(),
                    "memory_mb": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20,
                    "load_before": [round(load, 2) for load in os.getloadavg()]},
        "versions": {"sepal": said_by(sides.SEPAL, "--version"), "revision": revision(),
                     "mypy": said_by(sides.PYTHON, "-m", "mypy", "--version"),
                     "python": said_by(sides.PYTHON, "--version")},
        "trees": {name: trees.SUBJECTS[name].version if name in trees.SUBJECTS else f"of {modules} modules"
                  for name in dict.fromkeys(row.tree for row in chosen)},
    }


def heading(about: dict[str, Any]) -> str:
    machine, versions = about["machine"], about["versions"]
    return "\n".join((
        f"{versions['sepal']} ({versions['revision']}), {versions['mypy']}, {versions['python']}",
        f"{machine['cpus']} cpus ({machine['processor']}), {machine['memory_mb']} MB, Linux {machine['kernel']}, "
        f"load before {' '.join(map(str, machine['load_before']))}",
        f"medians of {about['runs']}; trees: " + ", ".join(f"{name} {is_}" for name, is_ in about["trees"].items())))


def write(path: str, about: dict[str, Any], results: list[race.Result]) -> None:
    """Whole or not at all: the file is replaced after each row."""
    directory = os.path.dirname(path)
    if directory:
        os.makedirs(directory, exist_ok=True)
    with open(path + ".new", "w") as file:
        text = json.dumps({"version": 1, **about, "rows": [as_json(result) for result in results]}, indent=1)
        file.write(FLAT_LIST.sub(lambda match: "[" + " ".join(match[1].split()) + "]", text) + "\n")
    os.replace(path + ".new", path)
