"""Joint replenishment: how near the ranking and the default come to the proven optimum, and 10,000 SKUs in time. Not here: instances."""

import time
from collections.abc import Iterator

import numpy as np

from benchmarks.joint_instances import KINDS, basket, limits_for
from models.joint.exact import optimised
from models.joint.problem import Candidates, Limits
from models.joint.ranking import ranked

SIZES, SEEDS = (10, 50, 200), range(5)
PROOF_SECONDS, PROOF_GAP = 120.0, 1e-4
LARGE = 10_000


def measure(sizes: tuple[int, ...] = SIZES, seeds: range = SEEDS, large: int = LARGE) -> Iterator[str]:
    """Worst and mean shortfall per size and kind of limit against the proven optimum; seconds and gap to the bound at the large size."""
    yield "SKUs   limits             instances proven   ranking short: mean  worst   seconds   default short: mean  worst   seconds"
    for skus in sizes:
        for kind in KINDS:
            yield _line(skus, kind, seeds)
    yield f"{large:,} SKUs, one instance per kind of limit:   value          bound          gap      seconds (ranking alone: gap, seconds)"
    for kind in KINDS:
        frame = basket(large, 1)
        problem, limits = Candidates.of(frame), limits_for(frame, kind, np.random.default_rng(1))
        quick, quick_seconds = _timed(lambda problem=problem, limits=limits: ranked(problem, limits))
        best, seconds = _timed(lambda problem=problem, limits=limits: optimised(problem, limits).choice)
        yield (
            f"  {kind:<18} {best.containers:>3} containers {best.value:>17,.1f} {best.bound:>14,.1f}   {best.gap_rate:>8.4%} "
            f"{seconds:>6.1f}   ({quick.gap_rate:.4%}, {quick_seconds:.1f})"
        )


def _line(skus: int, kind: str, seeds: range) -> str:
    short, default_short, quick_seconds, seconds, proven = [], [], [], [], 0
    for seed in seeds:
        frame = basket(skus, seed)
        problem, limits = Candidates.of(frame), limits_for(frame, kind, np.random.default_rng(seed))
        quick, took = _timed(lambda problem=problem, limits=limits: ranked(problem, limits))
        default, default_took = _timed(lambda problem=problem, limits=limits: optimised(problem, limits).choice)
        best = _best(problem, limits)
        proven += best[1]
        short.append(_shortfall(quick.value, best[0]))
        default_short.append(_shortfall(default.value, best[0]))
        quick_seconds.append(took)
        seconds.append(default_took)
    return (
        f"{skus:>5}  {kind:<18} {len(short):>9} {proven:>6}   {np.mean(short):>18.3%} {max(short):>7.3%} {np.mean(quick_seconds):>8.2f}"
        f"   {np.mean(default_short):>18.3%} {max(default_short):>7.3%} {np.mean(seconds):>8.2f}"
    )


def _best(problem: Candidates, limits: Limits) -> tuple[float, bool]:
    """The proven optimum (to 0.01 %), or the bound where the solver ran out of time."""
    choice, is_proven = optimised(problem, limits, seconds=PROOF_SECONDS, gap_rate=PROOF_GAP)
    return (choice.value if is_proven else choice.bound), is_proven


def _shortfall(value: float, best: float) -> float:
    return (best - value) / best if best > 1e-9 else 0.0


def _timed(work):  # type: ignore[no-untyped-def]
    started = time.perf_counter()
    answer = work()
    return answer, time.perf_counter() - started
