"""A plain client of the Remote Execution API for tests, made of Google's own gRPC and protobuf: what it sees is what a
server really says. Sepal's client is tested against servers that this one has tried.

    client = Client("127.0.0.1:5000", instance="")
    client.upload([b"blob"]); client.read(digest_of(b"blob")); client.execute(["/bin/sh", "-c", "..."], files, outputs)

The messages are those that the BuildGrid package carries, as `re` (remote execution) and `bs` (byte stream).
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field
from typing import Any, Iterator

import grpc
from buildgrid._protos.build.bazel.remote.execution.v2 import remote_execution_pb2 as re
from buildgrid._protos.build.bazel.remote.execution.v2 import remote_execution_pb2_grpc as re_grpc
from buildgrid._protos.google.bytestream import bytestream_pb2 as bs
from buildgrid._protos.google.bytestream import bytestream_pb2_grpc as bs_grpc
from buildgrid._protos.google.longrunning import operations_pb2, operations_pb2_grpc

SECONDS = 30.0
CHUNK = 1 << 20


def digest_of(data: bytes) -> Any:
    return re.Digest(hash=hashlib.sha256(data).hexdigest(), size_bytes=len(data))


def name_of(digest: Any) -> str:
    return f"{digest.hash}/{digest.size_bytes}"


@dataclass
class Executed:
    """What Execute said: the stages of the operation in order, and the response."""

    stages: list[int] = field(default_factory=list)
    operation: str = ""
    response: Any = None


class Client:
    def __init__(self, address: str, instance: str = "", credentials: grpc.ChannelCredentials | None = None,
                 metadata: tuple[tuple[str, str], ...] = ()) -> None:
        options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1),
                   ("grpc.enable_retries", 0), ("grpc.use_local_subchannel_pool", 1)]
        self.channel = (grpc.secure_channel(address, credentials, options) if credentials
                        else grpc.insecure_channel(address, options))
        self.instance, self.metadata = instance, metadata
        self.cas = re_grpc.ContentAddressableStorageStub(self.channel)
        self.cache = re_grpc.ActionCacheStub(self.channel)
        self.bytes = bs_grpc.ByteStreamStub(self.channel)
        self.execution = re_grpc.ExecutionStub(self.channel)
        self.how = {"timeout": SECONDS, "metadata": metadata}

    def close(self) -> None:
        self.channel.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def capabilities(self) -> Any:
        stub = re_grpc.CapabilitiesStub(self.channel)
        return stub.GetCapabilities(re.GetCapabilitiesRequest(instance_name=self.instance), **self.how)

    def missing(self, digests: list[Any]) -> list[str]:
        request = re.FindMissingBlobsRequest(instance_name=self.instance, blob_digests=digests)
        return sorted(digest.hash for digest in self.cas.FindMissingBlobs(request, **self.how).missing_blob_digests)

    def upload(self, blobs: list[bytes]) -> list[int]:
        """The status of each."""
        requests = [re.BatchUpdateBlobsRequest.Request(digest=digest_of(blob), data=blob) for blob in blobs]
        request = re.BatchUpdateBlobsRequest(instance_name=self.instance, requests=requests)
        return [one.status.code for one in self.cas.BatchUpdateBlobs(request, **self.how).responses]

    def read(self, *digests: Any) -> list[tuple[int, bytes]]:
        """Status and bytes of each, in the order asked for."""
        request = re.BatchReadBlobsRequest(instance_name=self.instance, digests=digests)
        found = {one.digest.hash: (one.status.code, one.data)
                 for one in self.cas.BatchReadBlobs(request, **self.how).responses}
        return [found[digest.hash] for digest in digests]

    def resource(self, name: str) -> str:
        return f"{self.instance}/{name}" if self.instance else name

    def write_stream(self, data: bytes, digest: Any = None, kind: str = "blobs", encoded: bytes | None = None) -> int:
        """The committed size. `kind` may be "compressed-blobs/zstd", and `encoded` what is then sent."""
        sent = data if encoded is None else encoded
        name = self.resource(f"uploads/{uuid.uuid4()}/{kind}/{name_of(digest or digest_of(data))}")

        def requests() -> Iterator[Any]:
            for start in range(0, max(len(sent), 1), CHUNK):
                yield bs.WriteRequest(resource_name=name if start == 0 else "", write_offset=start,
                                      data=sent[start:start + CHUNK], finish_write=start + CHUNK >= len(sent))

        return self.bytes.Write(requests(), **self.how).committed_size

    def read_stream(self, digest: Any, offset: int = 0, kind: str = "blobs") -> bytes:
        request = bs.ReadRequest(resource_name=self.resource(f"{kind}/{name_of(digest)}"), read_offset=offset)
        return b"".join(part.data for part in self.bytes.Read(request, **self.how))

    def get_action(self, digest: Any) -> Any:
        """The ActionResult, or None where there is none."""
        request = re.GetActionResultRequest(instance_name=self.instance, action_digest=digest)
        try:
            return self.cache.GetActionResult(request, **self.how)
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.NOT_FOUND:
                raise
            return None

    def put_action(self, digest: Any, result: Any) -> None:
        request = re.UpdateActionResultRequest(instance_name=self.instance, action_digest=digest, action_result=result)
        self.cache.UpdateActionResult(request, **self.how)

    def action(self, arguments: list[str], files: dict[str, bytes], outputs: list[str], upload: bool = True,
               timeout_seconds: int = 0) -> Any:
        """The digest of an action with these files in the directory `in`, where it runs."""
        inner = re.Directory(files=[re.FileNode(name=name, digest=digest_of(data))
                                    for name, data in sorted(files.items())]).SerializeToString(deterministic=True)
        root = re.Directory(directories=[re.DirectoryNode(name="in", digest=digest_of(inner))])
        command = re.Command(arguments=arguments, output_paths=outputs, output_files=outputs, working_directory="in")
        blobs = [message.SerializeToString(deterministic=True) for message in (root, command)]
        action = re.Action(command_digest=digest_of(blobs[1]), input_root_digest=digest_of(blobs[0]))
        if timeout_seconds:
            action.timeout.seconds = timeout_seconds
        blobs += [inner, action.SerializeToString(deterministic=True)]
        if upload:
            bad = [code for code in self.upload([*blobs, *files.values()]) if code]
            if bad:
                raise AssertionError(f"blobs were refused with {bad}")
        else:
            self.upload(blobs)
        return digest_of(blobs[-1])

    def start(self, action: Any, skip_cache: bool = False) -> Any:
        """The stream of operations, to be read by `result_of` or cancelled."""
        request = re.ExecuteRequest(instance_name=self.instance, action_digest=action, skip_cache_lookup=skip_cache)
        return self.execution.Execute(request, timeout=120.0, metadata=self.metadata)

    def wait_for(self, operation: str) -> Any:
        request = re.WaitExecutionRequest(name=operation)
        return self.execution.WaitExecution(request, timeout=120.0, metadata=self.metadata)

    def cancel(self, operation: str) -> None:
        stub = operations_pb2_grpc.OperationsStub(self.channel)
        stub.CancelOperation(operations_pb2.CancelOperationRequest(name=operation), **self.how)

    def execute(self, action: Any, skip_cache: bool = False) -> Executed:
        return self.result_of(self.start(action, skip_cache))

    def result_of(self, stream: Any) -> Executed:
        done = Executed()
        for operation in stream:
            done.operation = operation.name
            metadata = re.ExecuteOperationMetadata()
            if operation.metadata.Unpack(metadata):
                done.stages.append(metadata.stage)
            if operation.done:
                done.response = re.ExecuteResponse()
                operation.response.Unpack(done.response)
        return done
