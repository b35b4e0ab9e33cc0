"""Scenarios with several processes and sudden deaths, run as a script by the tests. Not here: what must hold afterwards."""

import itertools
import os
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from pipelines.operations import ApprovalRefused, Outbox, Suggestion, send

AT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
CONTENDERS = 4


def filled(folder: Path, count: int, is_approved: bool) -> str:
    """An outbox with `count` decisions, and its address."""
    url = f"sqlite:///{folder}/outbox.db"
    suggestions = [
        Suggestion("reorder", f"SKU-{i}", "DC-1", "ACME", None, 10 + i, None, None, None, None, {}) for i in range(count)
    ]
    with Outbox(url) as outbox:
        outbox.suggest("reorder", suggestions, "v1", AT)
        if is_approved:
            outbox.approve(outbox.decisions()["decision_id"].to_list(), "ana", "ok", None, AT)
    return url


def forked(work: Callable[[], int]) -> int:
    """Runs `work` in a child, whose exit code is the result."""
    child = os.fork()
    if child == 0:
        code = 99
        try:
            code = work()
        finally:
            os._exit(code)
    return child


def at_once(work: Callable[[int], int]) -> list[int]:
    """The exit codes of CONTENDERS children that start at the same moment."""
    start = time.time() + 0.1

    def wait_and_work(contender: int) -> int:
        time.sleep(max(0.0, start - time.time()))
        return work(contender)

    children = [forked(partial(wait_and_work, i)) for i in range(CONTENDERS)]
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def approve(root: Path) -> None:
    url = filled(root, count=20, is_approved=False)

    def work(contender: int) -> int:
        with Outbox(url) as outbox:
            try:
                outbox.approve(outbox.decisions()["decision_id"].to_list(), f"planner {contender}", "ok", None, AT)
            except ApprovalRefused:
                return 1
        return 0

    print(*at_once(work), sep="\n")


def send_at_once(root: Path) -> None:
    url = filled(root, count=20, is_approved=True)

    def work(_: int) -> int:
        with Outbox(url) as outbox:
            send(outbox, root / "out", AT)
        return 0

    print(*at_once(work), sep="\n")


def killed(root: Path) -> None:
    """Kills a sender before its first step, after it, before its second …, each in a folder of its own, until one survives."""
    for moment in itertools.count():
        folder = root / str(moment)
        url = filled(folder, count=3, is_approved=True)
        status = os.waitpid(forked(partial(_send_killed, folder, url, moment)), 0)[1]
        code = os.waitstatus_to_exitcode(status)
        print(code)
        if code != -signal.SIGKILL:
            return


def _send_killed(folder: Path, url: str, moment: int) -> int:
    ticks = itertools.count()

    def tick() -> None:
        if next(ticks) == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    def mortal(step: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any) -> Any:
            tick()
            result = step(*arguments)
            tick()
            return result

        return run

    with Outbox(url) as outbox:
        for owner, name in ((outbox, "claim"), (outbox, "mark_sent"), (os, "fsync"), (os, "replace")):
            setattr(owner, name, mortal(getattr(owner, name)))
        send(outbox, folder / "out", AT)
    return 0


if __name__ == "__main__":
    {"approve": approve, "send_at_once": send_at_once, "killed": killed}[sys.argv[1]](Path(sys.argv[2]))
