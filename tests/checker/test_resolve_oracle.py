"""source/resolve.h against mypy's FindModuleCache: the same answers to the same questions in the same order, on trees
written here, on random trees, and on the environment that mypy is installed in."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import unittest
from typing import Any

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from native import ROOT, ask_tool  # noqa: E402

RANDOM_TREES = int(os.environ.get("SEPAL_RANDOM_TREES", "300"))
SEED = int(os.environ.get("SEPAL_SEED", "1"))


def ask_mypy(what: str, question: Any = None) -> Any:
    python = os.environ.get("SEPAL_PYTHON")
    if not python:
        raise AssertionError("Set SEPAL_PYTHON to the interpreter that mypy is installed for.")
    program = os.path.join(ROOT, "tests", "lib", "resolve_mypy.py")
    done = subprocess.run([python, program, what], input=json.dumps(question), stdout=subprocess.PIPE, text=True,
                          check=True)
    return json.loads(done.stdout)


def write(root: str, files: str) -> None:
    """One file a line: PATH, PATH = one line of content, PATH -> target of a link, PATH/ for a directory."""
    for line in files.split("\n"):
        if not line.strip():
            continue
        path, link, target = line.strip().partition(" -> ")
        path, _, content = path.partition(" = ")
        full = os.path.join(root, path)
        os.makedirs(full if path.endswith("/") else os.path.dirname(full), exist_ok=True)
        if link:
            os.symlink(target, full)
        elif not path.endswith("/"):
            with open(full, "w") as file:
                file.write(content + "\n" if content else "")


class ResolveOracle(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls) -> None:
        cls.tables = ask_mypy("tables")

    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = os.path.realpath(scratch.name)

    def config(self, names: list[str], **changes: Any) -> dict[str, Any]:
        config = {"python_path": [], "mypy_path": [], "package_path": [], "cwd": self.root, "python_version": [3, 12],
                  "namespace_packages": True, "names": names, **self.tables}
        for name, value in changes.items():
            paths = name.endswith("_path")
            config[name] = [os.path.join(self.root, path) for path in value] if paths else value
        return config

    def compare(self, *configs: dict[str, Any]) -> list[list[Any]]:
        last = []
        for config, expected in zip(configs, ask_mypy("answers", configs)):
            last = ask_tool("resolve_dump", config)["answers"]
            for name, ours, theirs in zip(config["names"], last, expected):
                self.assertEqual(ours[:2], theirs, f"{name} in {json.dumps(config)}")
        return last

    def check(self, files: str, names: str, **changes: Any) -> list[Any]:
        """All answers as mypy's; returns them without the directory of the test."""
        write(self.root, files)
        answers = self.compare(self.config(names.split(), **changes))
        return [path and os.path.relpath(path, self.root) if status == "found" else status
                for status, path, _, _ in answers]

    def test_a_package_comes_before_a_module_and_a_stub_before_a_source(self) -> None:
        found = self.check("s/a/__init__.py\ns/a.py\ns/b.py\ns/b.pyi\ns/c/__init__.pyi\ns/c/__init__.py", "a b c",
                           python_path=["s"])
        self.assertEqual(found, ["s/a/__init__.py", "s/b.pyi", "s/c/__init__.pyi"])

    def test_mypypath_comes_before_source_roots(self) -> None:
        self.assertEqual(self.check("s/a.py\nm/a.py", "a", python_path=["s"], mypy_path=["m"]), ["m/a.py"])

    def test_a_namespace_package_spans_two_roots(self) -> None:
        found = self.check("s/n/a.py\nt/n/b/__init__.py\nt/n/b/c.py", "n n.a n.b n.b.c n.d", python_path=["s", "t"])
        self.assertEqual(found, ["s/n", "s/n/a.py", "t/n/b/__init__.py", "t/n/b/c.py", "not-found"])

    def test_without_namespace_packages_an_init_is_needed(self) -> None:
        found = self.check("s/n/a.py\ns/p/__init__.py\ns/p/a.py", "n n.a p.a", python_path=["s"],
                           namespace_packages=False)
        self.assertEqual(found, ["not-found", "not-found", "s/p/a.py"])

    def test_the_root_with_the_highest_init_wins_among_incomplete_packages(self) -> None:
        found = self.check("s/n/m/a.py\nt/n/__init__.py\nt/n/m/a.py\nu/n/m/__init__.py\nu/n/m/a.py", "n.m.a",
                           python_path=["s", "t", "u"])
        self.assertEqual(found, ["t/n/m/a.py"])

    def test_a_first_party_module_shadows_the_standard_library(self) -> None:
        found = self.check("s/json.py\nsite/dataclasses.py", "json dataclasses", python_path=["s"],
                           package_path=["site"])
        self.assertEqual(found[0], "s/json.py")
        self.assertIn("typeshed/stdlib/dataclasses.pyi", found[1])

    def test_versions_decide_what_typeshed_has(self) -> None:
        names = "asyncio.taskgroups asynchat distutils distutils.core tomllib os os.path _nothing"
        for version in ([3, 9], [3, 10], [3, 11], [3, 12], [3, 14]):
            self.check("", names, python_version=version)

    def test_packages_need_a_marker(self) -> None:
        found = self.check("site/t/__init__.py\nsite/t/py.typed\nsite/t/x/y.py\n"
                           "site/u/__init__.py\nsite/u/v.py\nsite/w.py",
                           "t t.x t.x.y u u.v u.nothing w", package_path=["site"])
        self.assertEqual(found, ["site/t/__init__.py", "site/t/x", "site/t/x/y.py"] + ["untyped"] * 4)

    def test_untyped_packages_can_be_followed(self) -> None:
        found = self.check("site/u/__init__.py\nsite/u/v.py\nsite/w.py", "u u.v w", package_path=["site"],
                           follow_untyped=["u.v", "w"])
        self.assertEqual(found, ["untyped", "site/u/v.py", "site/w.py"])

    def test_stub_packages_come_first_and_partial_ones_are_completed(self) -> None:
        found = self.check("""site/a/__init__.py
            site/a/py.typed
            site/a/b.py
            site/a/c.py
            site/a-stubs/__init__.pyi
            site/a-stubs/b.pyi
            site/p/__init__.py
            site/p/py.typed
            site/p/c.py
            site/p-stubs/py.typed = partial
            site/p-stubs/b.pyi
            site/q/c.py
            site/q-stubs/py.typed =   partial
            site/q-stubs/sub/b.pyi
            site/r/c.py
            site/r-stubs/py.typed = not partial
            site/r-stubs/b.pyi""",
                           "a a.b a.c p p.b p.c q q.c q.sub q.sub.b r r.b r.c", package_path=["site"])
        self.assertEqual(found[:6], ["site/a-stubs/__init__.pyi", "site/a-stubs/b.pyi", "site/a/c.py",
                                     "site/p/__init__.py", "site/p-stubs/b.pyi", "site/p/c.py"])

    def test_stub_packages_lie_in_any_root(self) -> None:
        self.check("one/a/__init__.py\none/a/py.typed\ntwo/a-stubs/__init__.pyi\ns/b-stubs/__init__.pyi\n"
                   "s/c-stubs/__init__.pyi\ns/c/d.py\none/n-stubs/m/x.pyi",
                   "a a.b b c c.d n n.m n.m.x", package_path=["one", "two"], python_path=["s"])

    def test_a_typed_part_of_a_namespace_makes_its_parents_packages(self) -> None:
        tree = "site/google/cloud/storage/__init__.py\nsite/google/cloud/storage/py.typed\nsite/google/auth/__init__.py"
        before = self.check(tree, "google google.cloud google.cloud.storage google google.cloud google.auth",
                            package_path=["site"])
        self.assertEqual(before, ["untyped", "untyped", "site/google/cloud/storage/__init__.py", "site/google",
                                  "site/google/cloud", "untyped"])

    def test_missing_stubs_are_known_by_name(self) -> None:
        found = self.check("site/requests/__init__.py",
                           "yaml yaml.nodes requests requests.sessions google google.protobuf google.protobuf.x.y",
                           package_path=["site"])
        self.assertEqual(found, ["stubs-not-installed"] * 4 + ["not-found"] + ["stubs-not-installed"] * 2)

    def test_a_missing_part_of_installed_stubs_is_just_missing(self) -> None:
        found = self.check("site/yaml-stubs/__init__.pyi", "yaml yaml.nodes yaml.nodes.x", package_path=["site"])
        self.assertEqual(found, ["site/yaml-stubs/__init__.pyi", "not-found", "not-found"])

    def test_a_module_above_the_working_directory_is_noticed(self) -> None:
        tree = "top/pkg/__init__.py\ntop/pkg/sub/__init__.py\ntop/pkg/sub/m.py\ntop/other/x.py"
        found = self.check(tree, "pkg.sub.m pkg other nothing sub m ~other.x other.x",
                           cwd=os.path.join(self.root, "top/pkg/sub"), python_path=["top/pkg/sub"])
        self.assertEqual(found, ["wrong-directory"] * 3 + ["not-found", "wrong-directory", "top/pkg/sub/m.py",
                                                           "not-found", "not-found"])

    def test_links_are_followed_and_broken_ones_are_not(self) -> None:
        self.check("real/p/__init__.py\nreal/p/m.py\ns/ -> \ns/p -> ../real/p\ns/q.py -> nowhere\ns/r -> nowhere\n"
                   "s/t.py -> t.py\ns/u -> ../real/p/m.py".replace("s/ -> \n", "s/\n"),
                   "p p.m q r r.x t u", python_path=["s"])

    def test_what_links_point_at_is_consulted(self) -> None:
        write(self.root, "real/p/__init__.py\nreal/a.py\nchain/b -> ../real/a.py\n"
                         "s/a.py -> ../chain/b\ns/p -> ../real/p")
        config = self.config(["a", "p"], python_path=["s"])
        for gone in ("real/p/__init__.py", "real/a.py", "chain/b"):
            before = ask_tool("resolve_dump", config)
            stamps = stamps_of(before)
            os.unlink(os.path.join(self.root, gone))
            self.assertNotEqual(stamps, stamps_of(before), gone)

    def test_directories_named_like_files_are_not_modules(self) -> None:
        self.check("s/a.py/\ns/b/__init__.py/\ns/b/c.pyi/\ns/b/c.py", "a b b.c", python_path=["s"])

    def test_malformed_names_are_not_found(self) -> None:
        write(self.root, "s/a.py")
        names = ["a/b", ".a", "a.", "a..b", "", "x" * 1001, ".".join("x" * 500)]
        answers = ask_tool("resolve_dump", self.config(names, python_path=["s"]))["answers"]
        self.assertEqual([status for status, *_ in answers], ["not-found"] * len(names))

    def test_canonical_paths_tell_roots_apart(self) -> None:
        write(self.root, "s/n/a.py\ns/p/__init__.pyi\nsite/t-stubs/__init__.pyi\nsite/t-stubs/u.pyi\n"
                         "site/w/py.typed\nsite/w/__init__.py")
        answers = self.compare(self.config("n n.a p t t.u w os _nothing sys".split(), python_path=["s"],
                                           package_path=["site"]))
        packages = "/proc/self/cwd/p/lib/python3/site-packages/"
        self.assertEqual([canonical for _, _, canonical, _ in answers], [
            "/proc/self/cwd/s/n", "/proc/self/cwd/s/n/a.py", "/proc/self/cwd/s/p/__init__.pyi",
            packages + "t/__init__.pyi", packages + "t/u.pyi", packages + "w/__init__.py",
            "/proc/self/cwd/ts/stdlib/os/__init__.pyi", None, "/proc/self/cwd/ts/stdlib/sys/__init__.pyi"])

    def test_every_name_of_the_environment(self) -> None:
        environment = ask_mypy("names")
        names = environment["names"]
        self.assertGreater(len(names), 1000)
        shuffled = names[:]
        random.Random(SEED).shuffle(shuffled)
        config = {**self.config(names), "package_path": environment["package_path"]}
        self.compare(config, {**config, "names": shuffled, "python_version": [3, 14]})

    def test_random_trees(self) -> None:
        """Small alphabets make collisions likely: the same name as package, module, stub and link in several roots."""
        configs = []
        for number in range(RANDOM_TREES):
            rng = random.Random(SEED * 1_000_003 + number)
            configs.append(random_config(rng, os.path.join(self.root, str(number)), self.tables))
        self.compare(*configs)

    def test_no_answer_changes_while_the_consulted_directories_do_not(self) -> None:
        unnoticed = changed = 0
        for number in range(RANDOM_TREES // 2):
            rng = random.Random(SEED * 2_000_003 + number)
            base = os.path.join(self.root, str(number))
            config = random_config(rng, base, self.tables)
            before = ask_tool("resolve_dump", config)
            stamps = stamps_of(before)
            mutate(rng, base)
            after = ask_tool("resolve_dump", config)
            if before["answers"] != after["answers"]:
                changed += 1
                self.assertNotEqual(stamps, stamps_of(before), f"tree {number}, seed {SEED}: {json.dumps(config)}")
            unnoticed += stamps == stamps_of(before)
        self.assertGreater(changed, RANDOM_TREES // 60, "the mutations of this test change no answers")
        self.assertGreater(unnoticed, 0, "every directory is consulted")


PARTS = ["a", "b", "c", "yaml"]


def random_name(rng: random.Random) -> str:
    return ".".join(rng.choice(PARTS) for _ in range(rng.choice([1, 1, 2, 2, 2, 3, 3, 4])))


def random_file(rng: random.Random, stubs: bool) -> str:
    parts = random_name(rng).split(".")
    if stubs and rng.random() < 0.4:
        parts[0] += "-stubs"
    if rng.random() < 0.05:
        parts[-1] += "-stubs"
    path = "/".join(parts)
    return path + rng.choice(["/__init__.py", "/__init__.pyi", ".py", ".pyi", "/py.typed", "/py.typed = partial", "/",
                              "/__init__.py", ".py", "/py.typed"])


def random_link(rng: random.Random, roots: list[str]) -> str:
    target = rng.choice(["nowhere", *(f"{rng.choice(roots)}/{random_name(rng).replace('.', '/')}" for _ in range(3))])
    return f"{random_name(rng).replace('.', '/')}{rng.choice(['', '', '.py', '-stubs'])} -> {target}"


def try_write(root: str, line: str) -> None:
    try:
        write(root, line)
    except OSError:
        pass  # a file where this wants a directory, or the other way round


def random_config(rng: random.Random, base: str, tables: dict[str, Any]) -> dict[str, Any]:
    roots = [os.path.join(base, name) for name in ("s", "t", "m", "site", "dist", "ts/stdlib", "s/a")]
    for root in roots:
        os.makedirs(root)
    for root in roots:
        for _ in range(rng.randrange(14)):
            try_write(root, random_file(rng, root.endswith(("site", "dist")) or rng.random() < 0.1))
        if rng.random() < 0.3:
            try_write(root, random_link(rng, roots))
    if rng.random() < 0.3:
        try_write(base, rng.choice(["s/__init__.py", "s/a/__init__.py\ns/__init__.py", "s/a/__init__.pyi"]))
    with open(os.path.join(base, "ts/stdlib/VERSIONS"), "w") as file:
        file.write("# made up\na: 3.0-\na.b: 3.9-3.11  # gone\nc: 3.13-\n\n")
    s, t, m, site, dist, stdlib, nested = roots
    names = [("~" if rng.random() < 0.2 else "") + random_name(rng) for _ in range(60)]
    return {"python_path": rng.choice([[s, t], [s], [nested, s], [s, nested, os.path.join(base, "absent")]]),
            "mypy_path": rng.choice([[], [m]]), "package_path": rng.choice([[site], [site, dist], [dist, site]]),
            "typeshed_path": [stdlib], "typeshed": os.path.join(base, "ts"), "cwd": rng.choice([s, nested, base]),
            "python_version": rng.choice([[3, 10], [3, 12], [3, 13]]), "namespace_packages": rng.random() < 0.8,
            "follow_untyped": [random_name(rng) for _ in range(rng.randrange(4))], "names": names,
            "stub_distributions": tables["stub_distributions"]}


def stamps_of(answer: dict[str, Any]) -> list[Any]:
    stamps = []
    for path in answer["directories"] + answer["files"]:
        try:
            found = os.stat(path)
            stamps.append((path, found.st_ino, found.st_mtime_ns, found.st_size))
        except OSError:
            stamps.append((path, None))
    return stamps


def mutate(rng: random.Random, base: str) -> None:
    """One change somewhere: a new file, or one that goes."""
    places = [(directory, name) for directory, below, files in os.walk(base) for name in files + below
              if name != "VERSIONS"]
    directory, name = rng.choice(sorted(places))
    path = os.path.join(directory, name)
    if rng.random() < 0.5 and not os.path.isdir(path):
        os.unlink(path)
    else:
        try_write(directory if rng.random() < 0.5 or not os.path.isdir(path) else path, random_file(rng, True))


if __name__ == "__main__":
    unittest.main()
