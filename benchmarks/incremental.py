"""Facts made again for touched orders against full rebuilds, 500 random sequences of loads, edits, late arrivals and deletions."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator

CASES = 500


def measure() -> Iterator[str]:
    """Runs the property that CI runs on three sequences, on five hundred."""
    started = time.monotonic()
    test = "tests/warehouse/test_facts.py::test_touched_orders_made_again_equal_a_full_rebuild"
    command = [sys.executable, "-m", "pytest", "-n", "0", "-q", test]
    outcome = subprocess.run(command, env=os.environ | {"FULCAST_CASES": str(CASES)}, capture_output=True, text=True, check=False)
    verdict = "equal in every one" if outcome.returncode == 0 else f"NOT EQUAL\n{outcome.stdout[-2000:]}"
    yield f"{CASES} sequences, facts made in part against made whole at the same instant: {verdict} ({time.monotonic() - started:.0f} s)"
