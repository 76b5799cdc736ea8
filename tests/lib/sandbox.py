"""The bubblewrap sandbox in which execution servers run actions, on whatever machine this is.

bubblewrap needs namespaces. An ordinary machine lets everybody make a user namespace, and everything else in it. In a
chroot nobody may make one, but root needs none: bwrap_as_root.sh leaves it out, and because the root of a chroot is
no mount point, which bubblewrap could not leave, keeper.py gives it one that is. Where neither works,
sandbox_problem() has one sentence about it, and a class of tests under @needs_sandbox shows just that.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import tempfile
import unittest
from dataclasses import dataclass
from typing import Any, TypeVar

from kept import LIB, Kept, installed, program, tail


def environment(*first: str, **more: str) -> dict[str, str]:
    """For buildbox programs: a directory on PATH that cannot be read would stop them."""
    path = os.pathsep.join([*first, installed("buildbox"), "/usr/bin", "/bin"])
    return {"PATH": path, "LC_ALL": "C.UTF-8", "HOME": "/nonexistent", **more}


@dataclass(frozen=True)
class Way:
    """How the sandbox is made here; `problem` if it cannot."""

    own_root: bool = False
    no_user_namespace: bool = False
    problem: str = ""

    def bwrap(self, scratch: str) -> str:
        """What stands for the program `bwrap`, in a directory that is made for it."""
        directory = os.path.join(scratch, "bin")
        link = os.path.join(directory, "bwrap")
        if not os.path.lexists(link):
            os.makedirs(directory, exist_ok=True)
            os.symlink(os.path.join(LIB, "bwrap_as_root.sh") if self.no_user_namespace else program("bwrap"), link)
        return link

    def options(self, scratch: str) -> dict[str, Any]:
        """For Kept. buildbox-run finds bwrap on PATH."""
        env = environment(os.path.dirname(self.bwrap(scratch)), BWRAP=program("bwrap"))
        if not self.own_root:
            return {"env": env}
        own_root = os.path.join(scratch, "own-root")
        os.makedirs(own_root, exist_ok=True)
        return {"env": env, "own_root": own_root}

    def fails(self) -> str:
        """What bubblewrap says when it is asked for what buildbox-run asks of it; empty if it does it."""
        with tempfile.TemporaryDirectory(prefix="sepal-sandbox.") as scratch:
            log = os.path.join(scratch, "log")
            kept = Kept([self.bwrap(scratch), "--unshare-pid", "--die-with-parent", "--ro-bind", "/", "/",
                         "--unshare-net", "--unshare-ipc", "--unshare-user", "--uid", "0", "--gid", "0", "--cap-drop",
                         "ALL", "--proc", "/proc", "--tmpfs", "/tmp", "--dev", "/dev", "/bin/true"],
                        log, **self.options(scratch))
            if kept.process.wait() == 0:
                return ""
            said = tail(log).strip().splitlines()
            return said[-1] if said else f"it ended with status {kept.process.returncode}"


def root_is_mount_point() -> bool:
    with open("/proc/self/mountinfo") as file:
        return any(line.split()[4] == "/" for line in file)


@functools.lru_cache(maxsize=None)
def way() -> Way:
    first = Way(own_root=os.geteuid() == 0 and not root_is_mount_point())
    said = first.fails()
    if not said:
        return first
    second = Way(first.own_root, no_user_namespace=True)
    if os.geteuid() == 0 and not second.fails():
        return second
    return Way(problem="Sandboxed execution cannot be shown on this machine, which does not let us make the namespaces "
                       f"that bubblewrap needs: {said}")


def sandbox_problem() -> str:
    return way().problem


Class = TypeVar("Class", bound=type)


def needs_sandbox(cls: Class) -> Class:
    """Where the sandbox cannot run, the tests of the class make way for one that says so."""
    problem = sandbox_problem()
    if problem:
        for name in [name for name in dir(cls) if name.startswith("test")]:
            setattr(cls, name, None)

        def test_this_machine_has_no_sandbox(self: unittest.TestCase) -> None:
            print(problem, file=sys.stderr)
            self.assertNotEqual(Way().fails(), "")
        setattr(cls, "test_this_machine_has_no_sandbox", test_this_machine_has_no_sandbox)
    return cls


def system_mounts() -> dict[str, str]:
    """Path in the sandbox -> directory of this machine: the system, and the interpreter that has mypy if it is not the
    system's own. Their paths are the same inside as outside."""
    mounts = {"/usr": "/usr"}
    for name in ("bin", "lib", "lib64"):
        if os.path.isdir("/" + name):
            mounts["/" + name] = os.path.realpath("/" + name)
    python = os.environ.get("SEPAL_PYTHON")
    if python:
        prefix = subprocess.run([python, "-I", "-c", "import sys; print(sys.base_prefix)"], stdout=subprocess.PIPE,
                                text=True, check=True).stdout.strip()
        if not prefix.startswith("/usr"):
            mounts[prefix] = os.path.realpath(prefix)
    return mounts


def runner_arguments() -> list[str]:
    """What buildbox-run is told about the sandbox. Staging through FUSE would make Python three times slower."""
    return ["--staging-mode=copy-or-link",
            *(f"--ro-bind-mount={outside}:{inside}" for inside, outside in sorted(system_mounts().items()))]
