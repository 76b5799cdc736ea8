"""An HTTP/1.1 cache of the tests' own, GET, HEAD and PUT of /ac/HASH and /cas/HASH, that does wrong on purpose.

    cache = self.start(HttpCache(fail(503, rate=0.1)))          # a ServerCase
    repo.check(".", "--remote-cache", cache.url)
    cache.calls["GET cas"], cache.sent["GET ac"], cache.entries["/cas/..."]
    cache.secrets                                                # values of Authorization and X-Api-Key that came
    cache.stop(); cache.start()                                  # same port, same entries

With `checks` it is like bazel-remote: a PUT of a blob that is not what its name says is refused (400), and so is an
action result whose message cannot be read. Without, it is like nginx. A request is "GET ac", "HEAD cas", "PUT cas".
Rules are for requests said by request=, after=, count=, rate= and seed= (chance.py):

    before it is looked up:  delay fail hang demand_token disk_full redirect
    to the answer's body:    cut wrong_bytes longer shorter endless chunked dripping
"""

from __future__ import annotations

import collections
import hashlib
import http.server
import socket
import threading
import time
from dataclasses import dataclass
from typing import Any, Callable, Iterator

from buildgrid._protos.build.bazel.remote.execution.v2 import remote_execution_pb2 as re
from chance import Chance
from google.protobuf.message import DecodeError
from servers import Port

HASH_DIGITS = 64
PIECE = 65536
SECRET_HEADERS = ("authorization", "x-api-key")


@dataclass
class Answer:
    """What will be sent; rules change it. The length is announced unless `chunked`; `pause` comes after each piece."""

    status: int
    body: bytes = b""
    announced: int | None = None
    chunked: bool = False
    piece: int = PIECE
    pause: float = 0.0
    close: bool = False
    endless: bool = False

    def headers(self) -> Iterator[tuple[str, str]]:
        if self.chunked or self.endless:
            yield "Transfer-Encoding", "chunked"
        else:
            yield "Content-Length", str(len(self.body) if self.announced is None else self.announced)
        if self.close:
            yield "Connection", "close"


@dataclass
class Rule(Chance):
    """For `requests` that have one of these in them ("GET", "ac", "PUT cas"), or for all if empty. `before` may
    answer at once; `answer` changes what would be sent."""

    requests: tuple[str, ...] = ()
    before: Callable[["Handler"], Answer | None] | None = None
    answer: Callable[[Answer], None] | None = None

    def matches(self, call: str) -> bool:
        return not self.requests or any(wanted in call for wanted in self.requests)


def rule(options: dict[str, Any], *default: str, **what: Any) -> Rule:
    request = options.pop("request", None)
    options.setdefault("requests", (request,) if request else default)
    return Rule(**options, **what)


def delay(seconds: float, **options: Any) -> Rule:
    return rule(options, before=lambda handler: time.sleep(seconds))


def fail(status: int, body: bytes = b"made to fail by the test\n", **options: Any) -> Rule:
    return rule(options, before=lambda handler: Answer(status, body))


def disk_full(**options: Any) -> Rule:
    return rule(options, "PUT", before=lambda handler: Answer(507, b"no space left on device\n"))


def hang(seconds: float = 3600.0, **options: Any) -> Rule:
    """No answer until the caller gives up."""
    return rule(options, before=lambda handler: handler.wait_for_caller(seconds))


def demand_token(*tokens: str, **options: Any) -> Rule:
    accepted = {f"Bearer {token}" for token in tokens}
    return rule(options, before=lambda handler: None if handler.headers.get("Authorization") in accepted
                else Answer(401, b"a valid token is needed\n"))


def redirect(to: str, **options: Any) -> Rule:
    """To the same path elsewhere: nobody should take a secret there."""

    def send(handler: "Handler") -> Answer:
        handler.extra.append(("Location", to + handler.path))
        return Answer(302)

    return rule(options, before=send)


def of_bodies(change: Callable[[Answer], None], options: dict[str, Any]) -> Rule:
    """Only answers that found something are changed."""

    def found(answer: Answer) -> None:
        if answer.status == 200:
            change(answer)

    return rule(options, "GET", answer=found)


def cut(after_bytes: int, **options: Any) -> Rule:
    """The connection ends before the announced length is there."""

    def change(answer: Answer) -> None:
        if len(answer.body) > after_bytes:
            answer.announced, answer.body, answer.close = len(answer.body), answer.body[:after_bytes], True

    return of_bodies(change, options)


def wrong_bytes(**options: Any) -> Rule:
    def change(answer: Answer) -> None:
        answer.body = answer.body[:-1] + bytes([answer.body[-1] ^ 1]) if answer.body else b"\0"

    return of_bodies(change, options)


def longer(by: int, **options: Any) -> Rule:
    def change(answer: Answer) -> None:
        answer.body += bytes(by)

    return of_bodies(change, options)


def shorter(by: int, **options: Any) -> Rule:
    def change(answer: Answer) -> None:
        answer.body = answer.body[:max(0, len(answer.body) - by)]

    return of_bodies(change, options)


def chunked(piece: int = 1000, **options: Any) -> Rule:
    """No length is announced. That is allowed."""

    def change(answer: Answer) -> None:
        answer.chunked, answer.piece = True, piece

    return of_bodies(change, options)


def dripping(piece: int, pause: float, **options: Any) -> Rule:
    def change(answer: Answer) -> None:
        answer.piece, answer.pause = piece, pause

    return of_bodies(change, options)


def endless(**options: Any) -> Rule:
    """It goes on until the caller has enough."""

    def change(answer: Answer) -> None:
        answer.endless = True

    return of_bodies(change, options)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Listener"
    extra: list[tuple[str, str]]

    def log_message(self, *_: Any) -> None:
        """Not into the test's output."""

    def handle(self) -> None:
        with self.server.cache.lock:
            self.server.cache.open.add(self.connection)
        try:
            super().handle()
        except (ConnectionError, OSError):
            pass  # callers that went away, and stop()
        finally:
            with self.server.cache.lock:
                self.server.cache.open.discard(self.connection)

    def wait_for_caller(self, seconds: float) -> Answer:
        self.connection.settimeout(seconds)
        try:
            self.connection.recv(1)
        except OSError:
            pass
        raise ConnectionAbortedError

    def do_GET(self) -> None:
        self.act()

    do_HEAD = do_PUT = do_GET

    def act(self) -> None:
        cache, self.extra = self.server.cache, []
        kind, _, name = self.path.strip("/").rpartition("/")
        request = f"{self.command} {kind}"
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        cache.count(cache.calls, request)
        cache.secrets += [value for name, value in self.headers.items() if name.lower() in SECRET_HEADERS]
        cache.count(cache.received, request, len(body))
        rules = [one for one in list(cache.rules) if one.fits(request)]
        answer = None
        for one in rules:
            if one.before and answer is None:
                answer = one.before(self)
        if answer is None:
            known = kind.rpartition("/")[2] in ("ac", "cas") and len(name) == HASH_DIGITS
            answer = cache.answer(self.command, self.path, body) if known else Answer(404)
        for one in rules:
            if one.answer:
                one.answer(answer)
        if answer.status >= 400:
            cache.count(cache.failed, request)
        self.send(request, answer)

    def send(self, request: str, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in (*self.extra, *answer.headers()):
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = self.close_connection or answer.close
        if self.command == "HEAD":
            return
        in_chunks = answer.chunked or answer.endless
        start = 0
        while start < len(answer.body) or answer.endless:
            piece = answer.body[start:start + answer.piece] or bytes(answer.piece)
            start += len(piece)
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if in_chunks else piece)
            self.server.cache.count(self.server.cache.sent, request, len(piece))
            time.sleep(answer.pause)
        if in_chunks:
            self.wfile.write(b"0\r\n\r\n")


class Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 512

    def __init__(self, cache: "HttpCache") -> None:
        self.cache = cache
        super().__init__(("127.0.0.1", cache.port.number), Handler, bind_and_activate=False)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self.server_bind()
        self.server_activate()
        if cache.tls:
            self.socket = cache.tls.context().wrap_socket(self.socket, server_side=True,
                                                          do_handshake_on_connect=False)

    def handle_error(self, *_: Any) -> None:
        """A handshake that the caller broke off, most often; the caller says what is wrong."""


class HttpCache:
    def __init__(self, *rules: Rule, checks: bool = True, tls: Any = None) -> None:
        self.rules, self.checks, self.tls = list(rules), checks, tls
        self.port = Port()
        self.entries: dict[str, bytes] = {}
        self.open: set[socket.socket] = set()
        self.lock = threading.Lock()
        self._listener: Listener | None = None
        self.reset()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port.number}"

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.address}"

    def reset(self) -> None:
        """Counters to zero: requests that came, those that ended with 400 and above, bytes of bodies."""
        self.calls: collections.Counter[str] = collections.Counter()
        self.failed: collections.Counter[str] = collections.Counter()
        self.received: collections.Counter[str] = collections.Counter()
        self.sent: collections.Counter[str] = collections.Counter()
        self.secrets: list[str] = []

    def start(self) -> None:
        self._listener = Listener(self)
        threading.Thread(target=self._listener.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        if self._listener:
            self._listener.shutdown()
            self._listener.server_close()
            self._listener = None
        with self.lock:
            still_open = list(self.open)
        for connection in still_open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    kill = stop

    def delete(self) -> None:
        self.port.close()

    def count(self, which: collections.Counter[str], request: str, amount: int = 1) -> None:
        with self.lock:
            which[request] += amount

    def answer(self, command: str, path: str, body: bytes) -> Answer:
        if command != "PUT":
            found = self.entries.get(path)
            return Answer(404) if found is None else Answer(200, found)
        kind, _, name = path.rpartition("/")
        if self.checks and kind.endswith("/cas") and hashlib.sha256(body).hexdigest() != name:
            return Answer(400, b"the hash is another one\n")
        if self.checks and kind.endswith("/ac"):
            try:
                re.ActionResult.FromString(body)
            except DecodeError:
                return Answer(400, b"this is no action result\n")
        self.entries[path] = body
        return Answer(200)
