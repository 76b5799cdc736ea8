"""The cut inside a cycle: after an edit only those bodies are checked that the edit can concern.

Every step compares the lines and the status with a cold mypy's, and the number of bodies that were checked.
"""

from __future__ import annotations

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from testrepo import Repo, Run, TestCase  # noqa: E402

# a, b, c and d import each other in a ring; every body has an error of its own. `low` is below them all.
RING = """
-- ring/__init__.py --
-- ring/low.py --
class Low:
    size: int = 1
-- ring/a.py --
from ring import b
from ring.low import Low

def fa(x: int) -> Low:
    n: str = b.fb(x)
    return Low()
-- ring/b.py --
from ring import c

def fb(x: int) -> int:
    n: str = c.fc(x)
    return x
-- ring/c.py --
from ring import d

def fc(x: int) -> int:
    n: str = d.fd(x)
    return x
-- ring/d.py --
from ring import a

def fd(x: int) -> int:
    n: str = a.fa(x).size
    return x
"""


def errors_of(run: Run) -> list[str]:
    return [line for line in run.lines if " error: " in line]


class CycleCut(TestCase):
    primed_by = "-- empty.py --\n"

    def checked(self, repo: Repo, bodies: int, *options: str) -> Run:
        """As mypy says, with so many bodies checked."""
        run = self.assert_same_as_mypy(repo, "ring", mypy_arguments=options)
        self.assertEqual(run.stats["bodies_run"], bodies, str(run))
        return run

    def ring(self) -> Repo:
        repo = self.repo(RING)
        self.checked(repo, 6)
        return repo

    def test_a_body_edit_checks_the_bodies_of_one_module(self) -> None:
        repo = self.ring()
        repo.edit("ring/c.py", "    return x\n", "    y: bytes = x\n    return x\n")
        run = self.checked(repo, 1)
        self.assertEqual(run.stats["units_run"], 1)
        self.assertEqual(len(errors_of(run)), 5, str(run))

    def test_an_edit_that_is_taken_back_and_done_again_is_known(self) -> None:
        repo = self.ring()
        for body in ("    pass\n    return x\n", "    return x\n", "    pass\n    return x\n"):
            text = repo.read("ring/c.py")
            repo.write("ring/c.py", text[:text.index("    n: str")] + "    n: str = d.fd(x)\n" + body)
            run = self.assert_same_as_mypy(repo, "ring")
        self.assertEqual(run.stats["bodies_run"], 0, str(run))

    def test_an_interface_edit_checks_who_used_it(self) -> None:
        repo = self.ring()
        repo.edit("ring/c.py", "def fc(x: int) -> int:", "def fc(x: int) -> bytes:")
        repo.edit("ring/c.py", "return x", 'return b""')
        self.checked(repo, 2)  # c itself, and b

    def test_a_changed_interface_below_checks_who_used_it(self) -> None:
        repo = self.ring()
        repo.edit("ring/low.py", "size: int = 1", "size: bytes = b''")
        self.checked(repo, 3)  # low itself, a that names it, and d that reads an attribute of it

    def test_an_interface_used_through_others_counts(self) -> None:
        """e names nothing of low, nor imports it: it reads an attribute of what a function of the cycle gives."""
        repo = self.repo(RING)
        repo.edit("ring/d.py", "from ring import a\n", "from ring import a, e\n")
        repo.write("ring/e.py", "from ring import a\n\ndef fe() -> None:\n    n: str = a.fa(1).size\n")
        self.checked(repo, 7)
        repo.edit("ring/low.py", "size: int = 1", "size: str = ''")
        run = self.checked(repo, 4)
        self.assertFalse([line for line in errors_of(run) if "ring/e.py" in line], str(run))

    def test_an_inferred_type_that_changes_elsewhere_in_the_cycle_counts(self) -> None:
        repo = self.repo(RING)
        repo.write("ring/b.py", "from ring import c\n\nVALUE = c.fc(1)\n\ndef fb(x: int) -> int:\n    return VALUE\n")
        repo.edit("ring/a.py", "b.fb(x)", "b.VALUE")
        self.checked(repo, 6)
        repo.edit("ring/c.py", "def fc(x: int) -> int:", "def fc(x: int) -> str:")
        repo.edit("ring/c.py", "return x", "return str(x)")
        self.checked(repo, 3)  # c; b, whose VALUE is another; a that reads VALUE

    def test_a_message_that_is_given_once_moves_to_the_next_module(self) -> None:
        """mypy tells once per run what to do about missing imports: here whoever comes first in the cycle does."""
        repo = self.repo(RING)
        for name in "ac":
            repo.write(f"ring/{name}.py", "import nowhere\n" + repo.read(f"ring/{name}.py"))
        self.assert_same_as_mypy(repo, "ring")
        repo.write("ring/a.py", repo.read("ring/a.py").replace("import nowhere\n", ""))
        self.assert_same_as_mypy(repo, "ring")
        repo.write("ring/a.py", "import nowhere\n" + repo.read("ring/a.py"))
        repo.write("ring/c.py", repo.read("ring/c.py").replace("import nowhere\n", ""))
        self.assert_same_as_mypy(repo, "ring")

    def test_an_option_of_one_member_checks_its_bodies(self) -> None:
        repo = self.ring()
        repo.write("mypy.ini", "[mypy]\n[mypy-ring.b]\ndisable_error_code = assignment\n")
        run = self.checked(repo, 1)
        self.assertEqual(len(errors_of(run)), 3, str(run))

    def test_unused_ignores_are_part_of_what_stands(self) -> None:
        repo = self.repo(RING)
        repo.edit("ring/b.py", "    return x", "    return x  # type: ignore")
        self.assert_same_as_mypy(repo, "ring", mypy_arguments=("--warn-unused-ignores",))
        repo.edit("ring/c.py", "    return x\n", "    pass\n    return x\n")
        self.checked(repo, 1, "--warn-unused-ignores")

    def test_with_links_to_error_codes_all_bodies_are_checked(self) -> None:
        repo = self.repo(RING)
        self.assert_same_as_mypy(repo, "ring", mypy_arguments=("--show-error-code-links",))
        repo.edit("ring/c.py", "    return x\n", "    pass\n    return x\n")
        self.checked(repo, 4, "--show-error-code-links")

    def test_an_error_that_goes_and_comes_back(self) -> None:
        repo = self.ring()
        repo.edit("ring/d.py", "def fd(", "def fd(:")
        self.assert_same_as_mypy(repo, "ring")
        repo.edit("ring/d.py", "def fd(:", "def fd(")
        self.checked(repo, 0)

    def test_a_hermetic_process_says_the_same(self) -> None:
        repo = self.ring()
        repo.edit("ring/c.py", "    return x\n", "    y: bytes = x\n    return x\n")
        self.checked(repo, 1)
        verified = repo.run("verify", "ring")
        self.assertEqual(verified.status, 0, str(verified))


if __name__ == "__main__":
    unittest.main()
