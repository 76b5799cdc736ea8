"""What the tests of src/net share: the programs rpc_run and http_run, a gRPC server of the tests' own, and servers that
are made of a function over a socket, to do what no decent server does."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
import time
import unittest
from concurrent import futures
from typing import Any, Callable, Iterator

os.environ.update(GRPC_VERBOSITY="NONE", GRPC_ENABLE_FORK_SUPPORT="0")

import grpc  # noqa: E402
import h2.config  # noqa: E402
import h2.connection  # noqa: E402
import h2.events  # noqa: E402

from kept import setting  # noqa: E402

SECONDS = 60.0
Answer = dict[str, Any]


class Tool:
    """rpc_run or http_run, started."""

    def __init__(self, name: str, url: str, **options: object) -> None:
        program = os.path.join(setting("SEPAL_BUILD", "the build directory"), "tests", "lib", name)
        env = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
        argv = [program, url, *(f"{key}={value}" for key, value in options.items())]
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True, env=env)

    def send(self, *lines: Answer) -> None:
        assert self.process.stdin
        self.process.stdin.write("".join(json.dumps(line) + "\n" for line in lines))
        self.process.stdin.flush()

    def answer(self) -> Answer:
        """The next line that it writes."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError("it ended:\n" + self.process.communicate(timeout=SECONDS)[1])
        answer: Answer = json.loads(line)
        return answer

    def finish(self) -> tuple[list[Answer], str]:
        """All answers that are left, and what it wrote to standard error."""
        out, err = self.process.communicate(timeout=SECONDS)
        if self.process.returncode not in (0, 3):
            raise AssertionError(f"status {self.process.returncode}:\n{err}")
        return [json.loads(line) for line in out.splitlines()], err


class ToolCase(unittest.TestCase):
    maxDiff = None

    def tool(self, name: str, url: str, **options: object) -> Tool:
        tool = Tool(name, url, **options)
        self.addCleanup(self._end, tool)
        return tool

    def _end(self, tool: Tool) -> None:
        if tool.process.poll() is None:
            tool.process.kill()
        tool.process.communicate()

    def calls(self, url: str, *lines: Answer, **options: object) -> tuple[dict[int, Answer], Answer]:
        """What became of calls, by id (they get numbers if they have none), and the channel's counters."""
        tool = self.tool("rpc_run", url, **options)
        numbered = [line if "sleep_ms" in line or "close" in line else {"id": i, **line}
                    for i, line in enumerate(lines, 1)]
        tool.send(*numbered)
        # counters are asked for when all calls have ended
        wanted, found = {line["id"] for line in numbered if "id" in line}, {}
        while wanted - set(found):
            answer = tool.answer()
            self.assertNotIn(answer["id"], found, "a call ended twice")
            found[answer["id"]] = answer
        if any("close" in line for line in lines):
            rest, err = tool.finish()
            self.assertEqual((rest, err), ([], ""))
            return found, {}
        tool.send({"traffic": True})
        rest, err = tool.finish()
        self.assertEqual(err, "")
        return found, rest[0]

    def call(self, url: str, line: Answer | None = None, **options: object) -> Answer:
        return self.calls(url, line or {"messages": ["hello"]}, **options)[0][1]

    def refusal(self, name: str, url: str, **options: object) -> str:
        """What it says instead of beginning."""
        answers, err = self.tool(name, url, **options).finish()
        self.assertEqual(answers, [])
        self.assertNotEqual(err, "")
        return err


# ---- a server by gRPC's own library


class Methods(grpc.GenericRpcHandler):
    """/t.T/Echo, Meta (what came along), Fail:STATUS, Slow (seconds), Many (count), Sum (stream), Bidi, Early (answers
    before it has read)."""

    def __init__(self) -> None:
        self.active = 0
        self.cancelled = threading.Event()

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        name, _, argument = details.method.rsplit("/", 1)[1].partition(":")

        def fail(request: bytes, context: grpc.ServicerContext) -> bytes:
            context.abort(grpc.StatusCode[argument], request.decode())

        def slow(request: bytes, context: grpc.ServicerContext) -> bytes:
            context.add_callback(self.cancelled.set)
            time.sleep(float(request))
            return request

        def meta(request: bytes, context: grpc.ServicerContext) -> bytes:
            seen = [[key, value if isinstance(value, str) else value.decode("latin-1")]
                    for key, value in context.invocation_metadata()]
            return json.dumps([*seen, ["remaining", context.time_remaining()]]).encode()

        def many(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
            for number in range(int(request)):
                yield b"%d" % number

        def early(requests: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
            return b"early"

        unary, stream = grpc.unary_unary_rpc_method_handler, grpc.stream_unary_rpc_method_handler
        return {
            "Echo": lambda: unary(lambda request, context: request),
            "Fail": lambda: unary(fail),
            "Slow": lambda: unary(slow),
            "Meta": lambda: unary(meta),
            "Many": lambda: grpc.unary_stream_rpc_method_handler(many),
            "Sum": lambda: stream(lambda requests, context: b"%d" % sum(map(len, requests))),
            "Early": lambda: stream(early),
            "Bidi": lambda: grpc.stream_stream_rpc_method_handler(lambda requests, context: requests),
        }.get(name, lambda: None)()


class GrpcServer:
    """Ends with the test; `port` 0 is any. `credentials` of grpc.ssl_server_credentials make it a TLS server."""

    def __init__(self, case: unittest.TestCase, port: int = 0, credentials: grpc.ServerCredentials | None = None,
                 interceptors: tuple[grpc.ServerInterceptor, ...] = (), threads: int = 8,
                 options: tuple[tuple[str, int], ...] = ()) -> None:
        unlimited = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))
        self.methods = Methods()
        self.server = grpc.server(futures.ThreadPoolExecutor(threads), (self.methods,), interceptors,
                                  options=(*unlimited, *options))
        address = f"127.0.0.1:{port}"
        self.port = (self.server.add_secure_port(address, credentials) if credentials
                     else self.server.add_insecure_port(address))
        self.server.start()
        case.addCleanup(self.stop)
        self.url = f"grpc{'s' if credentials else ''}://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self.server.stop(0).wait()


# ---- a server that is a function


class RawServer:
    """Accepts connections, each of which `serve(socket, number)` handles in a thread of its own, from 0."""

    def __init__(self, case: unittest.TestCase, serve: Callable[[socket.socket, int], None]) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"grpc://127.0.0.1:{self.port}"
        self.accepted = 0
        self.sockets: list[socket.socket] = []
        self.serve = serve
        threading.Thread(target=self._accept, daemon=True).start()
        case.addCleanup(self.stop)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.sockets.append(connection)
            threading.Thread(target=self._run, args=(connection, self.accepted), daemon=True).start()
            self.accepted += 1

    def _run(self, connection: socket.socket, number: int) -> None:
        with connection:
            try:
                self.serve(connection, number)
            except OSError:
                pass  # the client may go at any time

    def stop(self) -> None:
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # closed already
        self.listener.close()
        for connection in self.sockets:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Http2:
    """The server's side of one HTTP/2 connection, by the h2 package, for RawServer."""

    def __init__(self, connection: socket.socket, settings: dict[int, int] | None = None) -> None:
        self.socket = connection
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(
            client_side=False, validate_outbound_headers=False, normalize_outbound_headers=False))
        self.h2.initiate_connection()
        if settings:
            self.h2.update_settings(settings)
        self.flush()

    def flush(self) -> None:
        self.socket.sendall(self.h2.data_to_send())

    def events(self) -> Iterator[h2.events.Event]:
        """Until the client has closed the connection."""
        while True:
            data = self.socket.recv(65536)
            if not data:
                return
            for event in self.h2.receive_data(data):
                if isinstance(event, h2.events.DataReceived):
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                yield event
            self.flush()

    def requests(self) -> Iterator[int]:
        """Streams whose request is whole."""
        for event in self.events():
            if isinstance(event, h2.events.StreamEnded):
                assert event.stream_id
                yield event.stream_id

    def answer(self, stream: int, data: bytes = b"\0\0\0\0\2ok", trailers: dict[str, str] | None = None,
               headers: dict[str, str] | None = None) -> None:
        head = {":status": "200", "content-type": "application/grpc", **(headers or {})}
        tail = {"grpc-status": "0"} if trailers is None else trailers
        self.h2.send_headers(stream, list(head.items()))
        if data:
            self.h2.send_data(stream, data, end_stream=not tail)
        if tail:
            self.h2.send_headers(stream, list(tail.items()), end_stream=True)
        self.flush()
