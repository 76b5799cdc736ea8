"""Programs that tests start: where they are, and how to be sure that they end (keeper.py)."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from typing import Callable

LIB = os.path.dirname(os.path.abspath(__file__))
START_SECONDS = 60.0
LOG_LINES = 60


def setting(name: str, what: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise AssertionError(f"Set {name} to {what}, or run the tests by ./dev test.")
    return value


def installed(*names: str) -> str:
    path = os.path.join(setting("SEPAL_SERVERS", "the directory where ./dev has put the servers"), *names)
    if not os.path.exists(path):
        raise AssertionError(f"{path} is not there: run ./dev test remote, which installs it.")
    return os.path.abspath(path)


def program(name: str) -> str:
    """A program of a Debian package; those for administrators are not on everybody's PATH."""
    found = shutil.which(name, path=os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin")
    if not found:
        raise AssertionError(f"There is no program {name}: run ./dev test remote as root, which installs it.")
    return found


class Kept:
    """One program under keeper.py, with a log."""

    def __init__(self, argv: list[str], log: str, user: str = "", own_root: str = "",
                 env: dict[str, str] | None = None) -> None:
        self.argv, self.log = argv, log
        keeper = [sys.executable, "-I", "-S", os.path.join(LIB, "keeper.py")]
        if user:
            keeper += ["--user", user]
        if own_root:
            keeper += ["--own-root", own_root]
        with open(log, "ab") as file:
            self.process = subprocess.Popen([*keeper, str(os.getpid()), *argv], stdin=subprocess.DEVNULL, stdout=file,
                                            stderr=subprocess.STDOUT, cwd="/", env=env, start_new_session=True)

    def wait_until(self, ready: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + START_SECONDS
        while not ready():
            if self.process.poll() is not None:
                raise AssertionError(f"{what} ended with status {self.process.returncode} instead of starting:\n"
                                     f"{tail(self.log)}")
            if time.monotonic() > end:
                self.end(signal.SIGUSR1)
                raise AssertionError(f"{what} is not ready after {START_SECONDS:.0f} s:\n{tail(self.log)}")
            time.sleep(0.01)

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Returns when no process of it is left."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        self.process.wait()


def tail(path: str) -> str:
    try:
        with open(path, errors="replace") as file:
            return "".join(file.readlines()[-LOG_LINES:])
    except OSError as error:
        return str(error)
