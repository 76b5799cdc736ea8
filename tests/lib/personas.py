"""Servers that cannot be installed here, in what a client notices of them.

    cache = self.start(BazelRemote())                     # gRPC with Zstandard, and the same entries over HTTP
    repo.check(".", "--remote-cache", cache.url)          # or cache.http.url
    cache.entries, cache.calls, cache.compressed          # what is there; calls by method; blobs that came compressed

    barn = self.start(FaultProxy(casd.address, *buildbarn(casd.address)))

BazelRemote announces REAPI 2.0 to 2.3 and Zstandard, in batches and byte streams; the committed size of a compressed
upload counts compressed bytes; any instance name will do; an action result is found only if its outputs are there, and
over HTTP only if it can be decoded. buildbarn() makes another execution server of casd: 2.3 to 2.12, Execute does not
look into the action cache, and what is missing is said by FAILED_PRECONDITION in the response, with the blobs named.
"""

from __future__ import annotations

import collections
import hashlib
import threading
from concurrent import futures
from typing import Any, Callable, Iterator

import faults
import grpc
import zstandard
from buildgrid._protos.build.bazel.remote.execution.v2 import remote_execution_pb2 as re
from buildgrid._protos.google.bytestream import bytestream_pb2 as bs
from buildgrid._protos.google.longrunning import operations_pb2
from buildgrid._protos.google.rpc import error_details_pb2
from faults_http import HttpCache
from reapi import Client
from servers import Port

PACKAGE = "build.bazel.remote.execution.v2."
ZSTD = re.Compressor.ZSTD
NOT_FOUND, INVALID_ARGUMENT = grpc.StatusCode.NOT_FOUND.value[0], grpc.StatusCode.INVALID_ARGUMENT.value[0]
FAILED_PRECONDITION, INTERNAL = grpc.StatusCode.FAILED_PRECONDITION.value[0], grpc.StatusCode.INTERNAL.value[0]
PIECE = 1 << 16
BLOB_LIMIT = 1 << 30


def compress(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


def decompress(data: bytes) -> bytes:
    """Also of a frame that does not say how long it is, and of several frames."""
    with zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True) as reader:
        return reader.read(BLOB_LIMIT)


class BazelRemote:
    def __init__(self, zstd: bool = True, tls: Any = None, max_streams: int = 0) -> None:
        self.zstd, self.tls = zstd, tls
        self.options = [("grpc.max_concurrent_streams", max_streams)] if max_streams else []
        self.port = Port()
        self.http = HttpCache(tls=tls)
        self.entries = self.http.entries
        self.calls: collections.Counter[str] = collections.Counter()
        self.compressed: collections.Counter[str] = collections.Counter()
        self._lock = threading.Lock()
        self._server: grpc.Server | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port.number}"

    @property
    def url(self) -> str:
        return f"{'grpcs' if self.tls else 'grpc'}://{self.address}"

    def start(self) -> None:
        self.http.start()
        options = [("grpc.max_send_message_length", -1), *self.options]
        self._server = grpc.server(futures.ThreadPoolExecutor(64), options=options)
        for service, methods in self._services().items():
            self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, methods),))
        if self.tls:
            self._server.add_secure_port(self.address, self.tls.grpc_credentials())
        else:
            self._server.add_insecure_port(self.address)
        self._server.start()

    def stop(self) -> None:
        self.http.stop()
        if self._server:
            self._server.stop(0).wait()
            self._server = None

    def delete(self) -> None:
        self.http.delete()
        self.port.close()

    # ---- the services

    def _services(self) -> dict[str, dict[str, grpc.RpcMethodHandler]]:
        def unary(name: str, request: Any, answer: Callable[[Any, Any], Any]) -> grpc.RpcMethodHandler:
            return grpc.unary_unary_rpc_method_handler(self._counted(name, answer), request.FromString,
                                                       lambda message: message.SerializeToString())

        return {
            PACKAGE + "Capabilities": {
                "GetCapabilities": unary("GetCapabilities", re.GetCapabilitiesRequest, self._capabilities)},
            PACKAGE + "ActionCache": {
                "GetActionResult": unary("GetActionResult", re.GetActionResultRequest, self._get),
                "UpdateActionResult": unary("UpdateActionResult", re.UpdateActionResultRequest, self._update)},
            PACKAGE + "ContentAddressableStorage": {
                "FindMissingBlobs": unary("FindMissingBlobs", re.FindMissingBlobsRequest, self._find_missing),
                "BatchUpdateBlobs": unary("BatchUpdateBlobs", re.BatchUpdateBlobsRequest, self._batch_update),
                "BatchReadBlobs": unary("BatchReadBlobs", re.BatchReadBlobsRequest, self._batch_read)},
            "google.bytestream.ByteStream": {
                "Read": grpc.unary_stream_rpc_method_handler(
                    self._counted("ByteStream/Read", self._read), bs.ReadRequest.FromString,
                    lambda message: message.SerializeToString()),
                "Write": grpc.stream_unary_rpc_method_handler(
                    self._counted("ByteStream/Write", self._write), bs.WriteRequest.FromString,
                    lambda message: message.SerializeToString())},
        }

    def _counted(self, name: str, answer: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        def count(request: Any, context: Any) -> Any:
            with self._lock:
                self.calls[name] += 1
            return answer(request, context)

        return count

    def _capabilities(self, request: Any, context: Any) -> Any:
        said = re.ServerCapabilities()
        said.low_api_version.major, said.high_api_version.major, said.high_api_version.minor = 2, 2, 3
        cache = said.cache_capabilities
        cache.digest_functions.append(re.DigestFunction.SHA256)
        cache.action_cache_update_capabilities.update_enabled = True
        cache.symlink_absolute_path_strategy = re.SymlinkAbsolutePathStrategy.ALLOWED
        if self.zstd:
            cache.supported_compressors.append(ZSTD)
            cache.supported_batch_update_compressors.append(ZSTD)
        return said

    def _has(self, digest: Any) -> bool:
        return not digest.size_bytes or f"/cas/{digest.hash}" in self.entries

    def _get(self, request: Any, context: Any) -> Any:
        found = self.entries.get(f"/ac/{request.action_digest.hash}")
        if found is None:
            context.abort(grpc.StatusCode.NOT_FOUND, "no such action result")
        result = re.ActionResult.FromString(found)
        named = [output.digest for output in result.output_files] + [result.stdout_digest, result.stderr_digest]
        if not all(map(self._has, named)):
            context.abort(grpc.StatusCode.NOT_FOUND, "an output of the action result is missing")
        return result

    def _update(self, request: Any, context: Any) -> Any:
        self.entries[f"/ac/{request.action_digest.hash}"] = request.action_result.SerializeToString()
        return request.action_result

    def _find_missing(self, request: Any, context: Any) -> Any:
        return re.FindMissingBlobsResponse(
            missing_blob_digests=[digest for digest in request.blob_digests if not self._has(digest)])

    def _keep(self, digest: Any, data: bytes, kind: str) -> bool:
        if kind == "zstd":
            with self._lock:
                self.compressed["in"] += 1
            try:
                data = decompress(data)
            except zstandard.ZstdError:
                return False
        good = len(data) == digest.size_bytes and hashlib.sha256(data).hexdigest() == digest.hash
        if good:
            self.entries[f"/cas/{digest.hash}"] = data
        return good

    def _batch_update(self, request: Any, context: Any) -> Any:
        answer = re.BatchUpdateBlobsResponse()
        for one in request.requests:
            kind = "zstd" if one.compressor == ZSTD and self.zstd else ""
            good = self._keep(one.digest, one.data, kind)
            answer.responses.add(digest=one.digest).status.code = 0 if good else INVALID_ARGUMENT
        return answer

    def _batch_read(self, request: Any, context: Any) -> Any:
        answer = re.BatchReadBlobsResponse()
        for digest in request.digests:
            one = answer.responses.add(digest=digest)
            if not self._has(digest):
                one.status.code = NOT_FOUND
                continue
            one.data = self.entries.get(f"/cas/{digest.hash}", b"")
            if self.zstd and ZSTD in request.acceptable_compressors:
                one.data, one.compressor = compress(one.data), ZSTD
                with self._lock:
                    self.compressed["out"] += 1
        return answer

    def _parts(self, name: str, context: Any) -> tuple[str, Any]:
        """How it is encoded and the digest of [INSTANCE/](uploads/UUID/)?(blobs|compressed-blobs/zstd)/HASH/SIZE."""
        parts = name.split("/")
        for word in ("compressed-blobs", "blobs"):
            if word in parts:
                rest = parts[parts.index(word) + 1:]
                kind = rest.pop(0) if word == "compressed-blobs" and rest else ""
                if len(rest) >= 2 and rest[1].isdigit() and (not kind or kind == "zstd" and self.zstd):
                    return kind, re.Digest(hash=rest[0], size_bytes=int(rest[1]))
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, "this is no resource name")
        raise AssertionError

    def _read(self, request: Any, context: Any) -> Iterator[Any]:
        kind, digest = self._parts(request.resource_name, context)
        if not self._has(digest):
            context.abort(grpc.StatusCode.NOT_FOUND, "no such blob")
        data = self.entries.get(f"/cas/{digest.hash}", b"")[request.read_offset:]
        if kind == "zstd":
            data = compress(data)
            with self._lock:
                self.compressed["out"] += 1
        for start in range(0, len(data), PIECE):
            yield bs.ReadResponse(data=data[start:start + PIECE])

    def _write(self, requests: Iterator[Any], context: Any) -> Any:
        name, data = "", bytearray()
        for request in requests:
            name = name or request.resource_name
            if request.write_offset != len(data) or (request.resource_name and request.resource_name != name):
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the parts of the upload do not fit together")
            data += request.data
        kind, digest = self._parts(name, context)
        if not self._keep(digest, bytes(data), kind):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the blob is not what its digest says")
        return bs.WriteResponse(committed_size=len(data))


# ---- execution


def missing_of(client: Client, action_digest: Any) -> list[str]:
    """The blobs that are needed and not there, as HASH/SIZE."""
    missing: list[str] = []

    def fetch(digest: Any) -> bytes:
        code, data = client.read(digest)[0]
        if code:
            missing.append(f"{digest.hash}/{digest.size_bytes}")
        return data

    def walk(digest: Any) -> None:
        directory = re.Directory.FromString(fetch(digest))
        lost = set(client.missing([file.digest for file in directory.files]))
        missing.extend(f"{file.digest.hash}/{file.digest.size_bytes}" for file in directory.files
                       if file.digest.hash in lost)
        for child in directory.directories:
            walk(child.digest)

    action = re.Action.FromString(fetch(action_digest))
    if not missing:
        fetch(action.command_digest)
        walk(action.input_root_digest)
    return missing


def buildbarn(casd: str) -> list[faults.Rule]:
    """Rules for a FaultProxy before the casd at this address."""
    client = Client(casd)

    def ask(call: faults.Call, message: bytes) -> bytes:
        request = re.ExecuteRequest.FromString(message)
        call.notes["action"] = request.action_digest
        request.skip_cache_lookup = True
        return request.SerializeToString()

    def answer(call: faults.Call, message: bytes) -> list[bytes]:
        operation, response = operations_pb2.Operation.FromString(message), re.ExecuteResponse()
        if operation.done and operation.response.Unpack(response) and response.status.code in (NOT_FOUND, INTERNAL):
            lost = missing_of(client, call.notes["action"])
            if lost:
                details = error_details_pb2.PreconditionFailure()
                for name in lost:
                    details.violations.add(type="MISSING", subject=f"blobs/{name}")
                response.status.code, response.status.message = FAILED_PRECONDITION, "inputs are missing"
                del response.status.details[:]
                response.status.details.add().Pack(details)
                operation.response.Pack(response)
        return [operation.SerializeToString()]

    def versions(said: Any) -> None:
        said.low_api_version.major, said.low_api_version.minor = 2, 3

    return [faults.announce(versions), faults.change(answer, request=ask, method="Execution/Execute")]
