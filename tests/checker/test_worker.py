"""The worker against the real checker: what it says is what a cold whole run says, whatever ran before it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))

from worker_client import Whole, Worker, ask_mypy, cold_lines, cut, environment, python  # noqa: E402

PROGRAM = {
    "shop/__init__.py": "from shop.cart import Cart as Cart\n",
    "shop/cart.py": """\
        import random
        from typing import TYPE_CHECKING
        from shop import prices
        from shop.stubbed import rate
        if TYPE_CHECKING:
            from shop.customer import Customer

        class Cart:
            def __init__(self, owner: "Customer") -> None:
                self.owner = owner
                self.items: list[str] = []

            def total(self) -> int:
                return sum(prices.price(item) for item in self.items) * rate()

            def broken(self) -> str:
                return random.choice(self.items) + 1
        """,
    "shop/customer.py": """\
        from __future__ import annotations
        from shop import cart

        class Customer:
            name: str
            def carts(self) -> list[cart.Cart]:
                return [self.name]
            def loose(self):
                return cart.Cart(self).total()

        reveal_type(Customer().loose())
        reveal_type(Customer().carts())
        """,
    "shop/prices.py": """\
        # mypy: disallow-untyped-defs
        import json
        import nowhere.at.all
        import yaml
        from shop import nothing
        from shop.quiet import told
        import nowhere  # type: ignore[import-not-found]

        def price(item: str) -> int:
            return len(item)  # type: ignore

        def untyped(x):
            return json.loads(x).missing + told

        if False:
            import never
        """,
    "shop/quiet.py": "told: int = 'a string'\n",
    "shop/stubbed.py": "def rate(): return 'the stub decides'\n",
    "shop/stubbed.pyi": "def rate() -> float: ...\n",
    "shop/space/inner.py": """\
        from typing import Generic, TypeVar
        T = TypeVar("T")
        class Box(Generic[T]):
            def __init__(self, value: T) -> None:
                self.value = value
            @classmethod
            def make(cls, value: T) -> "Box[T]":
                return cls(value)
        make_int = Box[int].make
        """,
    "main.py": """\
        from shop.space.inner import Box, make_int
        from shop.space import inner
        from shop import Cart, customer
        import left.out
        import dropped

        def run() -> None:
            box: Box[str] = make_int(3)
            inner.Box(1).value.append(2)
            Cart(customer.Customer()).total() + "x"
            dropped.anything()

        def two_results(flag: bool):
            if flag:
                later = 1
            return later
        """,
    "left/__init__.py": "",
    "left/out.py": "x: int = ''\n",
    "dropped.py": "y: int = ''\n",
    "mypy.ini": """\
        [mypy]
        warn_unused_ignores = True
        enable_error_code = possibly-undefined, ignore-without-code
        [mypy-shop.quiet]
        ignore_errors = True
        [mypy-left.*]
        follow_imports = error
        [mypy-dropped]
        follow_imports = skip
        """,
}
ARGV = ["main.py", "shop"]


def write_tree(root: str, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        lines = text.splitlines(keepends=True)
        indent = len(lines[0]) - len(lines[0].lstrip()) if lines else 0
        with open(path, "w", encoding="utf-8") as file:
            file.write("".join(line[indent:] if line.strip() else line for line in lines))


class Case(unittest.TestCase):
    def setUp(self) -> None:
        self.root = tempfile.mkdtemp(prefix="sepal-worker-")
        self.addCleanup(shutil.rmtree, self.root, ignore_errors=True)
        self.tree = os.path.join(self.root, "tree")
        os.mkdir(self.tree)
        self.worker = Worker()
        self.addCleanup(self.worker.__exit__)

    def plan(self, files: dict[str, str], argv: list[str]) -> dict:
        write_tree(self.tree, files)
        return ask_mypy("plan", argv, cwd=self.tree)

    def whole(self, plan: dict, name: str = "out", worker: Worker | None = None, **more: object) -> Whole:
        whole = Whole(worker or self.worker, plan, os.path.join(self.root, name), **more)
        self.assertEqual(whole.ready, {"event": "ready"})
        return whole

    def assert_same_lines_as_cold_mypy(self, whole: Whole, argv: list[str]) -> None:
        cold = cold_lines(self.tree, argv, os.path.join(self.root, "cache"))
        mine = whole.lines()
        self.assertEqual((sorted((cold - mine).elements()), sorted((mine - cold).elements())), ([], []))
        self.assertTrue(cold, "the program has errors on purpose")

    def unit_of(self, plan: dict, module: str) -> int:
        return next(number for number, unit in enumerate(plan["units"]) for member in unit if member["id"] == module)


class WorkerOnAWholeProgram(Case):
    def test_reports_what_a_cold_run_reports(self) -> None:
        whole = self.whole(self.plan(PROGRAM, ARGV))
        whole.run_all()
        self.assertEqual(whole.other, [])
        self.assert_same_lines_as_cold_mypy(whole, ARGV)

    def test_reports_the_same_without_local_partial_types(self) -> None:
        argv = ["--no-local-partial-types", *ARGV]
        whole = self.whole(self.plan(PROGRAM, argv))
        whole.run_all()
        self.assertEqual(whole.other, [])
        self.assert_same_lines_as_cold_mypy(whole, argv)

    def test_writes_the_same_bytes_in_batches_and_with_hot_modules(self) -> None:
        plan = self.plan(PROGRAM, ARGV)
        single = self.whole(plan, "single")
        single.run_all()
        with Worker() as second:
            batched = self.whole(plan, "batched", second, hot={"builtins", "typing", "shop.prices", "json"})
            for numbers in ready_batches(plan):
                batched.run(numbers)
        self.assertEqual(batched.other, [])
        self.assertEqual(differing(single.data, batched.data), [])
        self.assertEqual(differing(read_all(single.reports), read_all(batched.reports)), [])
        self.assertEqual(differing(read_all(single.metas), read_all(batched.metas)), [])

    def test_writes_the_bytes_of_a_hermetic_process(self) -> None:
        plan = self.plan(PROGRAM, ARGV)
        whole = self.whole(plan)
        whole.run_all()
        stage = os.path.join(self.root, "stage")
        os.mkdir(stage)
        os.symlink(self.tree, os.path.join(stage, "s"))
        os.symlink(plan["typeshed"], os.path.join(stage, "ts"))
        command = [python(), "-m", "mypy", "--bazel", "--no-sqlite-cache", "--explicit-package-bases", "--config-file",
                   "s/mypy.ini", "--custom-typeshed-dir", "/proc/self/cwd/ts", "-n0", "-m", "main", "-p", "shop"]
        env = {**environment(), "MYPYPATH": "/proc/self/cwd/s"}
        # The second run has every dependency from its artifact, which is how a unit is checked by itself.
        for name in ("", "main", "shop.customer", "shop.space", "shop.space.inner", "random"):
            for suffix in ("data", "meta", "meta_ex") if name else ():
                os.remove(artifact(stage, name, suffix))
            subprocess.run(command, cwd=stage, env=env, stdout=subprocess.DEVNULL, check=False)
            if name:
                with open(artifact(stage, name, "data"), "rb") as file:
                    self.assertTrue(file.read() == whole.data[name], f"the interface of {name} differs")
                mine, theirs = ask_mypy("metas", lines=[whole.metas[name], artifact(stage, name, "meta")])
                self.assertEqual(mine, theirs)


def artifact(stage: str, module: str, suffix: str) -> str:
    base = os.path.join(stage, *module.split("."))
    package = os.path.join(base, f"__init__.{suffix}.ff")
    return package if os.path.exists(package) else f"{base}.{suffix}.ff"


def ready_batches(plan: dict) -> list[list[int]]:
    """Units level by level: those of one level do not depend on each other."""
    levels: dict[str, int] = {}
    batches: dict[int, list[int]] = {}
    for number, unit in enumerate(plan["units"]):
        members = {member["id"] for member in unit}
        level = 1 + max((levels[dep] for member in unit for dep in member["deps"] if dep not in members), default=-1)
        levels.update((name, level) for name in members)
        batches.setdefault(level, []).append(number)
    return [batches[level] for level in sorted(batches)]


def differing(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def read_all(paths: dict[str, str]) -> dict[str, bytes]:
    contents = {}
    for name, path in paths.items():
        with open(path, "rb") as file:
            contents[name] = file.read()
    return contents


class WorkerThatExpects(Case):
    """The sources are parsed by another process, and nothing else is any different."""

    def test_builds_the_same_from_what_was_parsed_ahead(self) -> None:
        plan = self.plan({**PROGRAM, "ring_a.py": "import ring_b\nx: int = ring_b.y\n", "wrong.py": "",
                          "ring_b.py": "import ring_a\ny = ring_a.x\n"}, [*ARGV, "ring_a.py", "wrong.py"])
        write_tree(self.tree, {"wrong.py": "def f(:\n"})
        plain = self.whole(plan, "plain")
        plain.run_all()
        with Worker() as second:
            expecting = self.whole(plan, "expecting", second, trace=True)
            members = [member for number in range(len(plan["units"]))
                       for member in expecting.request(number)["members"]]
            second.send(op="expect", members=[member for member in members if member["digest"]])
            wait_for_helper(second.process.pid)
            expecting.run_all()
        frames = [frame for frame in expecting.other if frame["event"] == "trace"]
        done = {(name, detail) for frame in frames for name, detail, *_ in frame["phases"]}
        self.assertLess({("build trees", "builtins"), ("build trees", "main"), ("build trees", "ring_a")}, done)
        self.assertIn(("parse", "wrong"), done)
        self.assertIn(("parse", "shop"), done, "a member of the cycle has options in its source")
        self.assertEqual([frame for frame in expecting.other if frame not in frames], plain.other)
        self.assertEqual(differing(plain.data, expecting.data), [])
        self.assertEqual(differing(read_all(plain.reports), read_all(expecting.reports)), [])
        self.assertEqual(differing(read_all(plain.metas), read_all(expecting.metas)), [])

    def test_notices_a_source_that_changed_after_it_was_parsed(self) -> None:
        plan = self.plan({"main.py": "x = 1\n"}, ["main.py"])
        whole = self.whole(plan)
        request = whole.request(self.unit_of(plan, "main"))
        self.worker.send(op="expect", members=request["members"])
        wait_for_helper(self.worker.process.pid)
        write_tree(self.tree, {"main.py": "x = 2\n"})
        self.worker.send(op="run", batch=1, units=[request])
        self.assertEqual([answer.get("kind") for answer in self.worker.until_end()], ["changed-source", None])


def wait_for_helper(worker: int) -> None:
    """Until a child of the worker has come to its end and waits to be reaped."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with open(f"/proc/{worker}/task/{worker}/children", encoding="ascii") as file:
            children = file.read().split()
        for child in children:
            with open(f"/proc/{child}/stat", encoding="ascii") as file:
                if file.read().rpartition(")")[2].split()[0] == "Z":
                    return
        time.sleep(0.01)
    raise AssertionError("the process that parses ahead did not come to its end")


class WorkerOnPartsOfAUnit(Case):
    def big_cycle(self, count: int) -> dict[str, str]:
        files = {f"m{k}.py": f"from m{(k + 1) % count} import f{(k + 1) % count}\n"
                             f"def f{k}(x: int) -> int:\n    return f{(k + 1) % count}('{k}')\n" for k in range(count)}
        return {**files, "main.py": "import m0\n"}

    def test_splits_the_bodies_of_a_large_cycle_over_the_lanes(self) -> None:
        plan = self.plan(self.big_cycle(70), ["main.py"])
        split = self.whole(plan, "split")
        split.run_all()
        with Worker() as second:
            whole = self.whole(plan, "whole", second, lanes=1)
            whole.run_all()
        self.assertEqual(differing(read_all(split.reports), read_all(whole.reports)), [])
        self.assert_same_lines_as_cold_mypy(split, ["main.py"])

    def test_leaves_out_the_reports_that_stand(self) -> None:
        plan = self.plan(self.big_cycle(4), ["main.py"])
        whole = self.whole(plan)
        whole.run_all()
        everything = read_all(whole.reports)
        before = {name: {"said": whole.said[name], "uses": [name]} for name in ("m0", "m1", "m3")}
        before["m1"]["said"] = "0" * 64  # the interface step had something else to say
        before["m3"]["uses"] = ["m0", "m2", "m3"]
        interfaces = {name: whole.interfaces[name]["interface"] for name in ("m0", "m1", "m3")}
        interfaces["m2"] = "0" * 40  # and m2 another interface
        whole.reports.clear()
        whole.run([self.unit_of(plan, "m2")], kept={"interfaces": interfaces, "members": before})
        self.assertEqual(read_all(whole.reports), {name: everything[name] for name in ("m1", "m2", "m3")})


class WorkerAndHistory(Case):
    def test_type_variables_are_numbered_from_one_in_every_unit(self) -> None:
        plan = self.plan({"main.py": "import random, multiprocessing, asyncio\n"}, ["main.py"])
        alone = self.whole(plan, "alone")
        alone.run_all()
        with Worker() as second:
            crowded = self.whole(plan, "crowded", second)
            for numbers in ready_batches(plan):
                crowded.run(numbers[::-1])
        for name in ("random", "multiprocessing"):
            self.assertIn(name, crowded.data)
        self.assertEqual(differing(alone.data, crowded.data), [])


PLUGIN = """\
    import os, signal
    from mypy.plugin import Plugin

    class Odd(Plugin):
        def get_additional_deps(self, file):
            if file.fullname == "boom":
                os.kill(os.getpid(), signal.SIGSEGV)
            if file.fullname == "thrown":
                raise RuntimeError("the plugin gave up")
            return [(10, "hidden", -1)] if file.fullname == "seeker" else []

        def get_function_hook(self, fullname):
            if fullname == "lib.number":
                return lambda ctx: ctx.api.named_generic_type("builtins.str", [])

        def __init__(self, options):
            super().__init__(options)
            self.text = open(options.config_file).read() if options.config_file else None

        def report_config_data(self, ctx):
            return {"text": self.text} if ctx.id == "lib" else None

    def plugin(version):
        return Odd
    """
ODD = {"odd.py": PLUGIN, "mypy.ini": "[mypy]\nplugins = odd.py\n", "lib.py": "def number() -> int: return 3\n",
       "user.py": "from lib import number\nx: int = number()\n"}


class WorkerWithAPlugin(Case):
    def test_runs_the_hooks_of_a_plugin(self) -> None:
        whole = self.whole(self.plan(ODD, ["user.py"]))
        whole.run_all()
        self.assertEqual(whole.other, [])
        self.assert_same_lines_as_cold_mypy(whole, ["user.py"])

    def test_gives_the_plugin_its_part_of_the_configuration(self) -> None:
        plan = self.plan(ODD, ["user.py"])
        plan["plugin_config"] = {"format": "ini", "text": "[odd]\nkey = value\n"}
        whole = self.whole(plan)
        whole.run_all()
        lib, user = ask_mypy("metas", lines=[whole.metas["lib"], whole.metas["user"]])
        self.assertEqual((lib["plugin_data"], user["plugin_data"]), ([{"text": "[odd]\nkey = value\n"}, None], None))

    def test_names_a_dependency_that_only_the_plugin_knows_of(self) -> None:
        plan = self.plan({**ODD, "seeker.py": "x = 1\n", "hidden.py": "y = 2\n"}, ["seeker.py"])
        seeker = self.unit_of(plan, "seeker")
        member = plan["units"][seeker][0]
        del member["modules"]["hidden"]
        whole = self.whole(plan)
        whole.run_all()
        self.assertEqual(whole.other, [{"event": "discovered", "batch": seeker, "unit": seeker,
                                        "dependencies": {"seeker": ["hidden"]}}])
        member["extra_deps"] = ["hidden"]
        whole.run([seeker])
        self.assertIn("seeker", whole.reports)

    def crash(self, module: str) -> tuple[Whole, int]:
        # The plan is made without the plugin, which would end the planner as well.
        files = {**ODD, f"{module}.py": "x = 1\n", "other.py": "z: int = ''\n"}
        plan = self.plan({**files, "mypy.ini": "[mypy]\n"}, [f"{module}.py", "other.py", "user.py"])
        plan["plugins"] = [{"spec": "odd.py", "path": os.path.join(self.tree, "odd.py")}]
        whole = self.whole(plan)
        number = self.unit_of(plan, module)
        for other in range(len(plan["units"])):
            if other != number:
                whole.run([other])
        self.assertEqual(whole.other, [])
        return whole, number

    def test_survives_a_child_that_dies(self) -> None:
        whole, number = self.crash("boom")
        other = self.unit_of(whole.plan, "other")
        whole.run([number, other])
        self.assertEqual(whole.other, [])
        self.assertIn("SIGSEGV", whole.last_end["died"])
        whole.run([other])
        self.assertNotIn("died", whole.last_end)
        self.assertIn("other", whole.reports)

    def test_reports_an_exception_with_its_traceback_and_goes_on(self) -> None:
        whole, number = self.crash("thrown")
        other = self.unit_of(whole.plan, "other")
        del whole.reports["other"]
        whole.run([number, other])
        self.assertEqual([(answer["unit"], answer["kind"]) for answer in whole.other], [(number, "crash")])
        self.assertIn("RuntimeError: the plugin gave up", whole.other[0]["message"])
        self.assertIn("other", whole.reports)


class WorkerOnBadSources(Case):
    def blocked(self, content: bytes) -> dict:
        plan = self.plan({"main.py": "import bad\n", "bad.py": "x = 1\n"}, ["main.py"])
        with open(os.path.join(self.tree, "bad.py"), "wb") as file:
            file.write(content)
        whole = self.whole(plan)
        bad = self.unit_of(plan, "bad")
        for number in range(bad + 1):
            whole.run([number])
        self.assertEqual([answer["event"] for answer in whole.other], ["blocked"])
        self.assertEqual(whole.other[0]["unit"], bad)
        return whole.other[0]

    def test_blocks_on_a_syntax_error(self) -> None:
        answer = self.blocked(b"def f(:\n")
        self.assertEqual(answer["phase"], "parse")
        message = answer["messages"][0]
        self.assertEqual(message[:2], ["/proc/self/cwd/s/bad.py", 1])
        self.assertEqual((message[5], message[7]), ("error", "syntax"))

    def test_blocks_on_a_file_that_cannot_be_decoded(self) -> None:
        answer = self.blocked(b"x = '\xff\xfe'\n")
        self.assertEqual(answer["phase"], "parse")
        (message,) = answer["messages"]
        self.assertEqual(message[:2], ["/proc/self/cwd/s/bad.py", -1])
        self.assertTrue(message[6].startswith("Cannot decode file: "), message)

    def test_blocks_on_a_relative_import_without_a_parent(self) -> None:
        answer = self.blocked(b"from .. import x\n")
        self.assertEqual(answer["phase"], "parse")
        self.assertIn("No parent module", answer["messages"][0][6])

    def test_blocks_in_the_analysis(self) -> None:
        answer = self.blocked(b"def f():\n    yield 1\nclass A:\n    yield 2\n")
        self.assertEqual([answer["phase"], answer["messages"][0][0]], ["analysis", "/proc/self/cwd/s/bad.py"])

    def test_refuses_an_interface_that_is_not_what_was_announced(self) -> None:
        plan = self.plan({"main.py": "import lib\n", "lib.py": "x = 1\n"}, ["main.py"])
        whole = self.whole(plan)
        main = self.unit_of(plan, "main")
        for number in range(main):
            whole.run([number])
        with open(whole.interfaces["lib"]["blob"], "ab") as blob:
            blob.write(b"!")
        whole.run([main])
        self.assertEqual([(answer["event"], answer["kind"]) for answer in whole.other], [("failed", "bad-blob")])
        self.assertIn("lib", whole.other[0]["message"])


class WorkerAndItsPipes(Case):
    def test_leaves_with_a_sentence_when_a_frame_makes_no_sense(self) -> None:
        for payload in (b"\xff\xff\xff\xff", b"\x02\x00\x00\x00[]", b"\x0e\x00\x00\x00{\"op\":\"dance\"}",
                        b"\x0c\x00\x00\x00{\"op\":\"run\"}"):
            done = subprocess.run([python(), self.worker.process.args[1]], input=payload, capture_output=True)
            self.assertEqual((done.returncode, done.stdout), (3, b""))
            self.assertRegex(done.stderr.decode(), r"^sepal_mypy_worker: .+\.\n$")

    def test_takes_its_children_with_it(self) -> None:
        plan = self.plan({"main.py": "x = 1\n"}, ["main.py"])
        whole = self.whole(plan)
        whole.worker.send(op="run", batch=0, units=[whole.request(0)])
        self.worker.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.worker.process.wait(timeout=20), 0)
        # The children held the other end of stdout's pipe; it reports its end only when all are gone.
        self.worker.process.stdout.read()

    def describe_with_path(self, path: str) -> bytes:
        code = f"import sys; sys.path[:] = [{os.path.dirname(self.worker.process.args[1])!r}, {path!r}] + " \
               "[p for p in sys.path if 'site-packages' not in p]; " \
               "import sepal_mypy_worker; sys.exit(sepal_mypy_worker.main())"
        payload = b'{"op":"describe","cwd":"/","argv":[]}'
        done = subprocess.run([python(), "-S", "-c", code], input=len(payload).to_bytes(4, "little") + payload,
                              capture_output=True, cwd=self.root)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_drops_a_batch_that_is_cancelled(self) -> None:
        plan = self.plan({"main.py": "x = 1\n"}, ["main.py"])
        whole = self.whole(plan, lanes=1)
        self.worker.send(op="run", batch=7, units=[whole.request(0)])
        self.worker.send(op="run", batch=8, units=[whole.request(0)])
        self.worker.send(op="cancel", batch=7)
        self.worker.send(op="cancel", batch=8)
        ends = set()
        while len(ends) < 2:
            answer = self.worker.receive()
            self.assertIn(answer["event"], ("end", "interface", "report"))
            ends |= {answer["batch"]} if answer["event"] == "end" else set()
        self.assertEqual(ends, {7, 8})

    def test_refuses_a_second_interface_for_a_module_that_is_loaded(self) -> None:
        plan = self.plan({"main.py": "x = 1\n"}, ["main.py"])
        whole = self.whole(plan)
        whole.run([0])
        entries = list(whole.interfaces.values())
        self.worker.send(op="load", modules=[entries[0]["id"]])
        self.worker.send(op="modules", modules=[{**entries[0], "digest": "0" * 64}])
        self.assertEqual(self.worker.process.wait(timeout=20), 3)

    def test_a_generation_hands_over_what_it_has_not_obeyed(self) -> None:
        plan = self.plan({"main.py": "x = 1\n"}, ["main.py"])
        whole = self.whole(plan, generations=True)
        whole.run([0])
        bytes_before, entries = dict(whole.data), list(whole.interfaces.values())
        self.worker.send(op="load", modules=[entries[0]["id"]])
        number = next(iter(whole.options.values()))
        self.worker.send(op="run", batch=50, units=[whole.request(0)])
        for _ in range(3):  # all in one go: most of it is read by a generation that is not to obey it
            self.worker.send(op="reset")
            self.worker.send(op="modules", modules=[{**entries[0], "digest": "0" * 64}])
            self.worker.send(op="options", index=number, values=plan["units"][0][0]["options"])
        self.worker.send(op="run", batch=51, units=[whole.request(0)])
        ends = set()
        while len(ends) < 2:
            answer = self.worker.receive()
            self.assertIn(answer["event"], ("end", "interface", "report"), answer)
            if answer["event"] == "interface":
                for member in answer["members"]:
                    with open(answer["pack"], "rb") as pack:
                        data = cut(pack.read(), member["data"])
                    self.assertEqual(data, bytes_before[member["id"]])
            ends |= {answer["batch"]} if answer["event"] == "end" else set()
        self.assertEqual(ends, {50, 51})
        self.worker.send(op="quit")
        self.assertEqual(self.worker.process.wait(timeout=20), 0)

    def test_says_what_is_missing_without_mypy(self) -> None:
        self.assertIn(b'"missing":"mypy cannot be imported by', self.describe_with_path(self.tree))

    def test_says_that_it_does_not_know_a_mypy_of_another_age(self) -> None:
        write_tree(self.tree, {"mypy/__init__.py": "", "mypy/version.py": "__version__ = '1.18.2'\n"})
        self.assertIn(b"has mypy 1.18.2, which Sepal does not know", self.describe_with_path(self.tree))


if __name__ == "__main__":
    unittest.main()
