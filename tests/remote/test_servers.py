"""The servers that the remote parts are tested against do what is said of them, asked by a client that is not ours."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import unittest
import urllib.error
import urllib.request

import grpc

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
import reapi  # noqa: E402
from execution_cases import ExecutionCases  # noqa: E402
from reapi import Client, digest_of, re  # noqa: E402
from kept import Kept, tail  # noqa: E402
from sandbox import needs_sandbox  # noqa: E402
from servers import Casd, Nginx, Port, ServerCase  # noqa: E402

BIG = bytes(range(256)) * (6 << 12)  # 6 MiB, more than one message may hold
WRITE_OUTPUT = ["/bin/sh", "-c", "cat in.txt in.txt > out.txt; echo said; exit $(cat status)"]


def processes_naming(text: str) -> list[str]:
    done = subprocess.run(["ps", "-eo", "args"], stdout=subprocess.PIPE, text=True, check=True)
    return [line for line in done.stdout.splitlines() if text in line]


def said_by(client: Client, response: object) -> str:
    """What an action wrote to standard error; a sandbox that could not be made says it there, too."""
    return client.read(response.result.stderr_digest)[0][1].decode()  # type: ignore[attr-defined]


class CasdCache(ServerCase):
    def client(self, casd: Casd) -> Client:
        client = Client(casd.address)
        self.addCleanup(client.close)
        return client

    def test_it_announces_versions_and_no_compressor(self) -> None:
        said = self.client(self.start(Casd())).capabilities()
        self.assertEqual((said.low_api_version.major, said.low_api_version.minor), (2, 1))
        self.assertEqual((said.high_api_version.major, said.high_api_version.minor), (2, 12))
        self.assertEqual(list(said.cache_capabilities.digest_functions), [re.DigestFunction.SHA256])
        self.assertEqual(list(said.cache_capabilities.supported_compressors), [])
        self.assertTrue(said.cache_capabilities.action_cache_update_capabilities.update_enabled)

    def test_blobs_go_in_and_out_in_batches_and_streams(self) -> None:
        client = self.client(self.start(Casd()))
        small, big = [b"a", b"", b"c" * 1000], digest_of(BIG)
        digests = [digest_of(blob) for blob in small]
        self.assertEqual(client.missing([digests[0], digests[2], big]),
                         sorted([digests[0].hash, digests[2].hash, big.hash]))
        self.assertEqual(client.upload(small), [0, 0, 0])
        self.assertEqual(client.write_stream(BIG), len(BIG))
        self.assertEqual(client.missing([*digests, big]), [])
        self.assertEqual(client.read(*digests), [(0, blob) for blob in small])
        self.assertEqual(client.read_stream(big), BIG)
        self.assertEqual(client.read_stream(big, offset=len(BIG) - 3), BIG[-3:])
        absent = digest_of(b"absent")
        self.assertEqual(client.read(absent), [(grpc.StatusCode.NOT_FOUND.value[0], b"")])

    def test_a_blob_that_is_not_what_it_is_called_is_refused(self) -> None:
        client = self.client(self.start(Casd()))
        with self.assertRaises(grpc.RpcError):
            client.write_stream(b"something", digest_of(b"otherwise"))
        self.assertEqual(client.missing([digest_of(b"otherwise")]), [digest_of(b"otherwise").hash])

    def test_action_results_survive_a_crash(self) -> None:
        casd = self.start(Casd())
        key, blob = digest_of(b"action"), b"an output"
        with Client(casd.address) as client:
            client.upload([blob])
            client.put_action(key, re.ActionResult(
                stdout_raw=b"raw", output_files=[re.OutputFile(path="o", digest=digest_of(blob))]))
        casd.kill()
        casd.start()
        with Client(casd.address) as client:
            self.assertEqual(client.get_action(key).stdout_raw, b"raw")
            self.assertIsNone(client.get_action(digest_of(b"other")))

    def test_a_result_whose_outputs_are_gone_is_a_miss(self) -> None:
        client = self.client(self.start(Casd()))
        key = digest_of(b"action")
        client.put_action(key, re.ActionResult(
            stdout_raw=b"raw", output_files=[re.OutputFile(path="o", digest=digest_of(b"never uploaded"))]))
        self.assertIsNone(client.get_action(key))


@needs_sandbox
class CasdExecution(ExecutionCases, ServerCase):
    def setUp(self) -> None:
        self.client = Client(self.start(Casd(execution=True)).address)
        self.addCleanup(self.client.close)

    def test_an_action_runs_and_is_cached_unless_it_fails(self) -> None:
        client = self.client
        for status, cached in ((b"0", True), (b"3", False)):
            action = client.action(WRITE_OUTPUT, {"in.txt": b"x\n", "status": status}, ["out.txt"])
            for again in (False, True):
                with self.subTest(status=status, again=again):
                    response = client.execute(action).response
                    self.assertEqual(response.status.code, 0, response.status.message)
                    self.assertEqual(response.result.exit_code, int(status), said_by(client, response))
                    self.assertEqual(response.cached_result, again and cached)
                    (output,) = response.result.output_files
                    self.assertEqual(client.read(output.digest, response.result.stdout_digest),
                                     [(0, b"x\nx\n"), (0, b"said\n")])
            self.assertEqual(client.get_action(action) is not None, cached)

    def test_what_is_missing_is_said_in_the_response(self) -> None:
        """NOT_FOUND only for the action itself; for its inputs INTERNAL, which nothing but the text tells from a
        sandbox that broke."""
        client = self.client
        status = client.execute(digest_of(b"no action")).response.status
        self.assertEqual(status.code, grpc.StatusCode.NOT_FOUND.value[0])
        action = client.action(WRITE_OUTPUT, {"in.txt": b"nobody has this"}, ["out.txt"], upload=False)
        status = client.execute(action).response.status
        self.assertEqual(status.code, grpc.StatusCode.INTERNAL.value[0])
        self.assertIn("not completely available", status.message)

    def test_the_interpreter_of_the_checker_is_in_the_sandbox(self) -> None:
        client = self.client
        python = os.environ["SEPAL_PYTHON"]
        real = subprocess.run([python, "-I", "-c", "import os, sys; print(os.path.realpath(sys.executable))"],
                              stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
        action = client.action([real, "-I", "-S", "-c", "import sys; open('v', 'w').write(sys.version)"], {}, ["v"])
        response = client.execute(action).response
        self.assertEqual((response.status.code, response.result.exit_code), (0, 0), said_by(client, response))
        inside = client.read(response.result.output_files[0].digest)[0][1].decode()
        outside = subprocess.run([python, "-I", "-c", "import sys; print(sys.version, end='')"],
                                 stdout=subprocess.PIPE, text=True, check=True).stdout
        self.assertEqual(inside, outside)


class NginxCache(ServerCase):
    def ask(self, url: str, method: str = "GET", data: bytes | None = None) -> tuple[int, bytes]:
        try:
            with urllib.request.urlopen(urllib.request.Request(url, data, method=method), timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def test_what_is_put_is_got_again_and_nothing_is_checked(self) -> None:
        url = self.start(Nginx()).url
        for kind in ("ac", "cas"):
            place = f"{url}/{kind}/{digest_of(BIG).hash}"
            self.assertEqual(self.ask(place)[0], 404)
            self.assertEqual(self.ask(place, "HEAD")[0], 404)
            self.assertEqual(self.ask(place, "PUT", b"not that"), (201, b""))
            self.assertEqual(self.ask(place), (200, b"not that"))
            self.assertEqual(self.ask(place, "PUT", BIG)[0], 204)
            self.assertEqual(self.ask(place), (200, BIG))
            self.assertEqual(self.ask(place, "HEAD"), (200, b""))
        self.assertEqual(self.ask(f"{url}/cas/short", "PUT", b"x")[0], 404)

    def test_writing_can_be_forbidden_or_limited(self) -> None:
        place = "/cas/" + digest_of(BIG).hash
        self.assertEqual(self.ask(self.start(Nginx(writable=False)).url + place, "PUT", b"x")[0], 403)
        self.assertEqual(self.ask(self.start(Nginx(limit="1m")).url + place, "PUT", b"x" * (1 << 21))[0], 413)


class Keeping(ServerCase):
    """Nothing is left behind, whoever ends first and however."""

    def test_a_stopped_server_comes_back_on_its_port_with_its_data(self) -> None:
        nginx = self.start(Nginx())
        place = f"{nginx.url}/cas/{digest_of(b'x').hash}"
        urllib.request.urlopen(urllib.request.Request(place, b"x", method="PUT")).close()
        nginx.stop()
        self.assertFalse(nginx.port.listens())
        self.assertEqual(processes_naming(nginx.scratch), [])
        nginx.start()
        with urllib.request.urlopen(place) as answer:
            self.assertEqual(answer.read(), b"x")

    def test_a_server_that_cannot_start_says_what_it_said(self) -> None:
        nginx = Nginx(limit="nonsense")
        self.addCleanup(nginx.delete)
        with self.assertRaisesRegex(AssertionError, "(?s)nginx ended with status 1 .*invalid value"):
            nginx.start()

    def test_descendants_in_other_sessions_end_with_it(self) -> None:
        port, mark = Port(), "4567.125"
        self.addCleanup(port.close)
        log = f"/tmp/sepal-keeping.{port.number}.log"
        self.addCleanup(os.unlink, log)
        script = f"setsid sleep {mark} & trap '' TERM; sleep {mark}; sleep {mark}"
        kept = Kept(["/bin/sh", "-c", script], log)
        kept.wait_until(lambda: len(processes_naming(f"sleep {mark}")) >= 3, "the shell")
        kept.end()
        self.assertEqual(processes_naming(f"sleep {mark}"), [], tail(log))

    def test_a_killed_test_leaves_no_server(self) -> None:
        program = (f"import sys, time; sys.path.insert(0, {os.path.dirname(reapi.__file__)!r})\n"
                   "from servers import Nginx\nnginx = Nginx(); nginx.start(); print(nginx.scratch, flush=True)\n"
                   "time.sleep(60)\n")
        with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as test:
            assert test.stdout
            scratch = test.stdout.readline().strip()
            self.addCleanup(subprocess.run, ["rm", "-rf", scratch])
            self.assertNotEqual(processes_naming(scratch), [])
            test.kill()
        end = time.monotonic() + 10
        while processes_naming(scratch) and time.monotonic() < end:
            time.sleep(0.02)
        self.assertEqual(processes_naming(scratch), [])


if __name__ == "__main__":
    unittest.main()
