"""net/http.h against servers of Python's own library and some that are none."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import socket
import ssl
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from rpc_cases import Answer, RawServer, ToolCase  # noqa: E402
from tls import Authority, Identity  # noqa: E402

BIG = bytes(range(256)) * 20_000


class Handler(http.server.BaseHTTPRequestHandler):
    """GET /STATUS/N, /slow, /big, /to?URL (a redirect), /headers; PUT anything is kept and found by GET."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "Server"

    def log_message(self, *arguments: object) -> None:
        pass

    def reply(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self) -> None:
        with self.server.lock:
            self.server.seen.append((self.command, self.path, dict(self.headers.items())))
        kind, _, rest = self.path[1:].partition("/")
        if self.server.token and self.headers.get("authorization") != f"Bearer {self.server.token}":
            self.reply(401, b"s3cret page")
        elif kind == "status":
            self.reply(int(rest), b"body")
        elif kind == "slow":
            time.sleep(float(rest))
            self.reply(200)
        elif kind == "big":
            self.reply(200, BIG)
        elif kind == "to":
            code, _, location = rest.partition("/")
            self.reply(int(code), b"moved", {"Location": location})
        elif self.path in self.server.kept:
            self.reply(200, self.server.kept[self.path])
        else:
            self.reply(404, b"no")

    do_HEAD = do_GET

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path.startswith("/to/"):
            self.do_GET()
            return
        self.server.kept[self.path] = body
        self.reply(201)


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 256

    def __init__(self, case: unittest.TestCase, context: ssl.SSLContext | None = None, token: str = "") -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        self.kept: dict[str, bytes] = {}
        self.lock = threading.Lock()
        self.token = token
        if context:
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"http{'s' if context else ''}://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        case.addCleanup(self.server_close)
        case.addCleanup(self.shutdown)

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # clients go at any time


class Http(ToolCase):
    def requests(self, url: str, *lines: Answer, **options: object) -> tuple[dict[int, Answer], Answer]:
        tool = self.tool("http_run", url, **options)
        tool.send(*({"id": i, **line} for i, line in enumerate(lines, 1)))
        *answers, traffic = tool.finish()[0]
        found = {answer["id"]: answer for answer in answers}
        self.assertEqual(len(found), len(answers), "a request ended twice")
        self.assertEqual(sorted(found), list(range(1, len(lines) + 1)))
        return found, traffic

    def one(self, url: str, path: str = "", **line: object) -> Answer:
        return self.requests(url, {"path": path, **line})[0][1]

    def test_files_are_put_and_got(self) -> None:
        server = Server(self)
        url = server.url + "/cache/"
        found, _ = self.requests(url, {"method": "PUT", "path": "ac/1", "body": "record"},
                                 {"method": "PUT", "path": "cas/2", "body": 5_000_000},
                                 {"method": "PUT", "path": "cas/3", "body": ""})
        self.assertEqual([found[i]["status"] for i in (1, 2, 3)], [201] * 3)
        found, _ = self.requests(url, {"path": "ac/1"}, {"path": "cas/2"}, {"path": "cas/3"}, {"path": "cas/4"},
                                 {"method": "HEAD", "path": "cas/2"}, {"method": "HEAD", "path": "cas/4"})
        self.assertEqual([found[i]["status"] for i in range(1, 7)], [200, 200, 200, 404, 200, 404])
        self.assertEqual((found[1]["body"], found[2]["len"], found[3]["len"], found[5]["len"]),
                         ("record", 5_000_000, 0, 0))
        self.assertEqual(found[2]["sha256"], hashlib.sha256(b"x" * 5_000_000).hexdigest())
        self.assertEqual(sorted(server.kept), ["/cache/ac/1", "/cache/cas/2", "/cache/cas/3"])

    def test_many_requests_share_a_few_connections(self) -> None:
        server = Server(self)
        found, traffic = self.requests(server.url, *({"path": "status/200"} for _ in range(1000)), max_connections=8)
        self.assertEqual({answer["status"] for answer in found.values()}, {200})
        self.assertLessEqual(traffic["connects"], 8)
        self.assertEqual(len(server.seen), 1000)

    def test_statuses_are_answers(self) -> None:
        server = Server(self)
        for status in (204, 400, 403, 404, 429, 500, 503):
            answer = self.one(server.url, f"status/{status}")
            self.assertEqual((answer["status"], answer["text"]), (status, ""))

    def test_an_answer_that_is_too_long_is_a_failure(self) -> None:
        found, _ = self.requests(Server(self).url, {"path": "big/", "limit": len(BIG) - 1},
                                 {"path": "big/", "limit": len(BIG)})
        self.assertEqual([found[i]["status"] for i in (1, 2)], [0, 200])
        self.assertIn(f"longer than {len(BIG) - 1} bytes", found[1]["text"])
        self.assertEqual(found[1]["len"], 0)

    def test_deadlines_and_cancelling(self) -> None:
        start = time.monotonic()
        found, _ = self.requests(Server(self).url, {"path": "slow/3", "timeout_ms": 200},
                                 {"path": "slow/3", "cancel_after_ms": 100}, {"path": "slow/3", "cancel_after_ms": 0},
                                 {"path": "slow/3", "timeout_ms": 300}, {"path": "slow/0"}, max_connections=1)
        self.assertEqual([found[i]["status"] for i in range(1, 6)], [0, 0, 0, 0, 200])
        self.assertIn("no answer in time", found[1]["text"])
        self.assertIn("cancelled", found[2]["text"])
        self.assertLess(time.monotonic() - start, 2.5)

    def test_closing_ends_what_is_under_way(self) -> None:
        found, _ = self.tool_close(Server(self).url)
        self.assertEqual({answer["status"] for answer in found}, {0})

    def tool_close(self, url: str) -> tuple[list[Answer], str]:
        tool = self.tool("http_run", url, close_at_once=1)
        tool.send(*({"id": i, "path": "slow/3"} for i in range(5)))
        answers, err = tool.finish()
        return [answer for answer in answers if "id" in answer], err

    # ---- redirects

    def test_redirects_are_followed_to_the_same_scheme(self) -> None:
        server = Server(self)
        server.kept["/there"] = b"found"
        for code in (301, 302, 303, 307, 308):
            answer = self.one(server.url, f"to/{code}//there")
            self.assertEqual((answer["status"], answer["body"]), (200, "found"))

    def test_other_redirects_are_failures(self) -> None:
        server = Server(self)
        for path, method, text in (("to/302/file:///etc/passwd", "GET", "another scheme"),
                                   ("to/302/ftp://127.0.0.1/x", "GET", "another scheme"),
                                   ("to/302/https://127.0.0.1:1/x", "GET", "another scheme"),
                                   ("to/302//there", "PUT", "an upload was redirected"),
                                   ("to/302//" + "/".join(["to/302/"] * 5) + "/x", "GET", "too many redirects")):
            answer = self.one(server.url, path, method=method, body="x")
            self.assertEqual(answer["status"], 0, path)
            self.assertIn(text, answer["text"])

    def test_no_credentials_go_to_another_server(self) -> None:
        here, there = Server(self), Server(self)
        there.kept["/x"] = b"there"
        found, _ = self.requests(here.url, {"path": f"to/302/{there.url}/x"}, {"path": "to/302//status/200"},
                                 header="X-Api-Key: s3cret")
        self.assertEqual((found[1]["body"], found[2]["status"]), ("there", 200))
        self.assertNotIn("s3cret", json.dumps(there.seen))
        self.assertEqual([headers.get("x-api-key") for _, _, headers in here.seen], ["s3cret"] * 3)

    # ---- credentials

    def test_a_token_lets_us_in_and_is_asked_for_again_once(self) -> None:
        server = Server(self, token="good-s3cret")
        with tempfile.TemporaryDirectory(prefix="sepal-http.") as scratch:
            path = os.path.join(scratch, "token")
            with open(path, "w") as file:
                file.write("good-s3cret\n")
            found, _ = self.requests(server.url, {"path": "status/200"}, token_file=path)
            self.assertEqual(found[1]["status"], 200)
            count, helper = os.path.join(scratch, "count"), os.path.join(scratch, "helper")
            with open(helper, "w") as file:
                file.write(f"#!/bin/sh\necho >> {count}\nif [ `wc -l < {count}` = 1 ]; then t=old; else t=good; fi\n"
                           f"ls -l /proc/self/fd > {count}.open\n"
                           'echo \'{"headers": {"Authorization": ["Bearer \'$t-s3cret\'"]}}\'\n')
            os.chmod(helper, 0o700)
            found, _ = self.requests(server.url, *({"path": "status/200"} for _ in range(20)), helper=helper)
            self.assertEqual({answer["status"] for answer in found.values()}, {200})
            with open(f"{count}.open") as file:  # while connections were open
                self.assertNotIn("socket:", file.read())
            with open(path, "w") as file:
                file.write("bad-s3cret\n")
            found, _ = self.requests(server.url, {"path": "status/200"}, token_file=path)
            self.assertEqual(found[1]["status"], 401)

    # ---- TLS

    def test_tls_is_verified(self) -> None:
        directories = [tempfile.TemporaryDirectory(prefix="sepal-http.") for _ in range(2)]
        for directory in directories:
            self.addCleanup(directory.cleanup)
        authority, clients = (Authority(directory.name) for directory in directories)
        own, client = authority.server("IP:127.0.0.1"), clients.client()
        server = Server(self, Identity(own.certificate, own.key, clients.certificate).context())
        roots, mine = authority.certificate, {"cert": client.certificate, "key": client.key}
        for url, options, status in ((server.url, {"roots": roots, **mine}, 200),
                                     (server.url, mine, 0),
                                     (server.url, {"roots": clients.certificate, **mine}, 0),
                                     (server.url, {"roots": roots}, 0),
                                     (server.url.replace("127.0.0.1", "localhost"), {"roots": roots, **mine}, 0)):
            found, _ = self.requests(url, {"path": "status/200"}, **options)
            self.assertEqual(found[1]["status"], status, options)
            self.assertEqual(found[1]["text"].startswith(url + ": "), status == 0)
        self.assertIn("/no/such/file", self.refusal("http_run", server.url, cert="/no/such/file"))

    # ---- servers that are none

    def test_garbage_and_cuts_are_failures(self) -> None:
        for data in (b"", b"\0" * 5000, b"SSH-2.0\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfour",
                     b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", b"HTTP/1.1 200",
                     b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                     b"HTTP/1.1 200 OK\r\n" + b"X-Long: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n" * 3000):
            def serve(connection: socket.socket, number: int, data: bytes = data) -> None:
                connection.recv(65536)
                connection.sendall(data)
            answer = self.one(RawServer(self, serve).url.replace("grpc:", "http:"), "x")
            self.assertEqual(answer["status"], 0, data[:40])
            self.assertNotEqual(answer["text"], "")

    def test_an_endless_answer_is_cut_off(self) -> None:
        def serve(connection: socket.socket, number: int) -> None:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                connection.sendall(b"y" * 65536)
        answer = self.one(RawServer(self, serve).url.replace("grpc:", "http:"), "x", limit=1_000_000)
        self.assertEqual(answer["status"], 0)

    def test_a_connection_that_was_closed_meanwhile_costs_no_request(self) -> None:
        def serve(connection: socket.socket, number: int) -> None:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")  # and it goes, without a word
        found, _ = self.requests(RawServer(self, serve).url.replace("grpc:", "http:"),
                                 *({"path": str(i)} for i in range(20)), max_connections=1)
        self.assertEqual({answer["status"] for answer in found.values()}, {200})

    def test_nobody_listens(self) -> None:
        answer = self.one("http://127.0.0.1:1", "x")
        self.assertEqual(answer["status"], 0)
        self.assertTrue(answer["text"].startswith("http://127.0.0.1:1: "))


if __name__ == "__main__":
    unittest.main()
