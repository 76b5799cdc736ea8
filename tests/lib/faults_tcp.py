"""A TCP proxy with a long, thin or breaking line: bytes, whatever they mean. For what stands between frames.

    line = self.start(TcpProxy(casd.port.number, delay=0.1, bandwidth=1_000_000))      # a ServerCase
    repo.check(".", "--remote-cache", f"grpc://{line.address}")
    line.cut_after = 10_000        # the next connections break after so many bytes of answers: in mid-frame
    line.reset_all()               # those that are open break now, with RST
    line.accepting = False         # new ones are closed as soon as they are there
    line.silent = True             # nothing more is passed on, either way; connections stay open
    line.connections, line.up, line.down    # how many came, bytes to and from the server

`delay` is one way, for each piece; pieces on their way do not wait for each other. `bandwidth` is bytes a second for
each connection and direction. `cut_after` holds for one connection after the other while it is set; `cut_count`
limits how many. A cut is an RST, or with `gentle` a FIN.
"""

from __future__ import annotations

import collections
import socket
import struct
import threading
import time
from typing import Callable

from servers import Port

PIECE = 16384
LINGER_NO_TIME = struct.pack("ii", 1, 0)  # close() then sends RST


class Connection:
    def __init__(self, client: socket.socket, server: socket.socket, cut_after: int | None, gentle: bool) -> None:
        self.client, self.server = client, server
        self.cut_after, self.gentle = cut_after, gentle
        self.ended = False
        self._lock = threading.Lock()

    def end(self, gentle: bool) -> None:
        with self._lock:
            self.ended = True
            for end in (self.client, self.server):
                try:
                    if not gentle:
                        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NO_TIME)
                    else:
                        end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                # the other thread may be in recv() of it: this wakes it up, and close() alone would not
                if not gentle:
                    try:
                        end.shutdown(socket.SHUT_RD)
                    except OSError:
                        pass
                end.close()


class TcpProxy:
    def __init__(self, target_port: int, delay: float = 0.0, bandwidth: float = 0.0) -> None:
        self.target_port, self.delay, self.bandwidth = target_port, delay, bandwidth
        self.port = Port()
        self.accepting, self.silent, self.gentle = True, False, False
        self.cut_after: int | None = None
        self.cut_count: int | None = None
        self.connections = self.up = self.down = self.cuts = 0
        self._lock = threading.Lock()
        self._open: set[Connection] = set()
        self._listener: socket.socket | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port.number}"

    def start(self) -> None:
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", self.port.number))
        self._listener.listen(512)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def stop(self) -> None:
        if self._listener:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        self.reset_all()

    def delete(self) -> None:
        self.port.close()

    def reset_all(self, gentle: bool = False) -> None:
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            connection.end(gentle)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            if not self.accepting:
                client.close()
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self.target_port), timeout=10)
            except OSError:
                client.close()  # as a balancer does that has nobody behind it
                continue
            server.settimeout(None)
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(client, server, self._cut_for_next(), self.gentle)
            with self._lock:
                self._open.add(connection)
            for source, target, answers in ((client, server, False), (server, client, True)):
                threading.Thread(target=self._pass_on, args=(connection, source, target, answers), daemon=True).start()

    def _cut_for_next(self) -> int | None:
        with self._lock:
            if self.cut_after is None or (self.cut_count is not None and self.cuts >= self.cut_count):
                return None
            self.cuts += 1
            return self.cut_after

    def _count(self, answers: bool, amount: int) -> None:
        with self._lock:
            if answers:
                self.down += amount
            else:
                self.up += amount

    def _pass_on(self, connection: Connection, source: socket.socket, target: socket.socket, answers: bool) -> None:
        send = Delayed(target, lambda: self.delay) if self.delay else None
        total = 0
        try:
            while data := source.recv(PIECE):
                while self.silent:
                    time.sleep(0.01)
                last = False
                if answers and connection.cut_after is not None and total + len(data) >= connection.cut_after:
                    data, last = data[:connection.cut_after - total], True
                total += len(data)
                self._count(answers, len(data))
                if self.bandwidth:
                    time.sleep(len(data) / self.bandwidth)
                if send:
                    send.put(data)
                else:
                    target.sendall(data)
                if last:
                    if send:
                        send.finish()
                    # an RST overtakes what the other side has not read yet
                    time.sleep(0.05)
                    connection.end(connection.gentle)
                    return
            if send:
                send.finish()
            if not connection.ended:  # else it was woken up, and a FIN would come before the RST
                target.shutdown(socket.SHUT_WR)
        except OSError:
            connection.end(False)
        finally:
            with self._lock:
                self._open.discard(connection)


class Delayed:
    """Pieces that reach their target some time after they were put, in order."""

    def __init__(self, target: socket.socket, delay: Callable[[], float]) -> None:
        self._target, self._delay = target, delay
        self._pieces: collections.deque[tuple[float, bytes | None]] = collections.deque()
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._thread.start()

    def put(self, data: bytes | None) -> None:
        with self._changed:
            self._pieces.append((time.monotonic() + self._delay(), data))
            self._changed.notify()

    def finish(self) -> None:
        self.put(None)
        self._thread.join()

    def _send(self) -> None:
        while True:
            with self._changed:
                while not self._pieces:
                    self._changed.wait()
                when, data = self._pieces.popleft()
            if data is None:
                return
            time.sleep(max(0.0, when - time.monotonic()))
            try:
                self._target.sendall(data)
            except OSError:
                return
