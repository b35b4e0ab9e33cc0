"""How far a long step is. Here: one place that steps report to. Not here: how it is shown (cli.py) or logged (defs/)."""

from collections.abc import Callable

Report = Callable[[str, int, int], None]

_listeners: list[Report] = []


def listen(report: Report) -> Callable[[], None]:
    """Calls `report(step, done, total)` whenever a step advances, until the returned function is called."""
    _listeners.append(report)
    return lambda: _listeners.remove(report)


def advance(step: str, done: int, total: int) -> None:
    """Tells every listener that `done` of `total` parts of `step` are finished."""
    for report in _listeners:
        report(step, done, total)


def reporter(step: str) -> Callable[[int, int], None]:
    """A function (done, total) that reports on `step`."""
    return lambda done, total: advance(step, done, total)
