"""Two hundred lives of each channel under faults, against the merchant's truth; beside them polls without overlap and reconciliation.

Resumable: every life is a line of benchmarks/output/faults.jsonl, and those that are there are not lived again.
"""

import json
import multiprocessing
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.trials import CHANNELS, merchant, run_trial, shop_of

OUTPUT = Path(__file__).parent / "output" / "faults.jsonl"
SEEDS, PLAIN_SEEDS, ORDERS, WORKERS = 200, 10, 2000, 2


def live(task: tuple[str, int, bool]) -> dict[str, Any]:
    """One trial, as what is kept of it."""
    kind, seed, is_plain = task
    folder = Path(tempfile.gettempdir()) / f"fulcast-faults-{seed % 4}"
    truth = folder.with_name(f"{folder.name}-merchant")
    started = time.monotonic()
    shop = shop_of(merchant(truth, seed=5 + seed % 4), kind, ORDERS)
    trial = run_trial(kind, shop, seed, folder / f"{kind}-{seed}-{is_plain}", is_plain=is_plain)
    return asdict(trial) | {"is_plain": is_plain, "seconds": round(time.monotonic() - started, 1)}


def measure(seeds: int = SEEDS) -> Iterator[str]:
    """Lives what is missing, then the sums per channel."""
    OUTPUT.parent.mkdir(exist_ok=True)
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    told = [json.loads(line) for line in OUTPUT.read_text().splitlines()] if OUTPUT.exists() else []
    lived = {(t["kind"], t["seed"], t["is_plain"]) for t in told}
    tasks = [(kind, seed, False) for seed in range(1, seeds + 1) for kind in CHANNELS]
    tasks += [(kind, seed, True) for seed in range(1, min(seeds, PLAIN_SEEDS) + 1) for kind in CHANNELS]
    for merchant_seed in range(4):
        merchant(Path(tempfile.gettempdir()) / f"fulcast-faults-{merchant_seed}-merchant", seed=5 + merchant_seed)
    with ProcessPoolExecutor(WORKERS, multiprocessing.get_context("spawn")) as pool, OUTPUT.open("a") as output:
        for trial in pool.map(live, [task for task in tasks if task not in lived]):
            print(json.dumps(trial | {"commit": commit}), file=output, flush=True)
            told.append(trial)
            if not trial["is_plain"] and (trial["lost"] or trial["duplicated"] or trial["wrong"] or trial["notes"]):
                yield f"{trial}"
    yield from sums(told)


def sums(told: list[dict[str, Any]]) -> Iterator[str]:
    """A line per channel, and one for the polls of the peer."""
    yield f"{'channel':<22}{'lives':>5}{'orders':>10}{'faults':>9}{'caught':>9}{'lost':>7}{'double':>7}{'wrong':>7}"
    for kind in CHANNELS:
        for is_plain in (False, True):
            lives = [t for t in told if t["kind"] == kind and t["is_plain"] == is_plain]
            name = f"{kind} (plain)" if is_plain else kind
            total = {
                name: sum(t[name] for t in lives)
                for name in ("orders", "caught_by_reconciliation", "lost", "duplicated", "wrong")
            }
            faults = sum(sum(t["faults"].values()) for t in lives)
            told_as = f"{total['orders']:>10,}{faults:>9,}{total['caught_by_reconciliation']:>9,}{total['lost']:>7,}{total['duplicated']:>7,}{total['wrong']:>7,}"  # noqa: E501
            yield f"{name:<22}{len(lives):>5}{told_as}"
