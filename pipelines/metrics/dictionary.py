"""docs/metrics.md, written from the registry. Here: the page. Not here: definitions."""

import sys

from pipelines.metrics.ask import groups_of
from pipelines.metrics.registry import Metric, all_metrics

HEAD = """# Metrics
Written from the registry by `make metrics`; `fulcast metric NAME --explain` prints one with the SQL that answers it, `--orders` the
orders behind the number. A rate is blank, never zero, where nothing counts. Every version that is still kept can be asked for with
`--version`; a page shows the newest.

"""

CHANGES = """## Changes
Old and new are answered side by side by `fulcast metric NAME --explain`.

| metric | version | since | what changed |
|---|---|---|---|
"""


def page() -> str:
    """The dictionary as Markdown: every metric by subject, then every change of a definition."""
    parts, subject = [HEAD], ""
    for one in all_metrics():
        if one.subject != subject:
            subject = one.subject
            parts.append(f"## {subject.capitalize()}\n")
        parts.append(_entry(one))
    changes = [m for m in all_metrics(every_version=True) if m.changed]
    parts.append(CHANGES)
    parts += [f"| `{m.name}` | {m.version} | {m.since} | {m.changed} |\n" for m in changes]
    return "".join(parts)


def _entry(one: Metric) -> str:
    rows = {
        "formula": one.formula, "counts": f"{one.grain} (`{one.fact}`)", "dated by": f"`{one.dated_by}`: {one.calendar}", "clock": one.clock,
        "open items": one.open_items, "tolerance": one.tolerance, "unit": one.unit, "told by": ", ".join(groups_of(one)),
    }  # fmt: skip
    table = "".join(f"| {name} | {value} |\n" for name, value in rows.items())
    return f"### `{one.name}` — {one.title}\n{one.meaning} Version {one.version}.\n\n| | |\n|---|---|\n{table}\n"


if __name__ == "__main__":
    sys.stdout.write(page())
