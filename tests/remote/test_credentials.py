"""net/credentials.h through calls: tokens out of files, headers, helpers; and that no secret is ever said."""

from __future__ import annotations

import datetime
import json
import os
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from rpc_cases import Answer, GrpcServer, Tool, ToolCase, grpc  # noqa: E402

HELPER = """\
#!{python}
import json, os, sys, time
with open({log!r}, "a") as log:
    log.write(json.dumps([sys.argv[1:], json.load(sys.stdin)]) + "\\n")
{body}
"""


class Guard(grpc.ServerInterceptor):
    """Lets in who has `token`, and remembers what was tried."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.tried: list[str] = []
        self.lock = threading.Lock()

    def intercept_service(self, go_on, details):  # type: ignore[no-untyped-def]
        headers = dict(details.invocation_metadata)
        with self.lock:
            self.tried.append(headers.get("authorization", ""))
        if headers.get("authorization") == f"Bearer {self.token}":
            return go_on(details)
        return grpc.unary_unary_rpc_method_handler(
            lambda request, context: context.abort(grpc.StatusCode.UNAUTHENTICATED, "who are you?"))


class Credentials(ToolCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory(prefix="sepal-credentials.")
        self.addCleanup(scratch.cleanup)
        self.dir = scratch.name
        self.log = os.path.join(self.dir, "log")
        self.guard = Guard("good-s3cret")
        self.server = GrpcServer(self, interceptors=(self.guard,))

    def write(self, name: str, text: str) -> str:
        path = os.path.join(self.dir, name)
        with open(path + ".new", "w") as file:
            file.write(text)
        os.chmod(path + ".new", 0o700)
        os.rename(path + ".new", path)
        return path

    def helper(self, body: str) -> str:
        return self.write("helper", HELPER.format(python=sys.executable, log=self.log, body=body))

    def answering(self, token: str, expires: float | None = None) -> str:
        answer: Answer = {"headers": {"Authorization": [f"Bearer {token}"]}}
        if expires is not None:
            when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=expires)
            answer["expires"] = when.strftime("%Y-%m-%dT%H:%M:%SZ")
        return self.helper(f"print(json.dumps({answer!r}))")

    def runs(self) -> list[list[object]]:
        if not os.path.exists(self.log):
            return []
        with open(self.log) as file:
            return [json.loads(line) for line in file]

    def one(self, tool: Tool, number: int) -> Answer:
        tool.send({"id": number, "messages": ["x"]})
        answer = tool.answer()
        self.assertNotIn("s3cret", json.dumps(answer))
        return answer

    # ---- files and headers

    def test_a_token_out_of_a_file_lets_us_in(self) -> None:
        path = self.write("token", "good-s3cret\n")
        self.assertEqual(self.call(self.server.url, token_file=path)["status"], "OK")

    def test_a_header_lets_us_in(self) -> None:
        self.assertEqual(self.call(self.server.url, header="Authorization: Bearer good-s3cret")["status"], "OK")

    def test_without_it_we_stay_out(self) -> None:
        answer = self.call(self.server.url)
        self.assertEqual((answer["status"], answer["text"]), ("UNAUTHENTICATED", "who are you?"))
        self.assertEqual(len(self.guard.tried), 1)

    def test_a_token_that_is_refused_and_has_not_changed_is_tried_once(self) -> None:
        path = self.write("token", "bad-s3cret")
        answer = self.call(self.server.url, token_file=path)
        self.assertEqual(answer["status"], "UNAUTHENTICATED")
        self.assertEqual(self.guard.tried, ["Bearer bad-s3cret"])

    def test_a_renewed_token_is_read_when_it_is_there(self) -> None:
        path = self.write("token", "good-s3cret")
        tool = self.tool("rpc_run", self.server.url, token_file=path)
        self.assertEqual(self.one(tool, 1)["status"], "OK")
        self.guard.token = "next-s3cret"
        self.assertEqual(self.one(tool, 2)["status"], "UNAUTHENTICATED")
        self.write("token", "next-s3cret")
        self.assertEqual(self.one(tool, 3)["status"], "OK")
        os.unlink(path)  # whoever renews it is not quite done
        self.assertEqual(self.one(tool, 4)["status"], "OK")

    def test_a_token_that_changes_unnoticed_is_read_again_when_it_is_refused(self) -> None:
        path = self.write("token", "good-s3cret")
        before = os.stat(path)
        tool = self.tool("rpc_run", self.server.url, token_file=path)
        self.assertEqual(self.one(tool, 1)["status"], "OK")
        self.guard.token = "next-s3cret"
        with open(path, "r+") as file:  # the same size, inode and time
            file.write("next-s3cret")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        self.assertEqual(self.one(tool, 2)["status"], "OK")

    def test_files_and_headers_that_cannot_be_used_are_told_without_what_is_in_them(self) -> None:
        for options in ({"token_file": "/no/such/token"},
                        {"token_file": self.write("t1", "")},
                        {"token_file": self.write("t2", "two s3cret")},
                        {"token_file": self.write("t3", "s3cret\nsecond: line")},
                        {"token_file": self.write("t4", "s3cret" * 9000)},
                        {"header": "s3cret"},
                        {"header": "two words: s3cret"},
                        {"header": "grpc-timeout: s3cret"},
                        {"header": "TE: s3cret"},
                        {"header": "x: s3cret\x01"},
                        {"header": "x: \u00e4s3cret"},
                        {"header": "authorization: s3cret", "token_file": self.write("t5", "s3cret")},
                        {"header": "authorization: s3cret", "helper": "h"}):
            self.assertNotIn("s3cret", self.refusal("rpc_run", self.server.url, **options))
        self.assertEqual(self.guard.tried, [])

    # ---- helpers

    def test_a_helper_is_asked_once_for_many_calls(self) -> None:
        helper = self.answering("good-s3cret", 3600)
        found, _ = self.calls(self.server.url, *({"messages": ["x"]} for _ in range(50)), helper=helper)
        self.assertEqual({answer["status"] for answer in found.values()}, {"OK"})
        self.assertEqual(self.runs(), [[["get"], {"uri": f"http://127.0.0.1:{self.server.port}/"}]])

    def test_an_answer_that_expires_is_asked_for_again(self) -> None:
        helper = self.answering("good-s3cret", 13)  # ten seconds of which are kept in hand
        tool = self.tool("rpc_run", self.server.url, helper=helper)
        self.assertEqual(self.one(tool, 1)["status"], "OK")
        self.assertEqual(self.one(tool, 2)["status"], "OK")
        time.sleep(3.1)
        self.assertEqual(self.one(tool, 3)["status"], "OK")
        self.assertEqual(len(self.runs()), 2)

    def test_a_token_that_is_refused_is_asked_for_again_once(self) -> None:
        helper = self.answering("old-s3cret")
        tool = self.tool("rpc_run", self.server.url, helper=helper)
        self.assertEqual(self.one(tool, 1)["status"], "UNAUTHENTICATED")
        self.assertEqual(self.guard.tried, ["Bearer old-s3cret"] * 2)
        self.answering("good-s3cret")
        self.assertEqual(self.one(tool, 2)["status"], "OK")
        self.assertEqual(len(self.runs()), 3)

    def test_many_calls_that_are_refused_ask_together(self) -> None:
        helper = self.helper("""\
count = len(open(%r).readlines())
print(json.dumps({"headers": {"authorization": "Bearer " + ("good-s3cret" if count > 1 else "old-s3cret")}}))
""" % self.log)
        found, _ = self.calls(self.server.url, *({"messages": ["x"]} for _ in range(40)), helper=helper)
        self.assertEqual({answer["status"] for answer in found.values()}, {"OK"})
        self.assertLessEqual(len(self.runs()), 3)

    def test_helpers_that_fail_are_told_without_what_they_say(self) -> None:
        for body, text in (("print('s3cret', file=sys.stderr); sys.exit(3)", "exited with status 3"),
                           ("print('s3cret')", "not JSON"),
                           ("print('[\"s3cret\"]')", "not an object"),
                           ("print('{\"headers\": {\"a\": 1, \"b\": \"s3cret\"}}')", "list of strings"),
                           ("print('{\"headers\": {\"a b\": [\"s3cret\"]}}')", "name that no header can have"),
                           ("print('{\"headers\": {\"a\": [\"s3cret\\\\u0007\"]}}')", "the header 'a'"),
                           ("print('{\"headers\": {\"host\": [\"s3cret\"]}}')", "cannot be given"),
                           ("print('{\"headers\": {}, \"expires\": \"s3cret\"}')", "no time"),
                           ("print('s3cret' * 400000)", "longer than"),
                           ("os.kill(os.getpid(), 9)", "signal 9")):
            answer = self.call(self.server.url, helper=self.helper(body))
            self.assertEqual(answer["status"], "UNAUTHENTICATED", body)
            self.assertIn(text, answer["text"])
            self.assertIn(f"the credential helper {self.dir}/helper failed", answer["text"])
            self.assertNotIn("s3cret", answer["text"])

    def test_a_helper_that_is_not_there(self) -> None:
        answer = self.call(self.server.url, helper="/no/such/helper")
        self.assertEqual(answer["status"], "UNAUTHENTICATED")
        self.assertIn("/no/such/helper", answer["text"])

    def test_a_helper_that_reads_nothing_and_leaves_somebody_behind(self) -> None:
        helper = self.write("helper", '#!/bin/sh\nsleep 20 &\nexec 0<&-\n'
                            'echo \'{"headers": {"authorization": ["Bearer good-s3cret"]}}\'\n')
        start = time.monotonic()
        self.assertEqual(self.call(self.server.url, helper=helper)["status"], "OK")
        self.assertLess(time.monotonic() - start, 5)

    def test_a_helper_that_hangs_holds_no_call_past_its_deadline_and_is_ended(self) -> None:
        helper = self.write("helper", f"#!/bin/sh\necho $$ > {self.log}\nexec sleep 30\n")
        start = time.monotonic()
        answer = self.call(self.server.url, {"messages": ["x"], "timeout_ms": 500}, helper=helper)
        self.assertEqual(answer["status"], "DEADLINE_EXCEEDED")
        self.assertLess(time.monotonic() - start, 5)
        with open(self.log) as file:
            self.assertRaises(ProcessLookupError, os.kill, int(file.read()), 0)


if __name__ == "__main__":
    unittest.main()
