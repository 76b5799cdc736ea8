"""src/LAYERS holds: a room includes lower rooms only, a library's headers are included by its door only, and every
header can be compiled alone."""

from __future__ import annotations

import concurrent.futures
import os
import re
import subprocess
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SRC = os.path.join(ROOT, "src")
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.MULTILINE)


def read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def sources() -> list[str]:
    """All .c and .h files that are written by people, seen from src/."""
    found = []
    for directory, _, names in os.walk(SRC):
        found += [os.path.relpath(os.path.join(directory, name), SRC) for name in names
                  if name.endswith((".c", ".h")) and not name.endswith((".pb-c.c", ".pb-c.h"))]
    return sorted(found)


def layers() -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Room -> level, and (header or directory of headers, the file that may include it)."""
    levels: dict[str, int] = {}
    doors = []
    for line in read(os.path.join(SRC, "LAYERS")).splitlines():
        words = line.split("#")[0].split()
        if not words:
            continue
        if words[0] == "door":
            doors.append((words[1], words[2]))
        else:
            levels.update({room: int(words[0]) for room in words[1:]})
    return levels, doors


def wrong_includes(path: str, text: str, levels: dict[str, int], doors: list[tuple[str, str]]) -> list[str]:
    """What is wrong with the includes of one file, as sentences."""
    room = path.split("/")[0]
    if room not in levels:
        return [f"{path}: the room {room} is not in src/LAYERS"]
    wrong = []
    for kind, name in INCLUDE.findall(text):
        if kind == "<":
            wrong += [f"{path} includes <{name}>, whose door is {door}" for header, door in doors
                      if (name == header or (header.endswith("/") and name.startswith(header))) and path != door]
            continue
        other = name.split("/")[0]
        if "/" not in name or other not in levels:
            wrong.append(f'{path} includes "{name}": write includes from src, as room/file.h')
        elif other != room and levels[other] >= levels[room]:
            wrong.append(f'{path} (level {levels[room]}) includes "{name}" (level {levels[other]})')
        elif other != room and name.endswith("internal.h"):
            wrong.append(f'{path} includes "{name}", which is internal to {other}')
    return wrong


def compile_alone(header: str) -> str:
    compiler = os.environ.get("CC", "cc")
    done = subprocess.run(
        [compiler, "-std=gnu17", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "-I", SRC, "-x", "c",
         "-"],
        input=f'#include "{header}"\n#include "{header}"\nextern int the_file_is_not_empty;\n',
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return f"{header} does not compile alone:\n{done.stdout}" if done.returncode else ""


class Layers(unittest.TestCase):
    maxDiff = None

    def test_every_include_goes_to_a_lower_room_or_through_its_door(self) -> None:
        levels, doors = layers()
        wrong = [line for path in sources()
                 for line in wrong_includes(path, read(os.path.join(SRC, path)), levels, doors)]
        self.assertEqual(wrong, [])

    def test_the_rule_itself_sees_each_kind_of_violation(self) -> None:
        levels, doors = {"base": 0, "sys": 1, "store": 2, "exec": 3}, [("jansson.h", "base/json.c"), ("git2/", "x.c")]
        for path, text in (("base/err.c", '#include "sys/fs.h"'), ("store/a.c", '#include "exec/b.h"'),
                           ("sys/fs.c", "#include <jansson.h>"), ("sys/fs.c", "# include <git2/tree.h>"),
                           ("sys/fs.c", '#include "fs.h"'), ("exec/a.c", '#include "sys/fs_internal.h"'),
                           ("other/a.c", "")):
            self.assertEqual(len(wrong_includes(path, text, levels, doors)), 1, path + text)
        for path, text in (("base/json.c", "#include <jansson.h>"), ("exec/a.c", '#include "sys/fs.h"'),
                           ("sys/fs.c", '#include "sys/fs_internal.h"\n#include <stdio.h>')):
            self.assertEqual(wrong_includes(path, text, levels, doors), [])

    def test_headers_compile_alone_and_twice(self) -> None:
        headers = [path for path in sources() if path.endswith(".h")]
        self.assertGreater(len(headers), 5)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            failures = [answer for answer in pool.map(compile_alone, headers) if answer]
        self.assertEqual("\n".join(failures), "")


if __name__ == "__main__":
    unittest.main()
