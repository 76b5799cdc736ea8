"""The stand-ins for servers that cannot be installed do what those were seen to do."""

from __future__ import annotations

import os
import sys
import unittest
import urllib.request

import grpc

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from buildgrid._protos.google.rpc import error_details_pb2  # noqa: E402
from faults import FaultProxy  # noqa: E402
from personas import BazelRemote, buildbarn, compress, decompress  # noqa: E402
from reapi import Client, digest_of, name_of, re  # noqa: E402
from sandbox import needs_sandbox  # noqa: E402
from servers import Casd, ServerCase  # noqa: E402

BIG = bytes(range(256)) * (6 << 12)


class LikeBazelRemote(ServerCase):
    def setUp(self) -> None:
        self.cache = self.start(BazelRemote())
        self.client = Client(self.cache.address, "any/name")
        self.addCleanup(self.client.close)

    def test_it_announces_zstandard(self) -> None:
        said = self.client.capabilities()
        self.assertEqual((said.low_api_version.major, said.low_api_version.minor), (2, 0))
        self.assertEqual((said.high_api_version.major, said.high_api_version.minor), (2, 3))
        self.assertEqual(list(said.cache_capabilities.supported_compressors), [re.Compressor.ZSTD])

    def test_blobs_go_in_and_out_as_they_are(self) -> None:
        self.assertEqual(self.client.upload([b"a", b"b"]), [0, 0])
        self.assertEqual(self.client.write_stream(BIG), len(BIG))
        self.assertEqual(self.client.read(digest_of(b"a"), digest_of(b""), digest_of(b"c")),
                         [(0, b"a"), (0, b""), (5, b"")])
        self.assertEqual(self.client.read_stream(digest_of(BIG), 5), BIG[5:])
        self.assertEqual(self.client.missing([digest_of(BIG), digest_of(b""), digest_of(b"c")]),
                         [digest_of(b"c").hash])
        self.assertEqual(sum(self.cache.compressed.values()), 0)

    def test_blobs_go_in_and_out_compressed(self) -> None:
        zipped = compress(BIG)
        self.assertEqual(self.client.write_stream(BIG, kind="compressed-blobs/zstd", encoded=zipped), len(zipped))
        self.assertEqual(decompress(self.client.read_stream(digest_of(BIG), kind="compressed-blobs/zstd")), BIG)
        request = re.BatchUpdateBlobsRequest()
        request.requests.add(digest=digest_of(b"small"), data=compress(b"small"), compressor=re.Compressor.ZSTD)
        self.assertEqual(self.client.cas.BatchUpdateBlobs(request).responses[0].status.code, 0)
        read = re.BatchReadBlobsRequest(digests=[digest_of(b"small")], acceptable_compressors=[re.Compressor.ZSTD])
        (answer,) = self.client.cas.BatchReadBlobs(read).responses
        self.assertEqual((answer.compressor, decompress(answer.data)), (re.Compressor.ZSTD, b"small"))
        self.assertEqual(dict(self.cache.compressed), {"in": 2, "out": 2})

    def test_wrong_blobs_are_refused(self) -> None:
        for kind, encoded in (("blobs", None), ("compressed-blobs/zstd", compress(b"x")),
                              ("compressed-blobs/zstd", b"nothing of the kind")):
            with self.assertRaises(grpc.RpcError) as caught:
                self.client.write_stream(b"x", digest_of(b"y"), kind, encoded)
            self.assertEqual(caught.exception.code(), grpc.StatusCode.INVALID_ARGUMENT)

    def test_a_result_is_found_by_grpc_and_http_when_it_is_complete(self) -> None:
        key, blob = digest_of(b"action"), b"an output"
        result = re.ActionResult(stdout_raw=b"raw", output_files=[re.OutputFile(path="o", digest=digest_of(blob))])
        self.client.put_action(key, result)
        self.assertIsNone(self.client.get_action(key))
        self.client.upload([blob])
        self.assertEqual(self.client.get_action(key), result)
        with urllib.request.urlopen(f"{self.cache.http.url}/ac/{key.hash}") as answer:
            self.assertEqual(re.ActionResult.FromString(answer.read()), result)
        with urllib.request.urlopen(f"{self.cache.http.url}/cas/{digest_of(blob).hash}") as answer:
            self.assertEqual(answer.read(), blob)


@needs_sandbox
class LikeBuildbarn(ServerCase):
    def setUp(self) -> None:
        casd = self.start(Casd(execution=True))
        self.client = Client(self.start(FaultProxy(casd.address, *buildbarn(casd.address))).address)
        self.addCleanup(self.client.close)

    def test_execute_does_not_look_into_the_action_cache(self) -> None:
        action = self.client.action(["/bin/sh", "-c", "date +%N > out.txt"], {"in.txt": b"x"}, ["out.txt"])
        outputs = []
        for _ in range(2):
            response = self.client.execute(action).response
            self.assertEqual((response.status.code, response.cached_result), (0, False))
            outputs.append(response.result.output_files[0].digest.hash)
        self.assertNotEqual(outputs[0], outputs[1])

    def test_what_is_missing_is_named(self) -> None:
        content = b"nobody has this"
        action = self.client.action(["/bin/true"], {"in.txt": content}, [], upload=False)
        for digest, name in ((action, name_of(digest_of(content))),
                             (digest_of(b"no action"), name_of(digest_of(b"no action")))):
            status = self.client.execute(digest).response.status
            self.assertEqual(status.code, grpc.StatusCode.FAILED_PRECONDITION.value[0])
            details = error_details_pb2.PreconditionFailure()
            self.assertTrue(status.details[0].Unpack(details))
            self.assertEqual([(one.type, one.subject) for one in details.violations], [("MISSING", f"blobs/{name}")])


if __name__ == "__main__":
    unittest.main()
