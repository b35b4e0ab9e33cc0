"""`make bench`: every figure, printed and kept in benchmarks/output with date and commit. A part that is done today is not run again."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import (
    censored,
    coherence,
    faults,
    forecast_speed,
    forecasts,
    fuzz,
    incremental,
    joint,
    layers,
    lead_times,
    marts,
    million,
    pages,
    path,
    rush,
    service,
    stock_speed,
    textbook,
    truth,
    vn2,
    webhooks,
)

OUTPUT = Path(__file__).parent / "output"
PARTS = {"path": path.measure, "censored": censored.measure, "coherence": coherence.measure, "layers": layers.measure,
         "fuzz": fuzz.measure, "million": million.measure, "marts": marts.measure,
         "incremental": incremental.measure, "pages": pages.measure, "truth": truth.measure, "forecasts": forecasts.measure,
         "forecast_speed": forecast_speed.measure, "textbook": textbook.measure, "joint": joint.measure, "lead_times": lead_times.measure,
         "vn2": vn2.measure, "stock_speed": stock_speed.measure, "service": service.measure, "webhooks": webhooks.measure, "rush": rush.measure,
         "faults": faults.measure}  # fmt: skip


SAMPLES = {"rush": rush.sample, "forecasts": forecasts.sample}  # what `--sample` runs instead: less, and nothing is kept


def main() -> None:
    """Runs the parts named on the command line, or all that have not run today; `--sample` in small, of which nothing is kept."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    today = datetime.now(UTC).date().isoformat()
    OUTPUT.mkdir(exist_ok=True)
    named = [argument for argument in sys.argv[1:] if argument != "--sample"]
    if "--sample" in sys.argv:
        for line in (line for name in named or SAMPLES for line in SAMPLES[name]()):
            print(line, flush=True)
        return
    for name in named or PARTS:
        file = OUTPUT / f"{name}-{today}-{commit}.txt"
        if file.exists() and not named:
            print(f"{name}: done already, see {file}")
            continue
        lines = [f"{name}, {today}, commit {commit}"]
        for line in PARTS[name]():
            print(line, flush=True)
            lines.append(line)
        file.write_text("\n".join(lines) + "\n")


main()
