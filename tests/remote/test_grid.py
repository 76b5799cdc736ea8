"""BuildGrid with PostgreSQL and workers does what is said of it, asked by a client that is not ours."""

from __future__ import annotations

import os
import sys
import threading
import time
import unittest

import grpc

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from execution_cases import ExecutionCases  # noqa: E402
from grid import BuildGrid  # noqa: E402
from reapi import Client, digest_of  # noqa: E402
from sandbox import needs_sandbox  # noqa: E402
from servers import ServerCase  # noqa: E402


@needs_sandbox
class Grid(ExecutionCases, ServerCase):
    """One server for all of them: to start it takes seconds."""

    grid: BuildGrid

    @classmethod
    def setUpClass(cls) -> None:
        cls.grid = BuildGrid()
        cls.addClassCleanup(cls.grid.delete)
        cls.addClassCleanup(cls.grid.kill)
        cls.grid.start()

    def setUp(self) -> None:
        self.client = Client(self.grid.address, "main")
        self.addCleanup(self.client.close)

    def test_it_announces_versions_and_no_compressor(self) -> None:
        said = self.client.capabilities()
        self.assertEqual((said.low_api_version.major, said.low_api_version.minor), (2, 0))
        self.assertEqual((said.high_api_version.major, said.high_api_version.minor), (2, 2))
        self.assertEqual(list(said.cache_capabilities.supported_compressors), [])

    def test_there_is_one_instance(self) -> None:
        with Client(self.grid.address, "other") as client, self.assertRaises(grpc.RpcError) as caught:
            client.missing([digest_of(b"x")])
        self.assertEqual(caught.exception.code(), grpc.StatusCode.INVALID_ARGUMENT)

    def test_an_action_runs_in_stages_and_is_cached_unless_it_fails(self) -> None:
        for status, cached in ((b"0", True), (b"3", False)):
            action = self.client.action(["/bin/sh", "-c", "cat in.txt in.txt > out.txt; exit $(cat status)"],
                                        {"in.txt": b"x\n", "status": status}, ["out.txt"])
            for again in (False, True):
                with self.subTest(status=status, again=again):
                    done = self.client.execute(action)
                    self.assertEqual(done.response.status.code, 0, done.response.status.message)
                    self.assertEqual(done.response.result.exit_code, int(status))
                    self.assertEqual(done.response.cached_result, again and cached)
                    self.assertEqual(self.client.read(done.response.result.output_files[0].digest), [(0, b"x\nx\n")])
                    if not done.response.cached_result:
                        self.assertLessEqual(set(done.stages), {2, 3, 4})
                        self.assertEqual(done.stages, sorted(done.stages))
                        self.assertRegex(done.response.result.execution_metadata.worker, "^bot-[01]$")
            self.assertEqual(self.client.get_action(action) is not None, cached)

    def test_a_missing_action_is_said_by_the_call(self) -> None:
        with self.assertRaises(grpc.RpcError) as caught:
            self.client.execute(digest_of(b"no such action"))
        self.assertEqual(caught.exception.code(), grpc.StatusCode.FAILED_PRECONDITION)

    def test_two_workers_work_side_by_side(self) -> None:
        actions = [self.client.action(["/bin/sh", "-c", "sleep 2"], {"n": b"%d" % number}, []) for number in range(2)]
        start = time.monotonic()
        threads = [threading.Thread(target=self.client.execute, args=(action,)) for action in actions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        workers = {self.client.get_action(action).execution_metadata.worker for action in actions}
        self.assertEqual(workers, {"bot-0", "bot-1"}, f"after {time.monotonic() - start:.1f} s")


if __name__ == "__main__":
    unittest.main()
