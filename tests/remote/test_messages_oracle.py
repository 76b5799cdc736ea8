"""remote/messages*.h writes what Google's protobuf library writes, byte for byte: so everybody's action digest is the
same."""

from __future__ import annotations

import os
import random
import sys
import unittest
from typing import Any

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from google.protobuf import duration_pb2  # noqa: E402
from native import ask_tool  # noqa: E402
from reapi import digest_of, re  # noqa: E402

SEED = 20261124
CASES = 200


class Source:
    """Random values, with the odd ones often."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def text(self) -> str:
        start = self.random.choice(["", "a", "x" * 200, "\u00e4\u20ac\U0001F600", "a/b", "A=B"])
        return start + str(self.random.randrange(1000))

    def number(self, bits: int) -> int:
        return self.random.choice([0, 1, 127, 128, self.random.getrandbits(bits - 1)])

    def flag(self) -> bool:
        return self.random.random() < 0.5

    def digest(self) -> Any:
        digest = digest_of(self.text().encode())
        digest.size_bytes = self.number(64)
        return digest

    def some(self, make: Any) -> list[Any]:
        return [make() for _ in range(self.random.choice([0, 1, 2, 5]))]

    def unique(self, make: Any) -> list[Any]:
        return sorted(set(self.some(make)), key=lambda _: self.random.random())


def plain(digest: Any) -> list[Any]:
    return [digest.hash, digest.size_bytes]


def by_bytes(items: list[Any]) -> list[Any]:
    return sorted(items, key=lambda item: [text.encode() for text in (item if isinstance(item, tuple) else [item])])


def platform_of(pairs: list[tuple[str, str]]) -> Any:
    return re.Platform(properties=[re.Platform.Property(name=name, value=value) for name, value in by_bytes(pairs)])


def command(source: Source) -> tuple[Any, Any]:
    names, outputs = source.unique(source.text), source.unique(source.text)
    environment = [(name, source.text()) for name in names]
    platform = source.some(lambda: (source.text(), source.text()))
    arguments, directory, as_files = source.some(source.text), source.text(), source.flag()
    message = re.Command(arguments=arguments, working_directory=directory)
    (message.output_files if as_files else message.output_paths).extend(by_bytes(outputs))
    for name, value in by_bytes(environment):
        message.environment_variables.add(name=name, value=value)
    if platform:
        message.platform.CopyFrom(platform_of(platform))
    return message, {"command": {"arguments": arguments, "environment": environment, "outputs": outputs,
                                 "dir": directory, "platform": platform, "as_files": as_files}}


def action(source: Source) -> tuple[Any, Any]:
    one, root, salt, keep = source.digest(), source.digest(), source.text(), source.flag()
    seconds, nanos = source.number(30), source.number(29)
    platform = source.some(lambda: (source.text(), source.text()))
    message = re.Action(command_digest=one, input_root_digest=root, salt=salt.encode(), do_not_cache=keep)
    if seconds or nanos:
        message.timeout.CopyFrom(duration_pb2.Duration(seconds=seconds, nanos=nanos))
    if platform:
        message.platform.CopyFrom(platform_of(platform))
    return message, {"action": {"command": plain(one), "root": plain(root), "salt": salt, "do_not_cache": keep,
                                "timeout_ns": seconds * 10**9 + nanos, "platform": platform}}


def directory(source: Source) -> tuple[Any, Any]:
    files = {name: (source.digest(), source.flag()) for name in source.unique(source.text)}
    dirs = {name: source.digest() for name in source.unique(source.text)}
    message = re.Directory()
    for name in by_bytes(list(files)):
        message.files.add(name=name, digest=files[name][0], is_executable=files[name][1])
    for name in by_bytes(list(dirs)):
        message.directories.add(name=name, digest=dirs[name])
    return message, {"directory": {"files": [[name, plain(digest), run] for name, (digest, run) in files.items()],
                                   "dirs": [[name, plain(digest)] for name, digest in dirs.items()]}}


def result(source: Source) -> tuple[Any, Any]:
    files = {name: (source.digest(), source.flag()) for name in source.unique(source.text)}
    err, said, status = source.digest() if source.flag() else None, source.text(), source.number(32)
    message = re.ActionResult(exit_code=status, stdout_raw=said.encode(), stderr_digest=err)
    for name in by_bytes(list(files)):
        message.output_files.add(path=name, digest=files[name][0], is_executable=files[name][1])
    return message, {"result": {"exit_code": status, "stdout": said, "stderr": plain(err) if err else None,
                                "files": [[name, plain(digest), run] for name, (digest, run) in files.items()]}}


def execute(source: Source) -> tuple[Any, Any]:
    instance, one, skip = source.text(), source.digest(), source.flag()
    priority = source.random.choice([0, 5, -5, -2**31])
    message = re.ExecuteRequest(instance_name=instance, action_digest=one, skip_cache_lookup=skip)
    if priority:
        message.execution_policy.priority = priority
    return message, {"execute": {"instance": instance, "action": plain(one), "priority": priority, "skip_cache": skip}}


def find(source: Source) -> tuple[Any, Any]:
    instance, digests = source.text(), source.some(source.digest)
    return (re.FindMissingBlobsRequest(instance_name=instance, blob_digests=digests),
            {"find": {"instance": instance, "blobs": [plain(digest) for digest in digests]}})


class Oracle(unittest.TestCase):
    def test_messages_are_the_same_bytes(self) -> None:
        source = Source(SEED)
        made = [make(source) for _ in range(CASES) for make in (command, action, directory, result, execute, find)]
        answers = ask_tool("messages_dump", [asked for _, asked in made])
        for (message, asked), answer in zip(made, answers):
            self.assertEqual(answer, message.SerializeToString(deterministic=True).hex(), asked)


if __name__ == "__main__":
    unittest.main()
