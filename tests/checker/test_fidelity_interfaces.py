"""What belongs to an interface: an edit of it reaches whoever used it, an edit of anything else reaches nobody.

Every step compares with a cold mypy and says which modules ran.
"""

from __future__ import annotations

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from testrepo import Repo, TestCase  # noqa: E402

SEEN, UNSEEN = True, False


class Values(TestCase):
    primed_by = "-- empty.py --\nimport dataclasses, enum, typing, typing_extensions, collections\n"

    def assert_edits(self, below: str, above: str, *edits: tuple[str, str, bool]) -> Repo:
        """below.py is edited, step by step; above.py runs again when the edit can be seen from it."""
        repo = self.repo(f"-- below.py --\n{below}-- above.py --\n{above}")
        self.assert_step(repo, ["above", "below"], "above.py")
        for old, new, seen in edits:
            with self.subTest(old=old, new=new):
                repo.edit("below.py", old, new)
                self.assert_step(repo, ["above", "below"] if seen else ["below"], "above.py")
        return repo

    def test_the_value_of_a_final_is_seen_and_that_of_a_variable_is_not(self) -> None:
        self.assert_edits("from typing import Final\nLIMIT: Final = 3\ncount: int = 3\n",
                          "from typing import Literal\nimport below\nx: Literal[3] = below.LIMIT\n",
                          ("count: int = 3", "count: int = 4", UNSEEN), ("LIMIT: Final = 3", "LIMIT: Final = 4", SEEN))

    def test_enum_members_and_their_values(self) -> None:
        self.assert_edits("from enum import Enum\nclass Color(Enum):\n    RED = 1\n    BLUE = 2\n",
                          "from below import Color\ndef f(c: Color) -> int:\n    if c is Color.RED:\n        return 1\n"
                          "    elif c is Color.BLUE:\n        return c.value\n",
                          ("    BLUE = 2\n", "    BLUE = 2\n    GREEN = 3\n", SEEN), ("RED = 1", "RED = 'r'", SEEN),
                          ("class Color", "# colours\nclass Color", UNSEEN))

    def test_new_types_typed_dicts_and_named_tuples(self) -> None:
        self.assert_edits("from typing import NamedTuple, NewType, TypedDict\nId = NewType('Id', int)\n"
                          "class D(TypedDict):\n    a: int\nclass P(NamedTuple):\n    x: int\n",
                          "from below import D, Id, P\ni: int = Id(3)\nd: D = {'a': 1}\np = P(1)\nq: int = p.x\n",
                          ("'Id', int", "'Id', str", SEEN), ("    a: int\n", "    a: int\n    b: str\n", SEEN),
                          ("    x: int\n", "    x: int\n    y: int\n", SEEN), ("y: int", "y: int = 0", SEEN))

    def test_dataclasses_and_what_behaves_like_them(self) -> None:
        self.assert_edits("from dataclasses import dataclass\nfrom typing_extensions import dataclass_transform\n"
                          "@dataclass_transform()\ndef like(cls): return cls\n"
                          "@dataclass\nclass A:\n    x: int = 0\n    def m(self) -> int:\n        return 1\n@like\n"
                          "class B:\n    y: int\n",
                          "from below import A, B\nA(1)\nB(1)\n",
                          ("return 1", "return 2", UNSEEN), ("    x: int = 0\n", "    x: int\n", SEEN),
                          ("    y: int\n", "    y: int\n    z: int\n", SEEN))

    def test_deprecation(self) -> None:
        repo = self.assert_edits("from typing_extensions import deprecated\n"
                                 "def old() -> None: ...\n", "from below import old\nold()\n",
                                 ("def old", "@deprecated('use new')\ndef old", SEEN), ("use new", "use newer", SEEN))
        self.assert_same_as_mypy(repo, "above.py", mypy_arguments=("--enable-error-code", "deprecated"))

    def test_literal_aliases_and_type_variables(self) -> None:
        self.assert_edits("from typing import Literal, TypeVar, Callable\nMode = Literal['r', 'w']\n"
                          "T = TypeVar('T', bound=int)\n"
                          "def first(x: T, y: T) -> T:\n    return x\nHandler = Callable[[int], str]\n",
                          "from below import Handler, Mode, first\nm: Mode = 'w'\nfirst(1, 2)\n"
                          "def h(x: int) -> str: ...\ng: Handler = h\n",
                          ("'r', 'w'", "'r'", SEEN), ("bound=int", "bound=str", SEEN),
                          ("[[int], str]", "[[str], str]", SEEN), ("return x", "return y", UNSEEN))

    def test_inferred_types_of_variables_carry_bodies_into_the_interface(self) -> None:
        repo = self.repo("-- deep.py --\ndef f() -> int:\n    return 1\ndef deco(g):\n    return g\n"
                         "-- below.py --\nfrom deep import f, deco\nx = f()\n@deco\ndef h() -> int: ...\n"
                         "class K:\n    def __init__(self) -> None:\n        self.y = f()\n    def untyped(self):\n"
                         "        self.z = f()\n"
                         "-- above.py --\nimport below\na: int = below.x\nb: int = below.K().y\n"
                         "c: int = below.K().z\nd: int = below.h()\n")
        self.assert_step(repo, ["above", "below", "deep"], "above.py")
        repo.edit("deep.py", "f() -> int:\n    return 1", "f() -> str:\n    return ''")
        self.assert_step(repo, ["above", "below", "deep"], "above.py")
        repo.edit("deep.py", "def deco(g):\n    return g", "def deco(g) -> str:\n    return g")
        self.assert_step(repo, ["above", "below", "deep"], "above.py")
        repo.edit("deep.py", "return g", "return str(g)")
        self.assert_step(repo, ["deep"], "above.py")

    def test_partial_types_of_variables(self) -> None:
        self.assert_edits("items = []\nitems.append(1)\nnothing = None\ndef fill() -> None:\n    items.append(2)\n",
                          "import below\nx: list[str] = below.items\n",
                          ("items.append(1)", "items.append('')", SEEN),
                          ("items.append(2)", "items.append('two')", UNSEEN))

    def test_bodies_of_functions_without_annotations_are_unseen(self) -> None:
        self.assert_edits("def f(x, y=1):\n    return x\n", "import below\nz: int = below.f(1)\nbelow.f(1, y=2)\n",
                          ("return x", "return ''", UNSEEN), ("y=1", "y=''", UNSEEN), ("y=''", "w=''", SEEN))

    def test_type_errors_in_a_body_are_nobody_elses(self) -> None:
        self.assert_edits("def f() -> int:\n    return 1\n", "from below import f\nx: int = f()\n",
                          ("return 1", "return ''", UNSEEN), ("return ''", "return nope", UNSEEN))

    def test_lines_and_documentation_are_unseen(self) -> None:
        self.assert_edits("class C:\n    def m(self, a: int = 1) -> None: ...\n", "from below import C\nC().m('')\n",
                          ("class C:\n", "\n\n\n# comment\nclass C:\n    '''Docs.'''\n"
                                         "\n", UNSEEN), ("a: int = 1", "a: int = 2", UNSEEN),
                          ("a: int = 2", "b: int = 2", SEEN))


class Members(TestCase):
    primed_by = "-- empty.py --\nimport abc, typing, dataclasses\n"

    def test_a_member_that_is_used_only_through_a_protocol(self) -> None:
        repo = self.repo("""
-- proto.py --
from typing import Protocol
class HasName(Protocol):
    def name(self) -> str: ...
def greet(who: HasName) -> None: ...
-- impl.py --
class Cat:
    def name(self) -> str: ...
    def age(self) -> int: ...
-- make.py --
from impl import Cat
def make() -> Cat: ...
-- use.py --
from make import make
from proto import greet
greet(make())
""")
        self.assert_step(repo, ["impl", "make", "proto", "use"], "use.py")
        repo.edit("impl.py", "name(self) -> str", "name(self) -> int")
        run = self.assert_step(repo, ["impl", "make", "use"], "use.py")
        self.assertEqual(run.status, 1)
        repo.edit("proto.py", "name(self) -> str", "name(self) -> int")
        self.assertNotIn("use.py", self.assert_step(repo, ["proto", "use"], "use.py").stdout)

    def test_abstract_methods_through_a_base_elsewhere(self) -> None:
        repo = self.repo("-- base.py --\nfrom abc import ABC, abstractmethod\nclass Base(ABC):\n    @abstractmethod\n"
                         "    def f(self) -> int: ...\n"
                         "-- mid.py --\nfrom base import Base\nclass Mid(Base):\n    pass\n"
                         "-- leaf.py --\nfrom mid import Mid\nclass Leaf(Mid):\n    def f(self) -> int: ...\n"
                         "-- use.py --\nfrom leaf import Leaf\nLeaf().f()\n")
        self.assert_step(repo, ["base", "leaf", "mid", "use"], "use.py")
        repo.edit("base.py", "    @abstractmethod\n", "    @abstractmethod\n    def g(self) -> int: ...\n"
                                                      "    @abstractmethod\n")
        run = self.assert_same_as_mypy(repo, "use.py")
        self.assertEqual(run.status, 1)
        repo.edit("base.py", "def f(self) -> int", "def f(self) -> str")
        self.assert_same_as_mypy(repo, "use.py")

    def test_star_imports_and_all(self) -> None:
        repo = self.repo("-- names.py --\na = 1\nb = 2\n_c = 3\n__all__ = ['a']\n"
                         "-- hub.py --\nfrom names import *\n-- use.py --\nfrom hub import *\nprint(a, b)\n"
                         "-- other.py --\nfrom hub import a\n")
        self.assert_step(repo, ["hub", "names", "other", "use"], "use.py", "other.py")
        repo.edit("names.py", "['a']", "['a', 'b']")
        self.assertEqual(self.assert_same_as_mypy(repo, "use.py", "other.py").status, 0)
        repo.edit("names.py", "['a', 'b']", "['b', '_c', 'missing']")
        self.assert_same_as_mypy(repo, "use.py", "other.py")

    def test_names_that_are_passed_on_and_names_that_are_not(self) -> None:
        repo = self.repo("-- a.py --\nx: int = 1\n-- b.py --\nfrom a import x\n-- c.py --\nfrom a import x as x\n"
                         "-- use.py --\nfrom b import x\nfrom c import x as y\nz: str = y\n")
        for option in ("--no-implicit-reexport", "--implicit-reexport"):
            self.assert_same_as_mypy(repo, "use.py", mypy_arguments=(option,))
        repo.edit("a.py", "x: int = 1", "x: str = ''")
        self.assert_same_as_mypy(repo, "use.py")

    def test_overloads_and_properties(self) -> None:
        repo = self.repo("-- below.py --\nfrom typing import overload\n@overload\ndef f(x: int) -> int: ...\n"
                         "@overload\n"
                         "def f(x: str) -> str: ...\ndef f(x):\n    return x\n"
                         "class P:\n    @property\n    def p(self) -> int: return 1\n    @p.setter\n"
                         "    def p(self, v: int) -> None: ...\n"
                         "-- above.py --\nimport below\na: int = below.f(1)\nbelow.f(b'')\nbelow.P().p = ''\n")
        self.assert_step(repo, ["above", "below"], "above.py")
        repo.edit("below.py", "return 1", "return 2")
        self.assert_step(repo, ["below"], "above.py")
        repo.edit("below.py", "    @p.setter\n    def p(self, v: int) -> None: ...\n", "")
        self.assert_step(repo, ["above", "below"], "above.py")

    def test_generic_classes_and_inheritance_across_modules(self) -> None:
        repo = self.repo("-- a.py --\nfrom typing import Generic, TypeVar\nT = TypeVar('T')\nclass Box(Generic[T]):\n"
                         "    def get(self) -> T: ...\n    def put(self, x: T) -> None: ...\n"
                         "-- b.py --\nfrom a import Box\nclass IntBox(Box[int]):\n"
                         "    def put(self, x: int) -> None: ...\n"
                         "-- c.py --\nfrom b import IntBox\nx: str = IntBox().get()\n")
        self.assert_step(repo, ["a", "b", "c"], "c.py")
        repo.edit("a.py", "def put(self, x: T)", "def put(self, x: list[T])")
        self.assert_same_as_mypy(repo, "c.py")
        repo.edit("b.py", "Box[int]", "Box[str]")
        self.assert_same_as_mypy(repo, "c.py")


class Unrecorded(TestCase):
    """What mypy does not record, and misses with its own cache: Sepal says what a mypy without a cache says."""

    primed_by = Members.primed_by

    def test_an_overridden_method_two_modules_away(self) -> None:
        repo = self.repo("-- base.py --\nclass Base:\n    def f(self) -> int: return 1\n"
                         "-- mid.py --\nfrom base import Base\nclass Mid(Base): ...\n"
                         "-- leaf.py --\nfrom mid import Mid\nclass Leaf(Mid):\n    def f(self) -> int: return 1\n")
        self.assert_step(repo, ["base", "leaf", "mid"], "leaf.py")
        repo.edit("base.py", "f(self) -> int: return 1", "f(self) -> str: return ''")
        self.assertEqual(self.assert_step(repo, ["base", "leaf", "mid"], "leaf.py").status, 1)

    def test_a_type_in_the_signature_of_an_overridden_method(self) -> None:
        repo = self.repo("-- kind.py --\nfrom typing import Protocol\nclass Kind(Protocol):\n    x: int\n"
                         "-- base.py --\nfrom kind import Kind\nclass Base:\n    def f(self) -> Kind: ...\n"
                         "-- impl.py --\nclass Impl:\n    x: int = 1\n"
                         "-- leaf.py --\nfrom base import Base\nfrom impl import Impl\nclass Leaf(Base):\n"
                         "    def f(self) -> Impl: ...\n")
        self.assert_same_as_mypy(repo, "leaf.py")
        repo.edit("kind.py", "x: int", "x: str")
        run = self.assert_same_as_mypy(repo, "leaf.py")
        self.assertIn("[override]", run.stdout)

    def test_two_bases_that_do_not_agree(self) -> None:
        repo = self.repo("-- a.py --\nclass A:\n    def f(self) -> int: return 1\n"
                         "-- a2.py --\nfrom a import A\nclass A2(A): ...\n"
                         "-- b.py --\nclass B:\n    def f(self) -> int: return 1\n"
                         "-- b2.py --\nfrom b import B\nclass B2(B): ...\n"
                         "-- both.py --\nfrom a2 import A2\nfrom b2 import B2\nclass Both(A2, B2): ...\n")
        self.assert_same_as_mypy(repo, "both.py")
        repo.edit("b.py", "f(self) -> int: return 1", "f(self) -> str: return ''")
        self.assertEqual(self.assert_same_as_mypy(repo, "both.py").status, 1)

    def test_fields_of_a_dataclass_two_modules_away(self) -> None:
        repo = self.repo("-- base.py --\nfrom dataclasses import dataclass\n@dataclass\nclass Base:\n    x: int\n"
                         "-- mid.py --\nfrom base import Base\nclass Mid(Base): ...\n"
                         "-- leaf.py --\nfrom dataclasses import dataclass\nfrom mid import Mid\n@dataclass\n"
                         "class Leaf(Mid):\n"
                         "    y: int\n-- use.py --\nfrom leaf import Leaf\nLeaf(1, 2)\n")
        self.assert_same_as_mypy(repo, "use.py")
        repo.edit("base.py", "    x: int\n", "    x: int\n    z: int\n")
        self.assertEqual(self.assert_same_as_mypy(repo, "use.py").status, 1)

    def test_an_alias_in_the_signature_of_an_operator(self) -> None:
        repo = self.repo("-- alias.py --\nfrom typing import Union\nScalar = Union[int, str]\n"
                         "-- vector.py --\nfrom alias import Scalar\nclass Vector:\n"
                         "    def __mul__(self, by: Scalar) -> int: return 1\n"
                         "    def __getitem__(self, at: Scalar) -> int: return 1\n"
                         "    def __contains__(self, what: Scalar) -> bool: return True\n"
                         "-- use.py --\nfrom vector import Vector\ndef f(v: Vector) -> None:\n    v * ''\n    v['']\n"
                         "    '' in v\n")
        self.assert_same_as_mypy(repo, "use.py")
        repo.edit("alias.py", "int, str", "int, bytes")
        run = self.assert_same_as_mypy(repo, "use.py")
        self.assertEqual(len(run.lines), 4)

    def test_a_default_for_an_argument_whose_protocol_comes_from_elsewhere(self) -> None:
        repo = self.repo("-- root.py --\nfrom typing import Protocol\nclass Root(Protocol):\n    x: int\n"
                         "-- proto.py --\nfrom typing import Protocol\nfrom root import Root\n"
                         "class P(Root, Protocol):\n    y: int\n"
                         "-- impl.py --\nclass Impl:\n    x: int = 1\n    y: int = 1\nimpl = Impl()\n"
                         "-- use.py --\nfrom impl import impl\nfrom proto import P\ndef f(p: P = impl) -> None: ...\n")
        self.assert_same_as_mypy(repo, "use.py")
        repo.edit("root.py", "x: int", "x: str")
        self.assertEqual(self.assert_same_as_mypy(repo, "use.py").status, 1)


class Rendering(TestCase):
    """Notes that quote a function of another module: mypy prints more when it checked that module in the same process
    than when it read it from its cache. Sepal always prints what mypy prints from its cache."""

    primed_by = "-- empty.py --\nimport abc, typing, dataclasses, tarfile\n"

    def assert_like_cached_mypy(self, files: str) -> None:
        repo = self.repo(files)
        cache = f"--cache-dir={os.path.join(repo.base, 'mypy-cache')}"
        repo.mypy("above.py", cache)
        repo.write("above.py", repo.read("above.py") + "\n")
        cached, cold = repo.mypy("above.py", cache), repo.mypy("above.py")
        self.assertNotEqual(cached.lines, cold.lines, "mypy prints the same either way now: this test shows nothing")
        run = repo.check("above.py")
        self.assertEqual((run.lines, run.status), (cached.lines, cold.status))
        errors = [line for line in cold.lines if ": error: " in line]
        self.assertEqual([line for line in run.lines if ": error: " in line], errors)

    def test_overloads_are_shown_without_their_name(self) -> None:
        self.assert_like_cached_mypy("-- above.py --\nimport tarfile\ntarfile.open(1, 'x', 3)\n")

    def test_a_generated_method_is_said_to_be_defined_in_its_module(self) -> None:
        self.assert_like_cached_mypy("-- below.py --\nfrom dataclasses import dataclass\n@dataclass(kw_only=True)\n"
                                     "class A:\n    x: int\n"
                                     "-- above.py --\nfrom below import A\nA(1)\n")

    def test_the_members_of_an_enum_are_listed_by_name(self) -> None:
        self.assert_like_cached_mypy("-- below.py --\nfrom enum import Enum\n"
                                     "class Mode(Enum):\n    OFF = 0\n    HEAT = 1\n    COOL = 2\n    AUTO = 3\n"
                                     "-- above.py --\nfrom below import Mode\ndef first(mode: Mode) -> None:\n"
                                     "    if mode is not Mode.OFF:\n        reveal_type(mode)\n")

    def test_notes_that_are_the_same_either_way(self) -> None:
        repo = self.repo("-- below.py --\nclass Shop:\n    @classmethod\n"
                         "    def open(cls, name: str, *, mode: int = 0) -> 'Shop': ...\n"
                         "def close(shop: Shop, now: bool) -> None: ...\n"
                         "-- above.py --\nfrom below import Shop, close\nShop.open(1, made=2)\n"
                         "close(1)\nclose(Shop(), now='')\nopen(1, 2, 3, 4)\nsum('', x=1)\n")
        self.assert_same_as_mypy(repo, "above.py")
        repo.edit("above.py", "from below", "\nfrom below")
        self.assert_step(repo, ["above"], "above.py")


if __name__ == "__main__":
    unittest.main()
