"""Work in a process of its own, so that its memory is its own. Here: seconds and peak memory. Not here: any work."""

import multiprocessing
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def apart(work: Callable[[Path], None], place: Path) -> tuple[float, float]:
    """Seconds and peak memory (GiB) of work in a process of its own."""
    context = multiprocessing.get_context("spawn")
    answers: Any = context.Queue()
    process = context.Process(target=_timed, args=(work, place, answers))
    process.start()
    answer = answers.get()
    process.join()
    if isinstance(answer, str):
        raise RuntimeError(answer)
    return answer


def _timed(work: Callable[[Path], None], place: Path, answers: Any) -> None:
    try:
        started = time.perf_counter()
        work(place)
        answers.put((time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20))
    except Exception as problem:
        answers.put(f"{type(problem).__name__}: {problem}")
