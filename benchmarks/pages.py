"""Pages in a real browser: how much later than a minimal page they are drawn, and whether readers notice refreshes."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.bigledger import AS_OF, make
from dashboards.figures import DIGITS
from dashboards.views import best_sellers, fulfilment, today
from pipelines.defs.marts import GROUPS, make_step
from pipelines.demo import generate
from pipelines.metrics import metric
from pipelines.metrics.ask import Question, answer
from pipelines.settings import PROJECT
from pipelines.warehouse.snapshots import Snapshot, current, open_snapshot, publish

LINES, OPENINGS, LOADS, TABS = 10_000_000, 50, 2_000, 4
PAGES = {"": (today.FIGURES, 1, 7), "best-sellers": (best_sellers.FIGURES, 1, 28), "fulfilment": (fulfilment.FIGURES, 2, 28)}
MINIMAL = """
import numpy as np, pandas as pd, streamlit as st
st.set_page_config(layout="wide")
channel = st.multiselect("Channel", ["c0", "c1", "c2"], key="channel", bind="query-params")
st.metric("Value", len(channel))
for n in range(2):
    st.bar_chart(pd.DataFrame({"x": np.arange(30), "y": np.arange(30) * (n + 1 + len(channel))}), x="x", y="y")
"""
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
FIGURE, CHART = "[data-testid=stMetricValue]", "[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg"
FIGURES = "[data-testid=stMetric]"
PAINTED = """
([figure, chart]) => {
  const seen = {}, painted = (name) => requestAnimationFrame(() => requestAnimationFrame(() => { seen[name] = performance.now() / 1000; }));
  const look = () => {
    if (!("figures" in seen) && document.querySelector(figure)) { seen.figures = 0; painted("figures"); }
    const charts = document.querySelectorAll(chart).length;
    if (!(charts in seen) && charts) { seen[charts] = 0; painted(charts); }
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true });
  window.seenAt = seen;
}
"""  # seconds from the start of the navigation until the frame with the first figure, and with so many charts, was painted
BY_TITLE = """
() => Object.fromEntries([...document.querySelectorAll("[data-testid=stMetric]:has([data-testid=stMetricValue])")].map(figure => [
  figure.querySelector("[data-testid=stMetricLabel]").innerText.replace(/ \\([A-Z]{3}\\)$/, "").trim(),
  figure.querySelector("[data-testid=stMetricValue]").innerText]))
"""  # a title without its currency
SHOWN = "q => [...document.querySelectorAll(q)].map(e => e.innerText).join(' ')"
READ = "read"
LATER = {"figures": 0.5, "charts": 1.0, "filter": 0.4}


def measure(lines: int = LINES, openings: int = OPENINGS, loads: int = LOADS) -> Iterator[str]:
    """p95 of 50 openings of each page beside the minimal page; faults of 2,000 page loads during refreshes."""
    with tempfile.TemporaryDirectory(prefix="fulcast-pages-", dir="/var/tmp") as folder, _browser() as browser:
        yield from _drawn(Path(folder), browser, lines, openings)
        yield from _read_while_refreshing(Path(folder) / "demo", loads)


def _drawn(folder: Path, browser: Browser, lines: int, openings: int) -> Iterator[str]:
    warehouse = make(folder / "warehouse.duckdb", lines)
    run: Any = SimpleNamespace(
        as_of=AS_OF, as_of_date=AS_OF.date(), warehouse=warehouse,
        config=SimpleNamespace(merchant=SimpleNamespace(default_location="W0")),
    )  # fmt: skip
    for step in GROUPS:
        make_step(run, step)
    with warehouse.open() as connection:
        told = {"snapshot_version": "'bench'", "merchant": "'Bench'", "reporting_currency": "'EUR'", "made_at": "now()"}
        stated = told | {"as_of": f"TIMESTAMPTZ '{AS_OF.isoformat()}'"}
        connection.execute(
            f"INSERT INTO run_info BY NAME SELECT {', '.join(f'{v} AS {k}' for k, v in stated.items())}"
        ).fetchall()
    publish(warehouse, folder / "snapshots", "20260101-000000-000000")
    (folder / "minimal.py").write_text(MINIMAL)
    with _served(folder, folder / "minimal.py") as minimal, _served(folder, PROJECT / "dashboards" / "app.py") as site:
        peer = _timed(browser, f"{minimal}/", 2, openings)
        for path, (_, charts, _) in PAGES.items():
            own = _timed(browser, f"{site}/{path}", charts, openings)
            told_later = ", ".join(
                f"{what} {np.percentile(own[what], 95) - np.percentile(peer[what], 95):+.2f} s (promised {LATER[what]})"
                for what in LATER
            )
            yield f"{path or 'today'} over {lines:,} lines, p95 of {openings} later than a minimal page: {told_later}"
        yield "  minimal page, p95: " + ", ".join(f"{what} {np.percentile(seconds, 95):.2f} s" for what, seconds in peer.items())


def _timed(browser: Browser, url: str, charts: int, openings: int) -> dict[str, list[float]]:
    """Seconds from the start of a navigation until the first figure and the charts are painted, and from choosing a filter until the figures have changed."""
    taken: dict[str, list[float]] = {"figures": [], "charts": [], "filter": []}
    page = browser.new_page(viewport={"width": 1440, "height": 1200})
    page.add_init_script(f"({PAINTED})({json.dumps([FIGURE, CHART])})")
    page.goto(url)
    page.wait_for_selector(CHART)
    for _ in range(openings):
        page.goto(url)
        page.wait_for_function("n => Object.keys(window.seenAt).some(k => k >= n && window.seenAt[k] > 0)", arg=charts)
        seen = page.evaluate("window.seenAt")
        taken["figures"].append(seen["figures"])
        taken["charts"].append(min(at for name, at in seen.items() if name != "figures" and int(name) >= charts and at))
        taken["filter"].append(_filtered(page))
    page.close()
    return taken


def _filtered(page: Page) -> float:
    """Seconds from choosing a channel until the figures are others."""
    before = _still(page)
    page.get_by_label("Channel").first.click()
    option = page.get_by_role("option", name="c0", exact=True)
    option.wait_for()
    started = time.perf_counter()
    option.click()
    page.wait_for_function(f"([q, b]) => ({SHOWN})(q) !== b", arg=[FIGURES, before])
    return time.perf_counter() - started


def _still(page: Page) -> str:
    """The figures, once the page has been drawn and they stand still."""
    page.wait_for_function("() => !document.querySelector('[data-testid=stStatusWidget]')")
    shown = ""
    while shown != (now := str(page.evaluate(SHOWN, FIGURES))):
        shown = now
        page.wait_for_timeout(300)
    return shown


def _read_while_refreshing(folder: Path, loads: int) -> Iterator[str]:
    """Tabs that load pages again and again while orders come in and are refreshed in a loop."""
    home, inbox = folder / "home", folder / "inbox"
    generate(folder / "whole", orders=4_000, days=240, seed=3, end=datetime.now(UTC).date())  # figures of the last days change
    files = sorted(p for p in (folder / "whole" / "inbox").rglob("*") if p.is_file())
    held = [p for p in files if "master" not in p.parts][::2]
    for path in files:
        if path not in held:
            _copy(path, folder, inbox)
    environment = os.environ | {"FULCAST_HOME": str(home), "FULCAST_INPUT": str(inbox)}
    _refresh(environment, "refresh_all")
    current(home / "snapshots")  # readers need one to begin with
    with _served(home, PROJECT / "dashboards" / "app.py") as site:
        told = [folder / f"reader-{n}.txt" for n in range(TABS)]
        readers = [_reader(site, home, loads // TABS, n, path) for n, path in enumerate(told)]
        refreshes = 0
        while any(reader.poll() is None for reader in readers):
            if held:
                _copy(held.pop(), folder, inbox)
            _refresh(environment, "refresh_orders")
            refreshes += 1
        said = [line for path in told for line in path.read_text().splitlines()]
    read = sum(line.startswith(READ) for line in said)
    faults = [line for line in said if not line.startswith(READ)]
    versions = {line.split()[-1] for line in said if line.startswith(READ)}
    yield (
        f"{read:,} of {loads:,} page loads read during {refreshes} refreshes, {len(versions)} snapshots among them: "
        f"{len(faults)} with an error, a lock or figures of two snapshots"
    )
    yield from (f"  {many} × {what}" for what, many in Counter(faults).most_common())


def _reader(site: str, home: Path, loads: int, first: int, told: Path) -> "subprocess.Popen[bytes]":
    """A process that loads pages and writes into the file `told` what each was read from."""
    with told.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "benchmarks.reader", site, str(home), str(loads), str(first)], stdout=output
        )


def _copy(path: Path, folder: Path, inbox: Path) -> None:
    target = inbox / path.relative_to(folder / "whole" / "inbox")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, target.with_suffix(".copying"))
    target.with_suffix(".copying").replace(target)


def _refresh(environment: dict[str, str], job: str) -> None:
    fulcast = Path(sys.executable).with_name("fulcast")
    subprocess.run([fulcast, "run", "--job", job], env=environment, capture_output=True, check=False)


def version_of(banner: str) -> str:
    """The snapshot that a page's banner names."""
    return banner.rsplit(maxsplit=1)[-1].strip("`")


def figures_of(page: Page, path: str) -> dict[str, str]:
    """The page's key figures by title, once each of them stands there."""
    titles = [metric(name).title for name in PAGES[path][0]]
    page.wait_for_function(
        f"titles => {{ const shown = ({BY_TITLE})(); return titles.every(title => title in shown); }}", arg=titles
    )
    shown = page.evaluate(BY_TITLE)
    return {title: shown[title] for title in titles}


@cache
def expected(home: Path, path: str, version: str) -> dict[str, str]:
    """The registry's answers to the snapshot of that version, by title."""
    figures, _, days = PAGES[path]
    with open_snapshot(Snapshot(version, home / "snapshots" / f"{version}.duckdb")) as connection:
        day = connection.sql("SELECT as_of::DATE FROM run_info").fetchall()[0][0]
        period = day - timedelta(days=days), day - timedelta(days=1)
        return {metric(name).title: _shown(connection, name, *period) for name in figures}


def _shown(connection: Any, name: str, since: Any, until: Any) -> str:
    one = metric(name)
    found = answer(connection, Question(one, since=since, until=until)).row(0, named=True)["value"]
    return "–" if found is None else DIGITS[one.unit].format(found)


@contextmanager
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or "/usr/bin/chromium"
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def _served(home: Path, script: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port), "--server.headless", "true"]
    server = subprocess.Popen(
        command, env=os.environ | {"FULCAST_HOME": str(home)}, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _patiently(lambda: urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1).close())
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def _patiently(work: Callable[[], None]) -> None:
    for _ in range(150):
        try:
            return work()
        except OSError:
            time.sleep(0.2)
    raise TimeoutError("the dashboard did not start")
