"""The bench's own logic: what it chooses, edits, compares and leaves. Stand-ins answer for what it measures."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BENCH = os.path.join(ROOT, "bench")
sys.path.insert(0, BENCH)
sys.dont_write_bytecode = True

import measure  # noqa: E402
import race  # noqa: E402
import report  # noqa: E402
import rows  # noqa: E402
import sides  # noqa: E402
import trees  # noqa: E402


def read(*path: str) -> str:
    with open(os.path.join(ROOT, *path)) as file:
        return file.read()


def hear_interrupts() -> None:
    """A shell that starts us in the background has them ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Table(unittest.TestCase):
    def test_the_targets_are_those_of_the_manual(self) -> None:
        text = read("bench", "README.md").partition("## Targets")[2].partition("## ")[0]
        cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")]
        head, said = cells[0], {}
        for kind, *values in cells[2:]:
            said.update({(kind.strip("`"), tree): float(value) for tree, value in zip(head[1:], values) if value})
        self.assertEqual(said, rows.TARGETS)
        self.assertIn(f"at most {rows.SYNTHETIC_SECONDS:g} s, and no process above {rows.SYNTHETIC_MB:g} MB", text)

    def test_the_manual_describes_every_row(self) -> None:
        text = read("bench", "README.md").partition("## Rows")[2].partition("## ")[0]
        self.assertEqual(re.findall(r"^\| `([\w-]+)`", text, re.MULTILINE), list(rows.KINDS))

    def test_the_versions_of_the_trees_are_the_pinned_ones(self) -> None:
        pinned = dict(re.findall(r"^(\S+) +(?:source|wheel) +\S+==(\S+)$",
                                 read("tests", "trees.txt") + read("bench", "trees.txt"), re.MULTILINE))
        for subject in trees.SUBJECTS.values():
            self.assertEqual(pinned[subject.name], subject.version)

    def test_without_arguments_all_rows_with_a_target_are_chosen(self) -> None:
        chosen = rows.choose([], [])
        self.assertEqual({(row.kind.name, row.tree) for row in chosen}, {*rows.TARGETS, ("synthetic", "synthetic")})

    def test_a_kind_or_a_tree_alone_chooses_from_the_table(self) -> None:
        self.assertEqual([(row.kind.name, row.tree) for row in rows.choose(["leaf"], [])],
                         [("leaf", "sphinx"), ("leaf", "homeassistant")])
        self.assertEqual([row.kind.name for row in rows.choose([], ["sqlalchemy"])], ["cold", "cold-stdlib", "cycle"])
        self.assertEqual(rows.choose([], ["fastapi"]), [])

    def test_a_kind_on_a_tree_is_a_row_also_without_a_target(self) -> None:
        (row,) = rows.choose(["memory"], ["fastapi"])
        self.assertIsNone(row.target)

    def test_rows_without_a_cache_of_their_own_are_one_race(self) -> None:
        first, *rest = rows.races(rows.choose([], ["sphinx"]))
        self.assertEqual([row.kind.name for row in first], ["cold", "cold-stdlib", "remote"])
        self.assertEqual(rows.sides_of(first),
                         ["mypy", "mypy -n 2", "sepal", "sepal, stdlib known", "sepal, shared cache"])
        self.assertEqual([len(race) for race in rest], [1, 1, 1])

    def test_every_side_begins_in_turn(self) -> None:
        self.assertEqual([race.in_turns(["a", "b", "c"], number)[0] for number in range(4)], ["a", "b", "c", "a"])


class Verdicts(unittest.TestCase):
    def result(self, ours: list[float], *rivals: list[float], target: float = 0.9) -> race.Result:
        row = rows.Row(rows.KINDS["cold"], "sphinx", target)
        names = ("sepal", "mypy", "mypy -n 2")
        return race.Result(row, {name: race.Track(seconds=seconds, same=[True])
                                 for name, seconds in zip(names, (ours, *rivals))})

    def test_the_ratio_is_of_medians_to_the_best_rival(self) -> None:
        result = self.result([9.0, 1.0, 2.0], [5.0, 5.0, 5.0], [4.0, 4.0, 40.0])
        self.assertEqual((result.best_rival, result.ratio, result.met), ("mypy -n 2", 0.5, True))
        self.assertIn("met", report.line(result))

    def test_a_ratio_above_the_target_is_missed(self) -> None:
        result = self.result([4.0], [4.0], [5.0])
        self.assertIs(result.met, False)
        self.assertIn("missed", report.line(result))

    def test_other_lines_than_those_of_mypy_are_marked(self) -> None:
        result = self.result([1.0], [2.0], [2.0])
        result.tracks["sepal"].same.append(False)
        self.assertIn("DIFFERENT LINES", report.line(result))
        self.assertIs(report.as_json(result)["same_lines"], False)

    def test_neither_the_order_of_lines_nor_of_the_members_of_an_enum_is_a_difference(self) -> None:
        track = race.Track()
        track.compare(["b.py:1: x", 'a.py:1: "Literal[M.A, M.B]"'], ['a.py:1: "Literal[M.B, M.A]"', "b.py:1: x"])
        track.compare(['a.py:1: "Literal[M.A]"'], ['a.py:1: "Literal[M.B]"'])
        self.assertEqual(track.same, [True, False])
        self.assertEqual((track.missing, track.extra), (['a.py:1: "Literal[M.B]"'], ['a.py:1: "Literal[M.A]"']))

    def test_a_skipped_row_says_why_and_has_no_figures(self) -> None:
        result = race.Result(rows.Row(rows.KINDS["watch"], "sphinx", 0.2), {}, skipped="there is no such option")
        self.assertTrue(report.line(result).endswith("skipped: there is no such option"))
        self.assertNotIn("ratio", report.as_json(result))


class Edits(unittest.TestCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = scratch.name
        make_tree(self.scratch)
        self.tree = trees.copy(trees.SUBJECTS["fastapi"], self.scratch, os.path.join(self.scratch, "copy"))

    def text(self, name: str) -> str:
        with open(self.tree.path(name)) as file:
            return file.read()

    def test_every_edit_of_a_body_is_another_number_and_nothing_else(self) -> None:
        leaf = self.tree.subject.leaf
        seen = [self.text(leaf)]
        for _ in range(3):
            self.tree.edit_body(leaf)
            seen.append(self.text(leaf))
        self.assertEqual(len(set(seen)), 4)
        self.assertEqual(len({re.sub(r"reveal_type.\d+", "", text) for text in seen}), 1)

    def test_added_functions_have_names_of_their_own(self) -> None:
        for _ in range(3):
            self.tree.add_function(self.tree.subject.hub)
        self.assertEqual(len(set(re.findall(r"def (\w+)", self.text(self.tree.subject.hub)))), 3)

    def test_the_library_is_what_the_plan_has_of_typeshed(self) -> None:
        plan = {"modules": [{"id": "os", "root": "typeshed"}, {"id": "app", "root": "first-party"},
                            {"id": "abc", "root": "typeshed"}]}
        self.assertEqual(sides.imports_of(plan), "import abc\nimport os\n")


class Measuring(unittest.TestCase):
    def test_memory_is_added_up_over_all_processes(self) -> None:
        child = "import time; x = b'x' * (40 << 20); time.sleep(0.6)"
        parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
        argv = [sys.executable, "-c", f"x = b'x' * (40 << 20); {parent}"]
        run = measure.run(argv, "/", dict(os.environ), sample=True)
        assert run.peak_mb
        self.assertGreater(run.peak_mb, 80)
        self.assertLess(run.peak_mb, 160)

    def test_the_time_of_what_a_command_did_not_wait_for_counts(self) -> None:
        # in a process of its own, because adopting is for good
        busy = f"{sys.executable} -c 'import time\nwhile time.process_time() < 0.3: pass'"
        script = ("import measure, os; measure.adopt_orphans(); "
                  f"print(measure.run(['sh', '-c', {busy + ' & sleep 0.01'!r}], '/', dict(os.environ)).cpu)")
        done = subprocess.run([sys.executable, "-c", script], cwd=BENCH, stdout=subprocess.PIPE, text=True)
        self.assertGreater(float(done.stdout), 0.25)

    def test_a_status_that_is_no_answer_is_a_failure(self) -> None:
        with self.assertRaisesRegex(measure.Failed, "(?s)status 2:.*no such thing"):
            measure.run(["sh", "-c", "echo no such thing >&2; exit 2"], "/", dict(os.environ))


def make_tree(base: str) -> None:
    subject = trees.SUBJECTS["fastapi"]
    for name in (subject.leaf, subject.cycle, subject.hub):
        path = os.path.join(base, subject.name, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write("x = 1\n")


# A `sepal check --watch` that looks for the edits of the bench.
WATCHING = r"""
import glob, re, sys, time

def look():
    text = "".join(open(path).read() for path in sorted(glob.glob("**/*.py", recursive=True)))
    return [f'note: Revealed type is "Literal[{number}]?"' for number in re.findall(r"reveal_type.(\d+)", text)]

if "--watch" not in sys.argv:
    sys.exit(print("--watch"))
old = look()
print("a.py:1: error: wrong", *old, sep="\n")
while True:
    print("Found 1 error in 1 file (checked 1 source file)", flush=True)
    while len(now := look()) != len(old) or now == old:
        time.sleep(0.02)
    print(*["- " + line for line in old], *["+ " + line for line in now], sep="\n")
    old = now
"""


class Whole(unittest.TestCase):
    """bench/run.py with programs that answer at once."""

    # what any of them says: an error, and the number of each edit
    CHECK = ("echo 'a.py:1: error: wrong'; grep -rho 'reveal_type(.*)' . | tr -dc '0-9\\n' | "
             "sed 's/.*/note: Revealed type is \"Literal[&]?\"/'; exit 1")
    STATS = {"units_run": 1, "bodies_run": 1, "units_hit": {"manifest": 3}, "checker_processes": 1}

    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = scratch.name
        make_tree(os.path.join(self.scratch, "trees"))
        self.temporary = os.path.join(self.scratch, "temporary")
        os.mkdir(self.temporary)
        self.json = os.path.join(self.scratch, "result.json")
        self.program("python", self.CHECK)
        self.program("sepal", f"""
            while [ $# -gt 0 ]; do
                [ "$1" = --stats-json ] && echo '{json.dumps(self.STATS)}' > "$2"
                shift
            done
            {self.CHECK}""")

    def program(self, name: str, body: str) -> None:
        path = os.path.join(self.scratch, name)
        with open(path, "w") as file:
            file.write("#!/bin/sh\n" + textwrap.dedent(body) + "\n")
        os.chmod(path, 0o755)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        env = dict(os.environ, SEPAL=os.path.join(self.scratch, "sepal"), TMPDIR=self.temporary,
                   SEPAL_PYTHON=os.path.join(self.scratch, "python"), SEPAL_BENCH_PYTHON=sys.executable,
                   SEPAL_TREES=os.path.join(self.scratch, "trees"))
        return subprocess.Popen([sys.executable, os.path.join(BENCH, "run.py"), "--json", self.json, *arguments],
                                env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                preexec_fn=hear_interrupts)

    def test_a_run_writes_every_single_time_and_leaves_nothing_behind(self) -> None:
        process = self.start("--rows", "no-op,leaf,watch", "--trees", "fastapi", "--runs", "2")
        output = process.communicate()[0]
        self.assertEqual(process.returncode, 0, output)
        with open(self.json) as file:
            answer = json.load(file)
        self.assertEqual([row["row"] for row in answer["rows"]], ["no-op", "leaf", "watch"])
        self.assertEqual(answer["trees"], {"fastapi": trees.SUBJECTS["fastapi"].version})
        for row in answer["rows"][:2]:
            self.assertEqual([len(row["runs"][name]["seconds"]) for name in ("mypy", "sepal")], [2, 2])
            self.assertIs(row["same_lines"], True)
        self.assertEqual(answer["rows"][1]["runs"]["sepal"]["stats"], [self.STATS, self.STATS])
        self.assertIn("1 units and 1 bodies ran, 3 hits, 1 checker processes", output)
        self.assertIn("no option --watch", answer["rows"][2]["skipped"])
        self.assertEqual(os.listdir(self.temporary), [])

    def test_a_watch_is_timed_until_its_closing_line_and_its_changes_are_applied(self) -> None:
        script = os.path.join(self.scratch, "watch.py")
        with open(script, "w") as file:
            file.write(WATCHING)
        self.program("sepal", f"exec {sys.executable} {script} \"$@\"")
        process = self.start("--rows", "watch", "--trees", "fastapi", "--runs", "1")
        output = process.communicate()[0]
        self.assertEqual(process.returncode, 0, output)
        with open(self.json) as file:
            (row,) = json.load(file)["rows"]
        self.assertEqual((row["ours"], row["rival"], row["same_lines"]), ("sepal --watch", "dmypy", True))

    def test_a_watch_that_fails_is_not_waited_for(self) -> None:
        self.program("sepal", 'case "$*" in *--help*) echo --watch;; *--watch*) echo "sepal: no disk" >&2; '
                              "sleep 60;; esac")
        process = self.start("--rows", "watch", "--trees", "fastapi", "--runs", "1")
        output = process.communicate()[0]
        self.assertEqual(process.returncode, 3, output)
        self.assertIn("sepal: no disk", output)

    def test_the_exit_status_tells_of_other_lines(self) -> None:
        self.program("python", "echo 'a.py:1: error: something else'; exit 1")
        process = self.start("--rows", "no-op", "--trees", "fastapi", "--runs", "1")
        output = process.communicate()[0]
        self.assertEqual(process.returncode, 1, output)
        self.assertIn("DIFFERENT LINES", output)

    def test_a_side_that_fails_ends_the_bench_with_its_words(self) -> None:
        self.program("sepal", "echo the disk is full >&2; exit 3")
        process = self.start("--rows", "no-op", "--trees", "fastapi", "--runs", "1")
        output = process.communicate()[0]
        self.assertEqual(process.returncode, 3, output)
        self.assertIn("the disk is full", output)
        self.assertEqual(os.listdir(self.temporary), [])

    def test_an_interrupt_ends_what_runs_and_leaves_nothing_behind(self) -> None:
        told = os.path.join(self.scratch, "pid")
        self.program("sepal", f"[ \"$1\" = check ] || exit 0\nsleep 600 & echo $! > {told}.new\n"
                              f"mv {told}.new {told}\nwait")
        process = self.start("--rows", "no-op", "--trees", "fastapi", "--runs", "1")
        while not os.path.exists(told) and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        output = process.communicate()[0]
        self.assertEqual(process.returncode, 130, output)
        self.assertEqual(os.listdir(self.temporary), [])
        with open(told) as file:
            pid = int(file.read())
        deadline = time.monotonic() + 10  # it has been killed; that it is gone takes a moment
        while pid in measure.processes() and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertNotIn(pid, measure.processes())


if __name__ == "__main__":
    unittest.main()
