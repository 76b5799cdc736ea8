"""The TCP proxy passes bytes on, late, slowly, or not to the end."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from faults_tcp import TcpProxy  # noqa: E402
from reapi import Client, digest_of  # noqa: E402
from servers import Casd, ServerCase  # noqa: E402


class Echo:
    """Answers every byte with itself."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._echo, args=(connection,), daemon=True).start()

    @staticmethod
    def _echo(connection: socket.socket) -> None:
        try:
            while data := connection.recv(1 << 16):
                connection.sendall(data)
        except OSError:
            pass
        connection.close()


class Line(ServerCase):
    def setUp(self) -> None:
        self.echo = Echo()
        self.addCleanup(self.echo.listener.close)

    def connect(self, line: TcpProxy) -> socket.socket:
        end = socket.create_connection(("127.0.0.1", line.port.number), timeout=10)
        self.addCleanup(end.close)
        return end

    def all_of(self, end: socket.socket, length: int) -> bytes:
        data = b""
        while len(data) < length and (piece := end.recv(length - len(data))):
            data += piece
        return data

    def test_it_passes_on_and_ends_with_its_side(self) -> None:
        line = self.start(TcpProxy(self.echo.port))
        end, data = self.connect(line), os.urandom(1 << 20)
        threading.Thread(target=lambda: (end.sendall(data), end.shutdown(socket.SHUT_WR))).start()
        self.assertEqual(self.all_of(end, len(data)), data)
        self.assertEqual(end.recv(1), b"")
        self.assertEqual((line.connections, line.up, line.down), (1, len(data), len(data)))

    def test_pieces_are_late_but_do_not_wait_for_each_other(self) -> None:
        end = self.connect(self.start(TcpProxy(self.echo.port, delay=0.2)))
        start = time.monotonic()
        for _ in range(10):
            end.sendall(b"x")
            time.sleep(0.01)
        self.assertEqual(self.all_of(end, 10), b"x" * 10)
        self.assertGreater(time.monotonic() - start, 0.4)
        self.assertLess(time.monotonic() - start, 1.5)

    def test_a_thin_line_takes_its_time(self) -> None:
        end = self.connect(self.start(TcpProxy(self.echo.port, bandwidth=500_000)))
        start = time.monotonic()
        threading.Thread(target=end.sendall, args=(bytes(200_000),)).start()
        self.assertEqual(len(self.all_of(end, 200_000)), 200_000)
        self.assertGreater(time.monotonic() - start, 0.4)

    def test_a_line_breaks_in_the_middle_of_a_frame(self) -> None:
        casd = self.start(Casd())
        blob = bytes(1 << 20)
        with Client(casd.address) as client:
            client.upload([blob])
        line = self.start(TcpProxy(casd.port.number))
        line.cut_after, line.cut_count = 100_001, 1
        with Client(line.address) as client, self.assertRaises(Exception):
            client.read(digest_of(blob))
        with Client(line.address) as client:
            self.assertEqual(client.read(digest_of(blob)), [(0, blob)])
        self.assertEqual(line.cuts, 1)

    def test_cuts_are_gentle_or_not(self) -> None:
        line = self.start(TcpProxy(self.echo.port))
        line.cut_after = 5
        for gentle in (True, False):
            line.gentle = gentle
            end = self.connect(line)
            end.sendall(b"more than five")
            self.assertEqual(self.all_of(end, 5), b"more ")
            if gentle:
                self.assertEqual(end.recv(10), b"")
            else:
                self.assertRaises(ConnectionResetError, end.recv, 10)

    def test_connections_can_be_broken_refused_and_silent(self) -> None:
        line = self.start(TcpProxy(self.echo.port))
        end = self.connect(line)
        end.sendall(b"x")
        self.assertEqual(end.recv(1), b"x")
        line.silent = True
        end.sendall(b"y")
        end.settimeout(0.2)
        self.assertRaises(TimeoutError, end.recv, 1)
        line.silent = False
        end.settimeout(5)
        self.assertEqual(end.recv(1), b"y")
        line.reset_all()
        self.assertRaises(ConnectionResetError, end.recv, 1)
        line.accepting = False
        self.assertEqual(self.connect(line).recv(1), b"")
        line.stop()
        self.assertRaises(ConnectionRefusedError, self.connect, line)
        line.accepting = True
        line.start()
        end = self.connect(line)
        end.sendall(b"z")
        self.assertEqual(end.recv(1), b"z")


if __name__ == "__main__":
    unittest.main()
