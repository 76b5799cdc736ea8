"""Sepal's worker for mypy: run it with the interpreter that mypy is installed for.

Speaks doc/formats/worker.md on stdin and stdout. Begin reading at sepal_server.py (the loop), then
sepal_mypy_run.py (what the loop asks for) and sepal_mypy_unit.py (one unit, step by step).
"""

from __future__ import annotations

import gc
import os
import sys

# Two phases, three files per module, and the functions that sepal_mypy_unit.py is made of.
SUPPORTED = [["2", minor] for minor in "01234"]


def main() -> int:
    # stdout is for frames. Whatever else writes to it (a plugin, mypy's own prints) goes to stderr.
    answers = os.dup(1)
    os.dup2(2, 1)
    missing = _missing()
    if missing is not None:
        return _without_mypy(answers, missing)
    from mypy.defaults import RECURSION_LIMIT
    from sepal_mypy_lean import lean_context_managers
    with lean_context_managers():
        from sepal_mypy_run import MypyAdapter
    from sepal_server import serve

    sys.setrecursionlimit(RECURSION_LIMIT)
    gc.set_threshold(200 * 1000, 30, 30)  # as mypy does
    return serve(MypyAdapter(), answers, "sepal_mypy_worker")


def _missing() -> str | None:
    """A sentence if there is no mypy that this worker can drive."""
    try:
        from mypy.version import __version__
    except ImportError as err:
        return (f"mypy cannot be imported by {sys.executable} ({err}): install it there, "
                "or name the interpreter that has it.")
    if __version__.split(".")[:2] not in SUPPORTED:
        return (f"{sys.executable} has mypy {__version__}, which Sepal does not know: "
                f"install one from {'.'.join(SUPPORTED[0])} to {'.'.join(SUPPORTED[-1])}.")
    return None


def _without_mypy(answers: int, missing: str) -> int:
    """Every request for a description is answered by what is missing; nothing else can be asked."""
    from sepal_frames import BadFrame, FrameBuffer, pack, write_all

    requests = FrameBuffer()
    while data := os.read(0, 1 << 16):
        try:
            requests.feed(data)
            for request in requests.frames():
                if request.get("op") == "quit":
                    return 0
                if request.get("op") != "describe":
                    raise BadFrame(missing)
                write_all(answers, pack({"event": "described", "exit": None, "stdout": "", "stderr": "",
                                         "answer": None, "missing": missing}))
        except BadFrame as bad:
            sys.stderr.write(f"sepal_mypy_worker: {bad}\n")
            return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
