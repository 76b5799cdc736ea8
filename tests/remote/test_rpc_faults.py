"""net/rpc.h against servers that refuse, break off, break the rules or say nothing: every call ends, once, in time,
with the status that fits, and what the server did not look at is sent again."""

from __future__ import annotations

import os
import socket
import struct
import sys
import threading
import time
import unittest
from typing import Callable

import h2.settings

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from rpc_cases import Answer, Http2, RawServer, ToolCase  # noqa: E402

SETTINGS = b"\0\0\0\4\0\0\0\0\0"
Serve = Callable[[socket.socket, int], None]


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def answering(**options: object) -> Serve:
    """Each request gets the same answer (Http2.answer)."""
    def serve(connection: socket.socket, number: int) -> None:
        http2 = Http2(connection)
        for stream in http2.requests():
            http2.answer(stream, **options)  # type: ignore[arg-type]
    return serve


def saying(data: bytes) -> Serve:
    """These bytes, after the client's first; then nothing, until the client goes."""
    def serve(connection: socket.socket, number: int) -> None:
        connection.recv(65536)
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass
    return serve


class Faults(ToolCase):
    def ask(self, serve: Serve, line: Answer | None = None, **options: object) -> Answer:
        return self.call(RawServer(self, serve).url, line, **options)

    # ---- answers

    def test_trailers_alone_are_an_answer(self) -> None:
        def serve(connection: socket.socket, number: int) -> None:
            http2 = Http2(connection)
            for stream in http2.requests():
                http2.h2.send_headers(stream, [(":status", "200"), ("content-type", "application/grpc"),
                                               ("grpc-status", "5"), ("grpc-message", "not%20here%zz%4")], True)
                http2.flush()
        answer = self.ask(serve)
        self.assertEqual((answer["status"], answer["text"]), ("NOT_FOUND", "not here%zz%4"))

    def test_what_is_no_status_is_unknown(self) -> None:
        for value in ("17", "-1", "", "0x0", "200", "+5"):
            answer = self.ask(answering(trailers={"grpc-status": value}))
            self.assertEqual(answer["status"], "UNKNOWN", value)

    def test_an_answer_without_a_status_is_none(self) -> None:
        for trailers in ({}, {"other": "1"}):
            answer = self.ask(answering(trailers=trailers))
            self.assertEqual(answer["status"], "UNKNOWN")
            self.assertIn("without a status", answer["text"])

    def test_the_text_of_a_status_is_bounded_and_printable(self) -> None:
        text = "%1B%5B31m" + "%C3%A4" * 10 + "%FF%C0%AF%ED%A0%80%7F" + "x" * 30000
        answer = self.ask(answering(trailers={"grpc-status": "13", "grpc-message": text}))
        self.assertEqual(answer["text"][:20], "?[31m" + "\u00e4" * 10 + "?" * 5)
        self.assertLessEqual(len(answer["text"].encode()), 1024)
        self.assertTrue(answer["text"].isprintable())

    def test_an_answer_of_a_proxy_is_judged_by_its_http_status(self) -> None:
        for http, status in (("400", "INTERNAL"), ("401", "UNAUTHENTICATED"), ("403", "PERMISSION_DENIED"),
                             ("404", "UNIMPLEMENTED"), ("429", "UNAVAILABLE"), ("502", "UNAVAILABLE"),
                             ("503", "UNAVAILABLE"), ("504", "UNAVAILABLE"), ("500", "UNKNOWN"), ("200", "UNKNOWN")):
            answer = self.ask(answering(headers={":status": http, "content-type": "text/html"}, trailers={},
                                        data=b"<html>go away</html>"))
            self.assertEqual(answer["status"], status)
            self.assertIn(f"HTTP status {http}", answer["text"])

    def test_a_compressed_message_is_refused(self) -> None:
        answer = self.ask(answering(data=b"\1\0\0\0\2ok"))
        self.assertEqual(answer["status"], "INTERNAL")
        self.assertIn("compressed", answer["text"])

    def test_a_message_that_does_not_end_is_no_message(self) -> None:
        for data in (b"\0\0\0\0\5four", b"\0\0\0", b"\0\0\0\0\1a\0"):
            answer = self.ask(answering(data=data))
            self.assertEqual(answer["status"], "INTERNAL")
            self.assertIn("ends inside a message", answer["text"])

    def test_a_message_that_claims_to_be_huge_costs_nothing(self) -> None:
        answer = self.ask(answering(data=b"\0\xff\xff\xff\xff"))
        self.assertEqual(answer["status"], "RESOURCE_EXHAUSTED")

    def test_messages_in_the_smallest_pieces(self) -> None:
        def serve(connection: socket.socket, number: int) -> None:
            http2 = Http2(connection)
            for stream in http2.requests():
                http2.h2.send_headers(stream, [(":status", "200"), ("content-type", "application/grpc")])
                for byte in b"\0\0\0\0\3one\0\0\0\0\0\0\0\0\0\5three":
                    http2.h2.send_data(stream, bytes([byte]))
                http2.h2.send_headers(stream, [("grpc-status", "0")], True)
                for byte in http2.h2.data_to_send():
                    connection.send(bytes([byte]))
        answer = self.ask(serve)
        self.assertEqual((answer["status"], [m["text"] for m in answer["messages"]]), ("OK", ["one", "", "three"]))

    def test_header_lists_are_bounded(self) -> None:
        many = {f"x-{i}": "y" * 1000 for i in range(80)}
        answer = self.ask(answering(trailers={**many, "grpc-status": "0"}))
        self.assertEqual(answer["status"], "RESOURCE_EXHAUSTED")
        self.assertIn("headers of more than", answer["text"])

    # ---- streams that are refused or reset

    def reset(self, code: int) -> Answer:
        def serve(connection: socket.socket, number: int) -> None:
            http2 = Http2(connection)
            for stream in http2.requests():
                http2.h2.reset_stream(stream, code)
                http2.flush()
        return self.ask(serve)

    def test_a_reset_stream_has_the_status_that_fits(self) -> None:
        for code, status in ((0, "UNKNOWN"), (1, "INTERNAL"), (2, "INTERNAL"), (3, "INTERNAL"), (8, "CANCELLED"),
                             (11, "RESOURCE_EXHAUSTED"), (12, "PERMISSION_DENIED"), (99, "INTERNAL")):
            self.assertEqual(self.reset(code)["status"], status, code)

    def test_a_refused_stream_is_sent_again(self) -> None:
        def serve(connection: socket.socket, number: int) -> None:
            http2 = Http2(connection)
            for count, stream in enumerate(http2.requests()):
                if count % 2 == 0:
                    http2.h2.reset_stream(stream, 7)
                    http2.flush()
                else:
                    http2.answer(stream)
        server = RawServer(self, serve)
        found, traffic = self.calls(server.url, {"messages": ["x"]}, {"messages": ["y"], "ask": True})
        self.assertEqual([found[i]["status"] for i in (1, 2)], ["OK", "OK"])
        self.assertGreater(traffic["resent"], 0)
        self.assertEqual(server.accepted, 1)

    def test_a_server_that_refuses_all_is_given_up(self) -> None:
        start = time.monotonic()
        answer = self.reset(7)
        self.assertEqual(answer["status"], "UNAVAILABLE")
        self.assertIn("REFUSED_STREAM", answer["text"])
        self.assertEqual(answer["pulled"], 9)
        self.assertLess(time.monotonic() - start, 5)

    def test_a_call_that_cannot_begin_again_is_not_sent_twice(self) -> None:
        seen = []

        def serve(connection: socket.socket, number: int) -> None:
            http2 = Http2(connection)
            for stream in http2.requests():
                seen.append(stream)
                http2.h2.reset_stream(stream, 7)
                http2.flush()
        answer = self.ask(serve, {"messages": ["x"], "once": True})
        self.assertEqual((answer["status"], len(seen)), ("UNAVAILABLE", 1))

    def test_one_call_at_a_time_if_the_server_wants_it_so(self) -> None:
        most = 0

        def serve(connection: socket.socket, number: int) -> None:
            nonlocal most
            http2 = Http2(connection, {h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: 1})
            waiting: list[int] = []
            for event in http2.events():
                if hasattr(event, "stream_ended") and event.stream_ended:
                    waiting.append(event.stream_id)
                most = max(most, http2.h2.open_inbound_streams)
                while waiting:
                    http2.answer(waiting.pop())
        url = RawServer(self, serve).url
        tool = self.tool("rpc_run", url)
        tool.send({"id": 0, "messages": ["first"]})
        self.assertEqual(tool.answer()["status"], "OK")
        tool.send(*({"id": i, "messages": ["x"]} for i in range(1, 51)))
        self.assertEqual([answer["status"] for answer in tool.finish()[0]], ["OK"] * 50)
        self.assertEqual(most, 1)

    # ---- connections that end

    def test_calls_that_a_goaway_leaves_out_go_to_another_connection(self) -> None:
        def serve(connection: socket.socket, number: int) -> None:
            http2 = Http2(connection)
            streams = http2.requests()
            if number == 0:
                first = next(streams)
                http2.h2.close_connection(0, last_stream_id=first)
                http2.flush()
                # what it has taken up it finishes
                time.sleep(0.2)
                connection.sendall(frame(1, 4, first, bytes([0x88])) + frame(0, 1, first, b"\0\0\0\0\4last"))
                while connection.recv(65536):
                    pass
                return
            for stream in streams:
                http2.answer(stream)
        server = RawServer(self, serve)
        lines = [{"messages": [str(i)]} for i in range(8)]
        found, traffic = self.calls(server.url, *lines)
        statuses = sorted(answer["status"] for answer in found.values())
        # the one that was taken up ended without trailers
        self.assertEqual(statuses, ["OK"] * 7 + ["UNKNOWN"])
        self.assertEqual((traffic["connects"], server.accepted), (2, 2))

    def test_a_goaway_with_a_reason_shows_it(self) -> None:
        def serve(connection: socket.socket, number: int) -> None:
            http2 = Http2(connection)
            for stream in http2.requests():
                http2.h2.close_connection(11, b"too\tmany\x1bpings", last_stream_id=stream)
                http2.flush()
                return
        answer = self.ask(serve)
        self.assertEqual(answer["status"], "UNAVAILABLE")
        self.assertIn("ENHANCE_YOUR_CALM, too many?pings", answer["text"])

    def test_a_server_that_only_hangs_up_is_given_up(self) -> None:
        for serve in (lambda connection, number: None, saying(b""), saying(SETTINGS)):
            start = time.monotonic()
            answer = self.ask(serve)
            self.assertEqual(answer["status"], "UNAVAILABLE")
            self.assertRegex(answer["text"], "closed the connection|connection was lost")
            self.assertLess(time.monotonic() - start, 5)

    def test_a_server_that_ends_every_connection_is_given_up_for_all_calls_at_once(self) -> None:
        gone = frame(7, 0, 0, struct.pack(">II", 0, 0) + b"go away")
        for serve, most in ((lambda connection, number: None, 3), (saying(SETTINGS + gone), 3)):
            server = RawServer(self, serve)
            found, _ = self.calls(server.url, *({"messages": ["x"]} for _ in range(300)))
            self.assertEqual({answer["status"] for answer in found.values()}, {"UNAVAILABLE"})
            self.assertLessEqual(server.accepted, most)

    def test_a_frame_that_is_cut_ends_its_calls(self) -> None:
        head = frame(1, 4, 1, bytes([0x88, 0x5f, 16]) + b"application/grpc")
        whole = SETTINGS + head + frame(0, 0, 1, b"\0\0\0\0\2ok") + frame(0, 1, 1, b"")
        for length in range(len(SETTINGS), len(whole) - 1, 3):
            answer = self.ask(saying(whole[:length]))
            self.assertEqual(answer["status"], "UNAVAILABLE", length)

    def test_a_reset_connection_ends_its_calls(self) -> None:
        def serve(connection: socket.socket, number: int) -> None:
            http2 = Http2(connection)
            next(http2.requests())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        answer = self.ask(serve)
        self.assertEqual(answer["status"], "UNAVAILABLE")

    # ---- what is not HTTP/2

    def test_garbage_is_told_from_http2(self) -> None:
        for data in (b"\x15\x03\x01\x00\x02\x02\x46" * 9, b"SSH-2.0-OpenSSH_9.2p1 Debian\r\n" * 3,
                     bytes(range(256)) * 300, b"\xff" * 70000):
            answer = self.ask(saying(data))
            self.assertEqual(answer["status"], "UNAVAILABLE")
            self.assertRegex(answer["text"], "is not HTTP/2|broke the rules|closed the connection")

    def test_an_http1_server_is_recognised(self) -> None:
        answer = self.ask(saying(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"))
        self.assertEqual(answer["status"], "UNAVAILABLE")
        self.assertIn("answers in HTTP/1, not HTTP/2", answer["text"])

    def test_frames_that_break_the_rules_end_the_connection(self) -> None:
        for bad in (frame(0, 0, 0, b"data for no stream"), frame(1, 4, 2, b"\x88"), frame(4, 0, 1, b""),
                    frame(6, 0, 0, b"short"), frame(8, 0, 0, b"\0\0\0\0"), frame(5, 4, 1, b"\0\0\0\2\x82"),
                    frame(1, 4, 1, b"\xff\xff\xff\xff\xff"), frame(9, 4, 1, b"\x88"), frame(0, 8, 1, b"\xff")):
            answer = self.ask(saying(SETTINGS + bad))
            self.assertIn(answer["status"], ("UNAVAILABLE", "INTERNAL"), bad)

    def test_floods_end_the_connection(self) -> None:
        ping, settings = frame(6, 0, 0, b"12345678"), SETTINGS
        for flood in (ping, settings, frame(1, 0, 1, b"") + frame(9, 0, 1, b"") * 20):
            def serve(connection: socket.socket, number: int, flood: bytes = flood) -> None:
                connection.sendall(SETTINGS)
                end = time.monotonic() + 3
                while time.monotonic() < end:  # and nothing is read
                    connection.sendall(flood * 1000)
            answer = self.ask(serve, {"messages": ["x"], "timeout_ms": 8000})
            self.assertEqual(answer["status"], "UNAVAILABLE")

    # ---- silence

    def test_a_server_that_says_nothing_at_all(self) -> None:
        def serve(connection: socket.socket, number: int) -> None:
            while connection.recv(65536):
                pass
        start = time.monotonic()
        answer = self.ask(serve, {"messages": ["x"], "timeout_ms": 300})
        self.assertEqual(answer["status"], "DEADLINE_EXCEEDED")
        self.assertLess(time.monotonic() - start, 3)

    def test_a_server_that_reads_nothing_does_not_hold_a_call_past_its_deadline(self) -> None:
        done = threading.Event()
        self.addCleanup(done.set)

        def serve(connection: socket.socket, number: int) -> None:
            connection.sendall(SETTINGS + frame(8, 0, 0, struct.pack(">I", 1 << 30)))
            done.wait(20)
        start = time.monotonic()
        answer = self.ask(serve, {"messages": [1_000_000] * 30, "timeout_ms": 500})
        self.assertEqual(answer["status"], "DEADLINE_EXCEEDED")
        self.assertLess(time.monotonic() - start, 3)

    def test_a_server_that_answers_no_ping_is_lost(self) -> None:
        def serve(connection: socket.socket, number: int) -> None:
            connection.sendall(SETTINGS)
            while connection.recv(65536):
                pass
        answer = self.ask(serve, {"messages": ["x"], "timeout_ms": 9000}, keepalive_ms=150)
        self.assertEqual(answer["status"], "UNAVAILABLE")
        self.assertIn("fallen silent", answer["text"])

    def test_a_server_that_answers_pings_is_waited_for_with_ever_fewer_of_them(self) -> None:
        pings = 0

        def serve(connection: socket.socket, number: int) -> None:
            nonlocal pings
            http2 = Http2(connection)
            for event in http2.events():
                if type(event).__name__ == "PingReceived":
                    pings += 1
                if type(event).__name__ == "StreamEnded":
                    threading.Timer(2.2, http2.answer, (event.stream_id,)).start()
        answer = self.ask(serve, {"messages": ["x"], "timeout_ms": 9000}, keepalive_ms=100)
        self.assertEqual(answer["status"], "OK")
        self.assertIn(pings, (3, 4, 5))

    def test_an_address_that_swallows_everything(self) -> None:
        listener = socket.socket()
        self.addCleanup(listener.close)
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        fill = [socket.socket() for _ in range(4)]  # the queue is full: nobody else gets an answer
        for each in fill:
            self.addCleanup(each.close)
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        time.sleep(0.1)
        start = time.monotonic()
        found, _ = self.calls(f"grpc://127.0.0.1:{port}", {"timeout_ms": 9000}, {"timeout_ms": 100},
                              connect_timeout_ms=400)
        self.assertEqual([found[i]["status"] for i in (1, 2)], ["UNAVAILABLE", "DEADLINE_EXCEEDED"])
        self.assertIn("nothing answered in time", found[1]["text"])
        self.assertLess(time.monotonic() - start, 3)


if __name__ == "__main__":
    unittest.main()
