"""Published examples of inventory formulas: ours, the printed figures, and stockpyl where it has the same function. Not here: the examples."""

import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

from benchmarks.textbook_examples import EXAMPLES

PEER_TOLERANCE = 1e-4


def measure() -> Iterator[str]:
    """How many examples come out to the printed digits, each that does not, and the peer beside ours."""
    started = time.perf_counter()
    found = {example.name: example.found() for example in EXAMPLES}
    seconds = time.perf_counter() - started
    wrong = [example for example in EXAMPLES if found[example.name] != example.printed]
    yield f"{len(EXAMPLES)} published examples, {len(EXAMPLES) - len(wrong)} to the printed digits, in {seconds:.2f} s"
    for source in dict.fromkeys(example.source for example in EXAMPLES):
        yield f"  {source}: {sum(example.source == source for example in EXAMPLES)}"
    yield from (f"  {example.name}: {found[example.name]} instead of {example.printed}" for example in wrong)
    if find_spec("stockpyl") is None:
        yield "stockpyl isn't installed: its figures and times are left out"
        return
    yield from _beside_the_peer()


def _beside_the_peer() -> Iterator[str]:
    from benchmarks.textbook_peer import CASES

    for name, ours, peer in CASES:
        our_answer, our_seconds = _timed(ours)
        peer_answer, peer_seconds = _timed(peer)
        gap = max(abs(a - b) / max(abs(b), 1) for a, b in zip(our_answer, peer_answer, strict=True))
        verdict = "same" if gap < PEER_TOLERANCE else f"differs by {gap:.1e}"
        yield f"  {name:<44} {our_seconds * 1e3:>9.2f} ms   stockpyl {peer_seconds * 1e3:>9.2f} ms   {verdict}"


def _timed(work: Callable[[], Any]) -> tuple[list[float], float]:
    started = time.perf_counter()
    answer = work()
    return [float(value) for value in answer], time.perf_counter() - started
