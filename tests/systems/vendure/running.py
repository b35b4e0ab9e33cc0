"""A real Vendure shop on this machine: installed once, set up and started for a test. Not here: trading in it."""

import hashlib
import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipelines.operations.files import held
from tests.conftest import require
from tests.systems.postgres import Database, cluster, free_port, is_installed

HERE = Path(__file__).parent
PASSWORD = "of-a-test"
START_SECONDS = 120


@dataclass(frozen=True)
class Running:
    """Where the shop answers, and the database that it keeps everything in."""

    url: str
    database: Database


@contextmanager
def vendure() -> Iterator[Running]:
    """A shop without products, until the block ends; skipped with a sentence where it can't be had."""
    require(is_installed(), "PostgreSQL is not installed, which a Vendure shop needs")
    require(shutil.which("npm") is not None, "npm is not installed, which brings Vendure")
    modules = installed()
    with cluster() as database:
        port = free_port()
        told = {
            "SHOP_PORT": str(port),
            "DATABASE_PORT": str(database.port),
            "SHOP_PASSWORD": PASSWORD,
            "SHOP_MODULES": str(modules),
        }
        command = ["node", str(HERE / "shop.js")]
        subprocess.run([*command, "populate"], env=os.environ | told, check=True, cwd=modules)
        server = subprocess.Popen([*command, "serve"], env=os.environ | told, cwd=modules)
        try:
            _wait_for(f"http://127.0.0.1:{port}/health", server)
            yield Running(f"http://127.0.0.1:{port}", database)
        finally:
            server.terminate()
            server.wait()


def installed() -> Path:
    """The folder with Vendure's packages; installed once per machine and version."""
    wanted = (HERE / "package-lock.json").read_bytes()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fulcast-systems"
    folder = cache / f"vendure-{hashlib.sha256(wanted).hexdigest()[:12]}"
    cache.mkdir(parents=True, exist_ok=True)
    with held(cache / "vendure.lock"):
        if not folder.exists():
            aside = folder.with_suffix(".aside")
            shutil.rmtree(aside, ignore_errors=True)
            aside.mkdir()
            for name in ("package.json", "package-lock.json"):
                shutil.copyfile(HERE / name, aside / name)
            quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--omit=dev", "--silent")
            subprocess.run(["npm", "ci", *quiet], cwd=aside, check=True)
            aside.rename(folder)
    return folder


def _wait_for(url: str, server: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if server.poll() is not None:
            raise RuntimeError(f"the shop ended with {server.returncode} before it answered")
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"the shop has not answered within {START_SECONDS} s")
