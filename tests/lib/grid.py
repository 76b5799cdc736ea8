"""BuildGrid for tests: an execution server with its state in PostgreSQL, and workers that have buildbox-run do the
work.

    grid = self.start(BuildGrid())          # a ServerCase of servers.py
    ... grid.url, "grpc://127.0.0.1:PORT/main"

REAPI 2.0 to 2.2, instance `main`, no compression; the stages of an operation are seen; what is missing from an action
is said by the status of the call. It polls its database: ten times a second here, which makes an action take some
tenths of a second. PostgreSQL listens on a socket in the scratch directory, and runs as its own user when we are
root.
"""

from __future__ import annotations

import glob
import json
import os
import shutil
import subprocess
from typing import Any

import sandbox
from kept import LIB, Kept, installed
from servers import Server

INSTANCE = "main"
DATABASE_USER = "bgd"
POLL_SECONDS = 0.1

CONFIGURATION = """\
server:
  - !channel
    address: {address}
    insecure-mode: true
description: for tests
authorization:
  method: none
monitoring:
  enabled: false
thread-pool-size: {threads}
connections:
  - !sql-connection &database
    connection-string: {database}
    pool-size: 10
    pool-timeout: 30
    max-overflow: 20
storages:
  - !disk-storage &blobs
    path: {data}
caches:
  - !lru-action-cache &results
    storage: *blobs
    max-cached-refs: 100000
    cache-failed-actions: false
    allow-updates: true
schedulers:
  - !sql-scheduler &scheduler
    sql: *database
    storage: *blobs
    action-cache: *results
    poll-interval: {poll}
    bot-poll-interval: {poll}
    assigners:
      - !priority-age-assigner
        interval: {poll}
        failure-backoff: {poll}
        jitter-factor: 0
    max-execution-timeout: 7200
instances:
  - name: {instance}
    description: the only one
    services:
      - !action-cache
        cache: *results
      - !execution
        scheduler: *scheduler
      - !bots
        scheduler: *scheduler
      - !cas
        storage: *blobs
      - !bytestream
        storage: *blobs
"""


def postgresql(name: str) -> str:
    """A program of the newest PostgreSQL, which Debian keeps off the PATH."""
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"),
                   key=lambda path: int(path.split("/")[4]) if path.split("/")[4].isdigit() else 0)
    path = found[-1] if found else shutil.which(name)
    if not path:
        raise AssertionError(f"There is no {name} of PostgreSQL: run ./dev test remote as root, which installs it.")
    return path


class BuildGrid(Server):
    name = "buildgrid"

    def __init__(self, bots: int = 2) -> None:
        super().__init__()
        self.bots = bots
        self.user = "postgres" if os.geteuid() == 0 else ""
        self.database = os.path.join(self.scratch, "database")
        self.python = installed("venv", "bin", "python")
        self.program = [self.python, "-c", "from buildgrid.server.app import cli; cli()"]

    @property
    def url(self) -> str:
        return f"grpc://{self.address}/{INSTANCE}"

    @property
    def connection(self) -> str:
        return f"postgresql+psycopg2://{DATABASE_USER}@/{DATABASE_USER}?host={self.database}"

    def _launch(self) -> None:
        new = not os.path.exists(self.database)
        if new:
            self._make_database()
        data = os.path.join(self.database, "data")
        postgres = self._run("postgres", [postgresql("postgres"), "-D", data, "-k", self.database, "-h", "",
                                          "-c", "fsync=off", "-c", "max_connections=60"], user=self.user)
        postgres.wait_until(self._database_answers, "PostgreSQL")
        if new:
            self._command("createdb", [postgresql("createdb"), "-h", self.database, "-U", DATABASE_USER, DATABASE_USER])
            self._command("migrate", [*self.program, "migrate", "apply", self.connection])
        configuration = os.path.join(self.scratch, "buildgrid.yml")
        with open(configuration, "w") as file:
            file.write(CONFIGURATION.format(
                address=json.dumps(self.address), threads=20 + self.bots, database=json.dumps(self.connection),
                data=json.dumps(os.path.join(self.scratch, "data")), poll=POLL_SECONDS, instance=INSTANCE))
        server = self._run("buildgrid", [*self.program, "server", "start", configuration])
        server.wait_until(self.port.listens, "BuildGrid")
        for bot in [self._start_bot(f"bot-{number}") for number in range(self.bots)]:
            bot.wait_until(lambda: os.path.getsize(bot.log) > 0, "a worker of BuildGrid")

    def _start_bot(self, bot_id: str) -> Kept:
        """It says a word when the server knows it."""
        return self._run(bot_id, [self.python, os.path.join(LIB, "grid_bot.py"), self.address, INSTANCE, bot_id,
                                  installed("buildbox", "buildbox-run"), *sandbox.runner_arguments()],
                         **sandbox.way().options(self.scratch))

    def _database_answers(self) -> bool:
        done = subprocess.run([postgresql("pg_isready"), "-q", "-h", self.database], stdout=subprocess.DEVNULL)
        return done.returncode == 0

    def _make_database(self) -> None:
        os.mkdir(self.database)
        if self.user:
            shutil.chown(self.database, self.user)
        self._command("initdb", [postgresql("initdb"), "-D", os.path.join(self.database, "data"), "-U", DATABASE_USER,
                                 "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"], user=self.user)

    def _command(self, name: str, argv: list[str], **options: Any) -> None:
        """Something that must end well before the server can start."""
        kept = self._run(name, argv, **options)
        self.kept.remove(kept)
        if kept.process.wait() != 0:
            with open(kept.log, errors="replace") as file:
                raise AssertionError(f"{name} ended with status {kept.process.returncode}:\n{file.read()}")
