"""A worker for BuildGrid, for tests: takes one lease at a time and has buildbox-run do it.

    grid_bot.py ADDRESS INSTANCE BOT_ID RUNNER [RUNNER ARGUMENT ...]

The Remote Workers API is one call that says everything (UpdateBotSession): the bot tells the state of its leases, the
server answers with the leases as it wants them. A lease goes from PENDING through ACTIVE, set by us, to COMPLETED, with
a status and the ActionResult; one that the server says is CANCELLED is given up and its runner killed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from typing import Any

import grpc
from buildgrid._protos.build.bazel.remote.execution.v2 import remote_execution_pb2 as re
from buildgrid._protos.build.bazel.remote.execution.v2 import remote_execution_pb2_grpc as re_grpc
from buildgrid._protos.google.devtools.remoteworkers.v1test2 import bots_pb2 as bots
from buildgrid._protos.google.devtools.remoteworkers.v1test2 import bots_pb2_grpc as bots_grpc
from buildgrid._protos.google.devtools.remoteworkers.v1test2 import worker_pb2 as worker
from buildgrid._protos.google.rpc import status_pb2

POLL_SECONDS, CALL_SECONDS, HEARTBEAT_SECONDS = 20.0, 60.0, 1.0
AT_ONCE_SECONDS = 3.5  # a call with little time is not kept open until there is work
RUNNER_SECONDS = 600.0
INTERNAL = 13
CROWDED_SECONDS = 0.2


def read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""


class Bot:
    def __init__(self, address: str, instance: str, bot_id: str, runner: list[str]) -> None:
        channel = grpc.insecure_channel(address, [("grpc.max_receive_message_length", -1)])
        self.instance, self.bot_id, self.runner = instance, bot_id, runner
        self.common = [f"--remote=http://{address}", f"--instance={instance}", "--disable-localcas",
                       "--log-level=warning"]
        self.bots = bots_grpc.BotsStub(channel)
        self.cas = re_grpc.ContentAddressableStorageStub(channel)
        properties = [worker.Device.Property(key=key, value=value)
                      for key, value in (("OSFamily", "linux"), ("ISA", "x86-64"))]
        machine = worker.Worker(devices=[worker.Device(handle="this", properties=properties)])
        wanted = bots.BotSession(bot_id=bot_id, status=bots.OK, worker=machine)
        request = bots.CreateBotSessionRequest(parent=instance, bot_session=wanted)
        self.session = self.bots.CreateBotSession(request, timeout=AT_ONCE_SECONDS, wait_for_ready=True)
        print(f"{bot_id}: {self.session.name}", flush=True)

    def update(self, seconds: float) -> None:
        """The server keeps the call open while it has nothing to say, or has no room for it; then the old state stands,
        and is told with the next call."""
        request = bots.UpdateBotSessionRequest(name=self.session.name, bot_session=self.session)
        try:
            self.session = self.bots.UpdateBotSession(request, timeout=seconds)
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED:
                time.sleep(CROWDED_SECONDS)
            elif error.code() != grpc.StatusCode.DEADLINE_EXCEEDED:
                raise

    def lease(self, lease_id: str) -> Any:
        return next((lease for lease in self.session.leases if lease.id == lease_id), None)

    def action_of(self, lease: Any) -> Any:
        action, digest = re.Action(), re.Digest()
        if not lease.payload.Unpack(action):
            lease.payload.Unpack(digest)
            request = re.BatchReadBlobsRequest(instance_name=self.instance, digests=[digest])
            action.ParseFromString(self.cas.BatchReadBlobs(request, timeout=CALL_SECONDS).responses[0].data)
        return action

    def run(self, action: Any, lease_id: str, scratch: str) -> tuple[int, str, Any]:
        """A google.rpc code, its message, and the ActionResult."""
        asked, answered, said = (os.path.join(scratch, name) for name in ("action", "result", "log"))
        with open(asked, "wb") as file:
            file.write(action.SerializeToString())
        with open(said, "wb") as log:
            child = subprocess.Popen([self.runner[0], f"--action={asked}", f"--action-result={answered}", *self.common,
                                      *self.runner[1:]], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + RUNNER_SECONDS
        while child.poll() is None:
            try:
                child.wait(HEARTBEAT_SECONDS)
            except subprocess.TimeoutExpired:
                self.update(CALL_SECONDS)
                lease = self.lease(lease_id)
                if lease is None or lease.state == bots.CANCELLED or time.monotonic() > end:
                    child.terminate()
        result = re.ActionResult.FromString(read(answered))
        if child.returncode == 0 and os.path.exists(answered):
            return 0, "", result
        # the runner's own word for what went wrong, a google.rpc.Status, lies beside the result
        status = status_pb2.Status.FromString(read(answered + ".error-status"))
        return status.code or INTERNAL, status.message or read(said).decode(errors="replace")[-2000:], result

    def work(self, lease_id: str) -> None:
        with tempfile.TemporaryDirectory(prefix="sepal-bot.") as scratch:
            code, message, result = self.run(self.action_of(self.lease(lease_id)), lease_id, scratch)
        print(f"{self.bot_id}: {lease_id}: {code} {message}", flush=True)
        lease = self.lease(lease_id)
        if lease is not None and lease.state == bots.ACTIVE:
            result.execution_metadata.worker = self.bot_id
            lease.status.code, lease.status.message = code, message
            lease.result.Pack(result)
            lease.state = bots.COMPLETED

    def serve(self) -> None:
        while True:
            self.update(POLL_SECONDS)
            waiting = [lease for lease in self.session.leases if lease.state == bots.PENDING]
            for lease in waiting:
                lease.state = bots.ACTIVE
            if waiting:
                self.update(CALL_SECONDS)
            for lease_id in [lease.id for lease in self.session.leases if lease.state == bots.ACTIVE]:
                self.work(lease_id)


def main() -> int:
    address, instance, bot_id, *runner = sys.argv[1:]
    Bot(address, instance, bot_id, runner).serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
