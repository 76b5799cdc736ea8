"""A gRPC proxy that does wrong on purpose: real HTTP/2 on both sides, messages passed on as bytes, and rules about
which call gets what trouble.

    proxy = self.start(FaultProxy(casd.address, fail("UNAVAILABLE", rate=0.05), delay(0.2)))   # a ServerCase
    repo.check(".", "--remote-cache", proxy.url)
    proxy.calls["FindMissingBlobs"], proxy.sent["ByteStream/Read"]      # what came through, by method
    proxy.rules[:] = [token_expires_after(10)]                          # rules can change at any time
    proxy.stop(); proxy.start()                                         # and so can the proxy, on the same port

Methods are named by the end of their path: "BatchReadBlobs", "ByteStream/Read", "Execution/Execute". Counters have the
shortest name that is clear (see `short`). Which calls a rule is for is said by method=, after=, count=, rate= and seed=
(chance.py). All rules that fit a call are applied, in order.

Rules, by what they do:
    before the server is asked:   delay fail hang token_expires_after demand_token disk_full at_call
    in the middle of a stream:    cut cut_upload
    to each message of an answer: change wrong_bytes truncated garbage oversized twice disk_full_for_each announce
    of several kinds:             read_only, which is a list of rules
"""

from __future__ import annotations

import collections
import random
import threading
import time
from concurrent import futures
from dataclasses import dataclass
from typing import Any, Callable, Iterator

import grpc
from buildgrid._protos.build.bazel.remote.execution.v2 import remote_execution_pb2 as re
from buildgrid._protos.google.bytestream import bytestream_pb2 as bs
from chance import Chance
from servers import Port

WRITES = ("BatchUpdateBlobs", "ByteStream/Write", "UpdateActionResult")
READS = ("BatchReadBlobs", "ByteStream/Read")
HOP_HEADERS = {"te", "content-type", "user-agent", "grpc-accept-encoding", "grpc-timeout", "accept-encoding"}
RESOURCE_EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]


def short(method: str) -> str:
    """ "BatchReadBlobs" of /build.bazel.remote.execution.v2.ContentAddressableStorage/BatchReadBlobs, but
    "ByteStream/Read": Read and Write say too little."""
    service, _, name = method.rpartition("/")
    service = service.rpartition(".")[2]
    return f"{service}/{name}" if service == "ByteStream" else name


@dataclass
class Call:
    """One call on its way: `context` is gRPC's, `notes` are the rules' own."""

    method: str
    context: Any
    notes: dict[str, Any]


@dataclass
class Rule(Chance):
    """For calls of `methods`, or of all if empty. `before` may end the call by context.abort; `request` makes another
    message of one of the caller, `message` others of one of the answer; the limits are bytes of messages, after which
    the stream is cut."""

    methods: tuple[str, ...] = ()
    before: Callable[[Call], None] | None = None
    request: Callable[[Call, bytes], bytes] | None = None
    message: Callable[[Call, bytes], list[bytes]] | None = None
    answer_limit: int | None = None
    upload_limit: int | None = None

    def matches(self, call: str) -> bool:
        return not self.methods or any(call.endswith(name) for name in self.methods)


def methods_of(options: dict[str, Any], *default: str) -> dict[str, Any]:
    """`method="Execute"` for one, `methods=(...)` for some, or the default."""
    method = options.pop("method", None)
    if method:
        options["methods"] = (method,)
    options.setdefault("methods", default)
    return options


# ---- before the server is asked


def delay(seconds: float, **options: Any) -> Rule:
    return Rule(before=lambda call: time.sleep(seconds), **methods_of(options))


def fail(status: str, message: str = "made to fail by the test", **options: Any) -> Rule:
    return Rule(before=lambda call: call.context.abort(grpc.StatusCode[status], message), **methods_of(options))


def hang(seconds: float = 3600.0, **options: Any) -> Rule:
    """No answer until the caller gives up."""

    def wait(call: Call) -> None:
        end = time.monotonic() + seconds
        while call.context.is_active() and time.monotonic() < end:
            time.sleep(0.01)

    return Rule(before=wait, **methods_of(options))


def token_expires_after(calls: int, **options: Any) -> Rule:
    return fail("UNAUTHENTICATED", "the token has expired", after=calls, **options)


def demand_token(*tokens: str, **options: Any) -> Rule:
    """Only calls with `authorization: Bearer TOKEN` come through."""
    accepted = {f"Bearer {token}" for token in tokens}

    def look(call: Call) -> None:
        given = [value for name, value in call.context.invocation_metadata() if name == "authorization"]
        if len(given) != 1 or given[0] not in accepted:
            call.context.abort(grpc.StatusCode.UNAUTHENTICATED, "a valid token is needed")

    return Rule(before=look, **methods_of(options))


def disk_full(**options: Any) -> Rule:
    """Every way to write ends with RESOURCE_EXHAUSTED."""
    return fail("RESOURCE_EXHAUSTED", "no space left on device", **methods_of(options, *WRITES))


def at_call(number: int, do: Callable[[], None], **options: Any) -> Rule:
    """Does something once, in a thread of its own, when this call comes (the first is 1): `at_call(20, casd.kill)`."""
    return Rule(before=lambda call: threading.Thread(target=do).start(), after=number - 1, count=1,
                **methods_of(options))


# ---- in the middle of a stream


def cut(after_bytes: int, **options: Any) -> Rule:
    """The answer breaks off, with UNAVAILABLE, after so many bytes of messages."""
    return Rule(answer_limit=after_bytes, **methods_of(options, "ByteStream/Read"))


def cut_upload(after_bytes: int, **options: Any) -> Rule:
    return Rule(upload_limit=after_bytes, **methods_of(options, "ByteStream/Write"))


# ---- to each message of an answer


def change(how: Callable[[Call, bytes], list[bytes]], **options: Any) -> Rule:
    return Rule(message=how, **methods_of(options))


def flipped(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1]) if data else b"\0"


def wrong_bytes(**options: Any) -> Rule:
    """Blobs of the right length that are not what their digest says."""

    def alter(call: Call, message: bytes) -> list[bytes]:
        answer = re.BatchReadBlobsResponse() if call.method.endswith("BatchReadBlobs") else bs.ReadResponse()
        answer.ParseFromString(message)
        for part in getattr(answer, "responses", [answer]):
            part.data = flipped(part.data)
        return [answer.SerializeToString()]

    return Rule(message=alter, **methods_of(options, *READS))


def truncated(**options: Any) -> Rule:
    """Half of each message: what the encoding announces is not there."""
    return Rule(message=lambda call, message: [message[:len(message) // 2]], **methods_of(options))


def garbage(length: int = 1000, **options: Any) -> Rule:
    source = random.Random(options.get("seed", 1))
    return Rule(message=lambda call, message: [source.randbytes(length)], **methods_of(options))


def oversized(length: int, **options: Any) -> Rule:
    """A well-formed message that is longer by a field nobody knows (number 2000, bytes)."""
    head, size = bytearray(b"\x82\x7d"), length
    while size > 0x7F:
        head.append(size & 0x7F | 0x80)
        size >>= 7
    head.append(size)
    return Rule(message=lambda call, message: [message + bytes(head) + bytes(length)], **methods_of(options))


def twice(**options: Any) -> Rule:
    """Each message two times, where the method has one only, too."""
    return Rule(message=lambda call, message: [message, message], **methods_of(options))


def disk_full_for_each(**options: Any) -> Rule:
    """BatchUpdateBlobs succeeds, keeps nothing, and says of each blob that there was no room."""

    def ask(call: Call, message: bytes) -> bytes:
        request = re.BatchUpdateBlobsRequest.FromString(message)
        call.notes["refused"] = [one.digest for one in request.requests]
        del request.requests[:]
        return request.SerializeToString()

    def answer(call: Call, message: bytes) -> list[bytes]:
        said = re.BatchUpdateBlobsResponse()
        for digest in call.notes["refused"]:
            status = said.responses.add(digest=digest).status
            status.code, status.message = RESOURCE_EXHAUSTED, "no space left on device"
        return [said.SerializeToString()]

    return Rule(request=ask, message=answer, **methods_of(options, "BatchUpdateBlobs"))


def read_only() -> list[Rule]:
    """As a server says and does it that lets this caller only read: `FaultProxy(address, *read_only())`."""

    def edit(said: Any) -> None:
        said.cache_capabilities.action_cache_update_capabilities.update_enabled = False

    return [announce(edit), fail("PERMISSION_DENIED", "only reading is allowed", methods=WRITES)]


def announce(edit: Callable[[Any], None]) -> Rule:
    """Other capabilities: `announce(lambda said: setattr(said.low_api_version, "major", 3))`."""

    def alter(call: Call, message: bytes) -> list[bytes]:
        said = re.ServerCapabilities.FromString(message)
        edit(said)
        return [said.SerializeToString()]

    return Rule(message=alter, methods=("GetCapabilities",))


# ---- the proxy


class Broken(Exception):
    """A stream reached the limit of a rule."""


class FaultProxy:
    """`target` HOST:PORT is asked in plain text. With `tls` (tls.Identity) the proxy itself speaks TLS, and wants a
    client certificate if the identity says so. `options` are gRPC's for the server's side."""

    def __init__(self, target: str, *rules: Rule, tls: Any = None, options: tuple[tuple[str, Any], ...] = ()) -> None:
        self.target, self.rules, self.tls, self.options = target, list(rules), tls, options
        self.port = Port()
        self._lock = threading.Lock()
        self._server: grpc.Server | None = None
        self.reset()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port.number}"

    @property
    def url(self) -> str:
        return f"{'grpcs' if self.tls else 'grpc'}://{self.address}"

    def reset(self) -> None:
        """Counters to zero: calls that came, calls that ended badly, bytes of messages to and from the caller."""
        self.calls: collections.Counter[str] = collections.Counter()
        self.failed: collections.Counter[str] = collections.Counter()
        self.received: collections.Counter[str] = collections.Counter()
        self.sent: collections.Counter[str] = collections.Counter()

    def start(self) -> None:
        unlimited = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        self._channel = grpc.insecure_channel(self.target, [*unlimited, ("grpc.enable_retries", 0),
                                                            ("grpc.max_reconnect_backoff_ms", 200)])
        self._server = grpc.server(futures.ThreadPoolExecutor(128), options=[*unlimited, *self.options])
        self._server.add_generic_rpc_handlers((Handlers(self),))
        if self.tls:
            self._server.add_secure_port(self.address, self.tls.grpc_credentials())
        else:
            self._server.add_insecure_port(self.address)
        self._server.start()

    def stop(self) -> None:
        """Connections are closed at once, calls on them break."""
        if self._server:
            self._server.stop(0).wait()
            self._channel.close()
            self._server = None

    kill = stop

    def delete(self) -> None:
        self.port.close()

    def count(self, which: collections.Counter[str], method: str, amount: int = 1) -> None:
        with self._lock:
            which[short(method)] += amount

    def call(self, method: str, requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
        """Every method is passed on as if both sides were streams: on the wire there is no difference."""
        self.count(self.calls, method)
        try:
            rules = [rule for rule in list(self.rules) if rule.fits(method)]
            call = Call(method, context, {})
            for rule in rules:
                if rule.before:
                    rule.before(call)
            yield from self._pass_on(call, requests, rules)
        except Broken as broken:
            self.count(self.failed, method)
            context.abort(grpc.StatusCode.UNAVAILABLE, str(broken))
        except BaseException:
            self.count(self.failed, method)
            raise

    def _pass_on(self, call: Call, requests: Iterator[bytes], rules: list[Rule]) -> Iterator[bytes]:
        method, context = call.method, call.context
        upload_limit = min((rule.upload_limit for rule in rules if rule.upload_limit is not None), default=None)
        answer_limit = min((rule.answer_limit for rule in rules if rule.answer_limit is not None), default=None)
        uploaded = threading.Event()  # as much as the limit allows

        def counted() -> Iterator[bytes]:
            total = 0
            for request in requests:
                self.count(self.received, method, len(request))
                total += len(request)
                if upload_limit is not None and total > upload_limit:
                    uploaded.set()
                    answers.cancel()
                    return
                for rule in rules:
                    request = rule.request(call, request) if rule.request else request
                yield request

        metadata = [(name, value) for name, value in context.invocation_metadata()
                    if name not in HOP_HEADERS and not name.startswith(":")]
        answers = self._channel.stream_stream(method)(counted(), metadata=metadata, timeout=context.time_remaining(),
                                                      wait_for_ready=False)
        context.add_callback(answers.cancel)
        total = 0
        try:
            for answer in answers:
                for message in altered(call, answer, rules):
                    total += len(message)
                    if answer_limit is not None and total > answer_limit:
                        answers.cancel()
                        raise Broken("the answer was cut by the test")
                    self.count(self.sent, method, len(message))
                    yield message
        except grpc.RpcError as error:
            if uploaded.is_set():
                raise Broken("the upload was cut by the test") from None
            context.set_trailing_metadata(answers.trailing_metadata() or ())
            context.abort(error.code(), error.details() or "")


def altered(call: Call, message: bytes, rules: list[Rule]) -> list[bytes]:
    messages = [message]
    for rule in rules:
        if rule.message:
            messages = [new for old in messages for new in rule.message(call, old)]
    return messages


class Handlers(grpc.GenericRpcHandler):
    def __init__(self, proxy: FaultProxy) -> None:
        self.proxy = proxy

    def service(self, details: Any) -> grpc.RpcMethodHandler:
        method = details.method
        return grpc.stream_stream_rpc_method_handler(
            lambda requests, context: self.proxy.call(method, requests, context))
