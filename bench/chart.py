"""Draws the figures of a run as an SVG: for each row the ratio to the best rival, and the target.

    python bench/chart.py RESULT.json... CHART.svg

Several files are drawn as one, the later ones below. Needs matplotlib (bench/requirements.txt); nothing else does.
"""

from __future__ import annotations

import json
import sys
from typing import Any

MET, MISSED, NO_TARGET = "#2f855a", "#c53030", "#718096"


def drawable(paths: list[str]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The rows that have a ratio, in order, and the circumstances of the first file."""
    files = []
    for path in paths:
        with open(path) as file:
            files.append(json.load(file))
    return [row for data in files for row in data["rows"] if row.get("ratio") is not None], files[0]


def label(row: dict[str, Any]) -> str:
    return f"{row['tree']}: {row['title']}"


def values(row: dict[str, Any]) -> str:
    ours, rival = row["medians"][row["ours"]], row["medians"][row["rival"]]
    digits = 0 if row["unit"] == "MB" else 2
    target = "" if row["target"] is None else f", at most {row['target']:g}"
    return f"{row['ratio']:.2f}{target}   ({ours:.{digits}f} {row['unit']}, {row['rival']} {rival:.{digits}f})"


def draw(rows: list[dict[str, Any]], about: dict[str, Any], path: str) -> None:
    import matplotlib  # type: ignore[import-not-found]

    matplotlib.use("svg")
    # the same figures give the same bytes; letters stay letters
    matplotlib.rcParams.update({"svg.hashsalt": "sepal", "svg.fonttype": "none", "font.size": 9})
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(11, 1.4 + 0.36 * len(rows)), layout="constrained")
    colours = [{True: MET, False: MISSED}.get(row["met"], NO_TARGET) for row in rows]
    axes.barh(range(len(rows)), [row["ratio"] for row in rows], height=0.6, color=colours)
    for place, row in enumerate(rows):
        if row["target"] is not None:
            axes.plot([row["target"]] * 2, [place - 0.42, place + 0.42], color="black", linewidth=1.6)
        axes.text(max(row["ratio"], row["target"] or 0) + 0.02, place, values(row), va="center", fontsize=8)
    axes.axvline(1, color="black", linewidth=0.8, linestyle=":")
    axes.set_yticks(range(len(rows)), [label(row) for row in rows])
    axes.invert_yaxis()
    axes.set_xlim(0, 1.75 * max([1, *(max(row["ratio"], row["target"] or 0) for row in rows)]))
    axes.set_xlabel("sepal / best rival (less is better); a black line is the target")
    machine, versions = about["machine"], about["versions"]
    axes.set_title(f"{versions['sepal']} ({versions['revision']}) and {versions['mypy']}, {machine['cpus']} cpus, "
                   f"medians of {about['runs']}, {about['when'][:10]}", fontsize=9)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.savefig(path, metadata={"Date": None})
    with open(path) as file:  # the library leaves blanks at line ends
        text = "".join(text.rstrip() + "\n" for text in file)
    with open(path, "w") as file:
        file.write(text)


def main() -> int:
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    *sources, target = sys.argv[1:]
    rows, about = drawable(sources)
    if not rows:
        print("bench: no chart, because no row has a ratio")
        return 0
    try:
        draw(rows, about, target)
    except ImportError:
        print("bench: no chart, because this Python has no matplotlib; bench/requirements.txt names the version")
        return 3
    print(f"chart: {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
