"""Runs one action of the checker on a machine of somebody else's (src/remote/action_tree.h has the layout).

It is an input of the action like the others and uses nothing but the standard library. It refuses an interpreter that
is not the action's, runs the checker in the action's directory, and leaves behind what the process runner would have
seen: how it ended, what it said, the outputs that it wrote, and the first path that it had no business writing.

Exit status: 0 when the checker came to an end that may be kept, 1 when it did not (a server that keeps results keeps
those with status 0), 3 when the interpreter is another one; `out/status` says more.
"""

from __future__ import annotations

import json
import os
import platform
import stat
import subprocess
import sys

OUTPUT_LIMIT = 1024 * 1024
CUT_SHORT = b"\n[more output was dropped]\n"
WRONG_INTERPRETER = 3
SIGNS_OF_A_CRASH = (b"Traceback (most recent call last)", b"INTERNAL ERROR")
LAST_CLEAN_STATUS = 2  # checkers say by it what they found; anything above, or a signal, is a failure

Looks = dict[str, tuple[int, ...]]


def main() -> int:
    with open("job.json", encoding="utf-8") as file:
        job = json.load(file)
    os.makedirs("out", exist_ok=True)
    found = f"python {platform.python_version()}"
    if found != job["python"]:
        write_status({"found": found})
        sys.stderr.write(f"the interpreter {sys.executable} is {found}, and the action is for {job['python']}\n")
        return WRONG_INTERPRETER
    before = look(job["directory"])
    ended = run(job)
    odd = undeclared(before, look(job["directory"]), set(job["outputs"]))
    for number, path in enumerate(job["outputs"]):
        collect(os.path.join(job["directory"], path), f"out/{number}")
    write_status({"found": found, "exit": max(ended, -1), "signal": max(-ended, 0), "undeclared": odd})
    return int(not 0 <= ended <= LAST_CLEAN_STATUS or crashed())


def write_status(status: dict) -> None:
    with open("out/status", "w", encoding="utf-8", errors="replace") as file:
        json.dump(dict(status, version=1), file)


def run(job: dict) -> int:
    """The checker is found by PYTHONPATH; packages of the machine are not (-S)."""
    env = dict(variable.split("=", 1) for variable in job["env"])
    env["PYTHONPATH"] = os.path.abspath("checker")
    with open("out/stdout", "wb") as out, open("out/stderr", "wb") as err:
        ended = subprocess.run([sys.executable, "-S", *job["argv"]], cwd=job["directory"], env=env,
                               stdin=subprocess.DEVNULL, stdout=out, stderr=err).returncode
    for name in ("out/stdout", "out/stderr"):
        if os.path.getsize(name) > OUTPUT_LIMIT:
            with open(name, "r+b") as file:
                file.truncate(OUTPUT_LIMIT)
                file.seek(0, os.SEEK_END)
                file.write(CUT_SHORT)
    return ended


def crashed() -> bool:
    with open("out/stderr", "rb") as file:
        said = file.read()
    return any(sign in said for sign in SIGNS_OF_A_CRASH)


def look(top: str) -> Looks:
    """What every file looks like; directories have no times that matter."""
    found: Looks = {}
    for directory, directories, files in os.walk(top):
        for name in (*directories, *files):
            path = os.path.join(directory, name)
            seen = os.lstat(path)
            kind = stat.S_IFMT(seen.st_mode)
            is_directory = stat.S_ISDIR(kind)
            found[os.path.relpath(path, top)] = (kind, *((0, 0) if is_directory else (seen.st_size, seen.st_mtime_ns)))
    return found


def undeclared(before: Looks, after: Looks, outputs: set) -> str | None:
    changed = [path for path, seen in after.items() if before.get(path) != seen
               and (path in before or (path not in outputs and not stat.S_ISDIR(seen[0])))]
    return min([*changed, *(before.keys() - after.keys())], key=os.fsencode, default=None)


def collect(path: str, into: str) -> None:
    try:
        if stat.S_ISREG(os.lstat(path).st_mode):
            os.rename(path, into)
    except FileNotFoundError:
        pass


if __name__ == "__main__":
    sys.exit(main())
