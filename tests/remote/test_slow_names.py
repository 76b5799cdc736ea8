"""A host whose name takes six seconds to be looked up: nobody waits for it past a deadline, nor at the end. A library
that is loaded before the others makes it so."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from kept import program  # noqa: E402
from rpc_cases import ToolCase  # noqa: E402

SLOW = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

int getaddrinfo(const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **list)
{
	int (*original)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
	*(void **)&original = dlsym(RTLD_NEXT, "getaddrinfo");
	if (strcmp(host, "slow.example") || (hints && hints->ai_flags & AI_NUMERICHOST))
		return original(host, port, hints, list);
	sleep(6);
	return EAI_AGAIN;
}
"""


class SlowNames(ToolCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory(prefix="sepal-names.")
        self.addCleanup(scratch.cleanup)
        library = os.path.join(scratch.name, "slow.so")
        subprocess.run([program("gcc"), "-shared", "-fPIC", "-xc", "-", "-o", library, "-ldl"], input=SLOW, text=True,
                       check=True)
        os.environ["LD_PRELOAD"] = library
        self.addCleanup(os.environ.pop, "LD_PRELOAD")

    def waits(self, name: str, url: str, text: str, **options: object) -> None:
        start = time.monotonic()
        tool = self.tool(name, url, **options)
        tool.send({"id": 1, "timeout_ms": 300})
        answers, _ = tool.finish()
        self.assertIn(text, answers[0]["text"])
        self.assertLess(time.monotonic() - start, 4)

    def test_a_call_ends_at_its_deadline_and_the_program_too(self) -> None:
        self.waits("rpc_run", "grpc://slow.example", "no answer in time")
        self.waits("rpc_run", "grpc://slow.example", "cannot look up the host's name in time", connect_timeout_ms=100)

    def test_a_request_ends_at_its_deadline_and_the_program_too(self) -> None:
        self.waits("http_run", "http://slow.example", "no answer in time")


if __name__ == "__main__":
    unittest.main()
