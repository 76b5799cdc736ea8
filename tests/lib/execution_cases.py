"""What every execution server does, as tests: a class of them has `client`, a reapi.Client."""

from __future__ import annotations

import os
import subprocess
import time
import unittest
from typing import TYPE_CHECKING

import grpc
from reapi import Client

# tests only where a class inherits them
Base = unittest.TestCase if TYPE_CHECKING else object
CANCELLED, DEADLINE_EXCEEDED = (grpc.StatusCode[name].value[0] for name in ("CANCELLED", "DEADLINE_EXCEEDED"))


def sleepers(seconds: str) -> int:
    """How many run `sleep SECONDS` on this machine."""
    done = subprocess.run(["ps", "-eo", "args"], stdout=subprocess.PIPE, text=True, check=True)
    return sum(line.endswith(f"sleep {seconds}") for line in done.stdout.splitlines() if line.startswith("sleep"))


class ExecutionCases(Base):
    client: Client
    _number = 0

    def sleep(self, seconds: int) -> tuple[object, str]:
        """An action like no other that sleeps and writes out.txt, and the number by which `sleepers` knows it."""
        ExecutionCases._number += 1
        name = f"{seconds}.{os.getpid()}{ExecutionCases._number:03}"
        return self.client.action(["/bin/sh", "-c", f"sleep {name}; echo done > out.txt"], {"n": name.encode()},
                                  ["out.txt"]), name

    def until(self, name: str, count: int) -> None:
        end = time.monotonic() + 20
        while (found := sleepers(name)) != count and time.monotonic() < end:
            time.sleep(0.02)
        self.assertEqual(found, count)

    def test_an_operation_can_be_waited_for_again(self) -> None:
        action, _ = self.sleep(1)
        stream = self.client.start(action)
        operation = next(stream).name
        stream.cancel()
        response = self.client.result_of(self.client.wait_for(operation)).response
        self.assertEqual((response.status.code, response.result.exit_code), (0, 0))
        self.assertIsNotNone(self.client.get_action(action))

    def test_an_action_goes_on_when_its_caller_has_gone_and_ends_when_it_is_cancelled(self) -> None:
        action, name = self.sleep(40)
        stream = self.client.start(action)
        operation = next(stream).name
        self.until(name, 1)
        stream.cancel()
        time.sleep(0.5)
        self.assertEqual(sleepers(name), 1)
        waiting = self.client.wait_for(operation)  # casd says nothing before it is done
        self.client.cancel(operation)
        response = self.client.result_of(waiting).response
        self.assertEqual(response.status.code, CANCELLED)
        self.until(name, 0)
        self.assertIsNone(self.client.get_action(action))

    def test_an_action_that_takes_too_long_is_ended(self) -> None:
        action = self.client.action(["/bin/sleep", "30"], {}, [], timeout_seconds=1)
        start = time.monotonic()
        response = self.client.execute(action).response
        self.assertEqual(response.status.code, DEADLINE_EXCEEDED, response.status.message)
        self.assertLess(time.monotonic() - start, 10)
