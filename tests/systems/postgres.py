"""A PostgreSQL of a test's own: a private cluster on a free port of this machine, gone afterwards. Not here: what is stored in it."""

import io
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

INSTALLED = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
SERVER = "postgres"  # the user that may run it where this is root, whom PostgreSQL refuses


def is_installed() -> bool:
    return bool(INSTALLED) and shutil.which("psql") is not None


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@dataclass(frozen=True)
class Database:
    port: int

    def read(self, query: str) -> pl.DataFrame:
        """The answer to a query, as text."""
        command = ["psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "app", "-d", "postgres", "--csv", "-c", query]
        told = subprocess.run(command, check=True, capture_output=True)
        return pl.read_csv(io.BytesIO(told.stdout), infer_schema=False)


@contextmanager
def cluster() -> Iterator[Database]:
    """A running cluster whose user is `app`, without a password and not synced to the disk."""
    port, initdb = free_port(), INSTALLED[-1]
    with tempfile.TemporaryDirectory(prefix="fulcast-postgres-") as folder:
        if os.geteuid() == 0:
            shutil.chown(folder, SERVER)
        _run(str(initdb), "-D", f"{folder}/data", "-U", "app", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        control = (str(initdb.with_name("pg_ctl")), "-D", f"{folder}/data", "-l", f"{folder}/log", "-w", "-t", "120")
        _run(*control, "-o", options, "start")
        try:
            yield Database(port)
        finally:
            _run(*control, "-m", "immediate", "stop")


def _run(*command: str) -> None:
    switched = ("runuser", "-u", SERVER, "--") if os.geteuid() == 0 else ()
    subprocess.run([*switched, *command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
