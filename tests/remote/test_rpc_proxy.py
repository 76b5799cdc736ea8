"""net/rpc.h with nginx between it and the server, as many are: connections that are retired after some requests, pages
for people, servers behind that are not there."""

from __future__ import annotations

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from kept import program  # noqa: E402
from rpc_cases import GrpcServer, ToolCase  # noqa: E402
from servers import Server, ServerCase  # noqa: E402

CONFIGURATION = """\
{user}
daemon off;
pid {scratch}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 512; }}
http {{
	access_log off;
	client_body_temp_path {scratch}/body;
	proxy_temp_path {scratch}/proxy;
	fastcgi_temp_path {scratch}/fastcgi;
	uwsgi_temp_path {scratch}/uwsgi;
	scgi_temp_path {scratch}/scgi;
	keepalive_requests 50;
	client_max_body_size 0;
	server {{
		listen {address} http2 reuseport;
		location / {{ grpc_pass grpc://127.0.0.1:{behind}; }}
		location /closed {{ return 403; }}
		location /elsewhere {{ return 302 http://127.0.0.1:1/; }}
	}}
}}
"""


class Front(Server):
    """nginx in front of a gRPC server on `behind`."""

    name = "front"

    def __init__(self, behind: int) -> None:
        super().__init__()
        self.behind = behind

    @property
    def url(self) -> str:
        return f"grpc://{self.address}"

    def _launch(self) -> None:
        path = os.path.join(self.scratch, "nginx.conf")
        with open(path, "w") as file:
            file.write(CONFIGURATION.format(user="user root;" if os.geteuid() == 0 else "", scratch=self.scratch,
                                            address=self.address, behind=self.behind))
        argv = [program("nginx"), "-e", "stderr", "-p", self.scratch, "-c", path]
        self._run("nginx", argv).wait_until(self.port.listens, "nginx")


class Proxy(ServerCase, ToolCase):
    def test_connections_that_are_retired_cost_no_call(self) -> None:
        front = self.start(Front(GrpcServer(self).port))
        lines = [{"messages": [f"m{i}"], "ask": bool(i % 2)} for i in range(600)]
        lines += [{"method": "/t.T/Bidi", "messages": [2_000_000, "", "x"]} for _ in range(10)]
        found, traffic = self.calls(front.url, *lines)
        self.assertEqual({(answer["status"], answer["text"]) for answer in found.values()}, {("OK", "")})
        self.assertEqual([found[i + 1]["messages"][0]["text"] for i in range(600)], [f"m{i}" for i in range(600)])
        self.assertGreater(traffic["connects"], 10)

    def test_a_server_behind_that_goes_and_comes_back(self) -> None:
        server = GrpcServer(self)
        front = self.start(Front(server.port))
        tool = self.tool("rpc_run", front.url)
        for number, status in enumerate(("OK", "UNAVAILABLE", "OK")):
            if status == "UNAVAILABLE":
                server.stop()
            elif number:
                server = GrpcServer(self, server.port)
            tool.send({"id": number, "messages": ["x"]})
            answer = tool.answer()
            self.assertEqual(answer["status"], status, answer)

    def test_answers_of_the_proxy_itself_are_told_from_the_servers(self) -> None:
        front = self.start(Front(GrpcServer(self).port))
        for method, status, http in (("/closed/X", "PERMISSION_DENIED", 403), ("/elsewhere/X", "UNKNOWN", 302)):
            answer = self.call(front.url, {"method": method, "messages": ["x"]})
            self.assertEqual(answer["status"], status)
            self.assertIn(f"HTTP status {http}", answer["text"])


if __name__ == "__main__":
    unittest.main()
