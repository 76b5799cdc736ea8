"""net/rpc.h against a server by gRPC's own library."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from rpc_cases import GrpcServer, RawServer, ToolCase  # noqa: E402


class Calls(ToolCase):
    def test_a_message_goes_and_comes(self) -> None:
        answer = self.call(GrpcServer(self).url)
        self.assertEqual((answer["status"], answer["text"]), ("OK", ""))
        self.assertEqual([m["text"] for m in answer["messages"]], ["hello"])

    def test_an_empty_message_is_a_message(self) -> None:
        for ask in (False, True):
            answer = self.call(GrpcServer(self).url, {"messages": [""], "ask": ask})
            self.assertEqual((answer["status"], [m["len"] for m in answer["messages"]]), ("OK", [0]))

    def test_the_server_is_told_who_asks_and_how_long_it_has(self) -> None:
        answer = self.call(GrpcServer(self).url, {"method": "/t.T/Meta", "messages": ["x"], "timeout_ms": 5000})
        seen = dict(json.loads(answer["messages"][0]["text"]))
        self.assertTrue(seen["user-agent"].startswith("sepal/"))
        self.assertEqual(seen["build.bazel.remote.execution.v2.requestmetadata-bin"], "metadata")
        self.assertTrue(4 < seen["remaining"] < 5.1, seen)

    def test_streams_go_both_ways(self) -> None:
        found, traffic = self.calls(
            GrpcServer(self).url,
            {"method": "/t.T/Sum", "messages": [1, 0, 3_000_000, 20_000_000]},
            {"method": "/t.T/Many", "messages": ["5000"]},
            {"method": "/t.T/Bidi", "messages": ["a", "", 9_000_000, "b"]})
        self.assertEqual({answer["status"] for answer in found.values()}, {"OK"})
        self.assertEqual(found[1]["messages"][0]["text"], "23000001")
        self.assertEqual([m["text"] for m in found[2]["messages"]], [str(i) for i in range(5000)])
        self.assertEqual([m["len"] for m in found[3]["messages"]], [1, 0, 9_000_000, 1])
        self.assertEqual((traffic["connects"], traffic["resent"]), (1, 0))

    def test_every_status_arrives_with_its_text(self) -> None:
        names = ["CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
                 "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE",
                 "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"]
        text = "100 % \u00e4\u20ac\U0001f40d\x07\nend"
        found, _ = self.calls(GrpcServer(self).url,
                              *({"method": f"/t.T/Fail:{name}", "messages": [text]} for name in names))
        self.assertEqual([found[i]["status"] for i in sorted(found)], names)
        self.assertEqual({answer["text"] for answer in found.values()}, {"100 % \u00e4\u20ac\U0001f40d? end"})

    def test_a_method_that_is_not_there_is_unimplemented(self) -> None:
        self.assertEqual(self.call(GrpcServer(self).url, {"method": "/t.T/Nothing"})["status"], "UNIMPLEMENTED")

    def test_a_thousand_calls_share_one_connection(self) -> None:
        server = GrpcServer(self, options=(("grpc.max_concurrent_streams", 30),))
        found, traffic = self.calls(server.url, *({"messages": [f"m{i}", ], "ask": i % 2 == 0} for i in range(1, 1001)))
        self.assertEqual([found[i]["messages"][0]["text"] for i in range(1, 1001)], [f"m{i}" for i in range(1, 1001)])
        self.assertEqual(traffic["connects"], 1)

    def test_calls_wait_in_order_for_a_stream(self) -> None:
        server = GrpcServer(self, threads=1)
        tool = self.tool("rpc_run", server.url, max_streams=1)
        tool.send(*({"id": i, "messages": ["x"]} for i in range(20)))
        self.assertEqual([answer["id"] for answer in tool.finish()[0]], list(range(20)))

    def test_an_answer_that_is_too_long_ends_its_call_only(self) -> None:
        found, traffic = self.calls(GrpcServer(self).url, {"messages": [100_001]}, {"messages": [100_000]},
                                    message_limit=100_000)
        self.assertEqual([found[i]["status"] for i in (1, 2)], ["RESOURCE_EXHAUSTED", "OK"])
        self.assertIn("longer than 100000 bytes", found[1]["text"])
        self.assertEqual(traffic["connects"], 1)

    def test_an_answer_before_the_request_is_whole_is_taken(self) -> None:
        answer = self.call(GrpcServer(self).url, {"method": "/t.T/Early", "messages": [2_000_000] * 40})
        self.assertEqual((answer["status"], answer["messages"][0]["text"]), ("OK", "early"))
        self.assertLess(answer["pulled"], 40)


class Ends(ToolCase):
    def test_a_deadline_ends_a_call_and_not_the_connection(self) -> None:
        start = time.monotonic()
        found, traffic = self.calls(GrpcServer(self).url,
                                    {"method": "/t.T/Slow", "messages": ["3"], "timeout_ms": 200},
                                    {"method": "/t.T/Slow", "messages": ["0.5"]})
        self.assertEqual([found[i]["status"] for i in (1, 2)], ["DEADLINE_EXCEEDED", "OK"])
        self.assertLess(time.monotonic() - start, 2.5)
        self.assertEqual(traffic["connects"], 1)

    def test_a_cancelled_call_ends_once_and_the_server_hears_of_it(self) -> None:
        server = GrpcServer(self)
        found, _ = self.calls(server.url,
                              {"method": "/t.T/Slow", "messages": ["1"], "cancel_after_ms": 200},
                              {"messages": ["x"], "cancel_after_ms": 0},
                              {"method": "/t.T/Many", "messages": ["100"], "cancel_at_message": 3},
                              {"messages": [None]},
                              {"messages": ["y"]})
        self.assertEqual([found[i]["status"] for i in range(1, 6)], ["CANCELLED"] * 4 + ["OK"])
        self.assertEqual(len(found[3]["messages"]), 3)
        self.assertTrue(server.methods.cancelled.wait(10))

    def test_closing_the_channel_ends_what_is_under_way(self) -> None:
        found, _ = self.calls(GrpcServer(self).url,
                              {"method": "/t.T/Slow", "messages": ["2"]}, {"sleep_ms": 200},
                              {"messages": ["x"]}, {"close": True})
        self.assertEqual({answer["status"] for answer in found.values()}, {"CANCELLED"})

    def test_nobody_listens(self) -> None:
        server = GrpcServer(self)
        server.stop()
        found, _ = self.calls(server.url, {}, {})
        self.assertEqual({answer["status"] for answer in found.values()}, {"UNAVAILABLE"})
        self.assertEqual(found[1]["text"], f"{server.url}: cannot connect: Connection refused")

    def test_a_name_that_does_not_exist(self) -> None:
        answer = self.call("grpc://no-such-host.invalid:1")
        self.assertEqual(answer["status"], "UNAVAILABLE")
        self.assertIn("cannot look up the host's name", answer["text"])

    def test_a_name_is_looked_up(self) -> None:
        server = GrpcServer(self)
        self.assertEqual(self.call(f"grpc://localhost:{server.port}")["status"], "OK")


class Connections(ToolCase):
    def test_a_server_that_restarts_is_found_again(self) -> None:
        server = GrpcServer(self)
        tool = self.tool("rpc_run", server.url)
        tool.send({"id": 1, "messages": ["before"]})
        self.assertEqual(tool.answer()["status"], "OK")
        tool.send({"id": 2, "method": "/t.T/Slow", "messages": ["30"]}, {"sleep_ms": 300})
        time.sleep(0.2)
        server.stop()
        self.assertEqual(tool.answer()["status"], "UNAVAILABLE")
        GrpcServer(self, server.port)
        tool.send({"id": 3, "messages": ["after"]}, {"traffic": True})
        self.assertEqual(tool.answer()["connects"], 1)
        self.assertEqual(tool.answer()["status"], "OK")

    def test_more_connections_are_made_where_one_takes_too_few_calls(self) -> None:
        server = GrpcServer(self, threads=20, options=(("grpc.max_concurrent_streams", 5),))
        lines = [{"method": "/t.T/Slow", "messages": ["0.4"]} for _ in range(20)]
        found, traffic = self.calls(server.url, *lines, max_connections=4)
        self.assertEqual({answer["status"] for answer in found.values()}, {"OK"})
        self.assertEqual(traffic["connects"], 4)
        found, traffic = self.calls(server.url, *({"messages": ["x"]} for _ in range(5)), max_connections=4)
        self.assertEqual(traffic["connects"], 1)

    def test_one_connection_does_if_no_other_can_be_made(self) -> None:
        server = GrpcServer(self, options=(("grpc.max_concurrent_streams", 2),))

        def pass_on(connection: socket.socket, number: int) -> None:
            front.listener.close()
            with socket.create_connection(("127.0.0.1", server.port)) as behind:
                back = threading.Thread(target=copy, args=(behind, connection))
                back.start()
                copy(connection, behind)
                back.join()

        def copy(source: socket.socket, target: socket.socket) -> None:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

        front = RawServer(self, pass_on)
        lines = [{"method": "/t.T/Slow", "messages": ["0.05"]} for _ in range(20)]
        found, traffic = self.calls(front.url, *lines, max_connections=9)
        self.assertEqual({answer["status"] for answer in found.values()}, {"OK"})
        self.assertEqual(traffic["connects"], 1)

    def test_an_idle_connection_that_was_lost_costs_no_call(self) -> None:
        server = GrpcServer(self)
        tool = self.tool("rpc_run", server.url)
        tool.send({"id": 1, "messages": ["before"]})
        self.assertEqual(tool.answer()["status"], "OK")
        server.stop()
        GrpcServer(self, server.port)
        tool.send({"id": 2, "messages": ["after"], "once": True})
        self.assertEqual(tool.answer()["status"], "OK")

    def test_connections_that_a_server_retires_cost_no_call(self) -> None:
        server = GrpcServer(self, options=(("grpc.max_connection_age_ms", 200),
                                           ("grpc.max_connection_age_grace_ms", 20_000)))
        lines = []
        for i in range(1, 1201, 12):
            lines += [{"id": i + k, "messages": [f"m{i + k}"]} for k in range(12)] + [{"sleep_ms": 12}]
        found, traffic = self.calls(server.url, *lines)
        self.assertEqual({answer["status"] for answer in found.values()}, {"OK"})
        self.assertEqual(len(found), 1200)
        self.assertGreater(traffic["connects"], 3)


if __name__ == "__main__":
    unittest.main()
