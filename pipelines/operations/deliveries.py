"""Delivers approved decisions as files, each decision exactly once. Not here: which ones are approved, what the ERP answers."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from pipelines.operations.exports import write_csv
from pipelines.operations.files import held, written_aside
from pipelines.operations.outbox import Batch, Outbox

DELIVERED = (
    "decision_id",
    "idempotency_key",
    "kind",
    "sku",
    "location_id",
    "supplier_id",
    "from_location_id",
    "quantity_units",
    "unit_cost_amount",
    "amount",
    "currency_code",
    "needed_by",
)


@dataclass(frozen=True)
class SendOutcome:
    """What one call delivered: decisions newly sent, and the files written, finished or anew."""

    sent: int
    files: tuple[Path, ...]


def send(outbox: Outbox, folder: Path, at: datetime) -> SendOutcome:
    """Delivers every approved decision to `folder` as JSON lines and as CSV; batches left over from a crash come first.

    A batch is claimed, written, marked sent. Killed anywhere between, the next call writes the same files again, byte
    for byte under the same names; a reader who took them before then knows them by `idempotency_key`.

    Raises OSError when the folder cannot be written to; the batch is then finished by a later call.
    """
    sent = 0
    files: list[Path] = []
    with held(folder / ".sending.lock"):
        for leftover in folder.glob(".decisions-*.part"):
            leftover.unlink()
        while batch := outbox.claim(at):
            files += _write(batch, folder)
            sent += outbox.mark_sent(batch.batch_id, at)
    return SendOutcome(sent, tuple(files))


def _write(batch: Batch, folder: Path) -> tuple[Path, Path]:
    decisions = batch.decisions.select(DELIVERED)
    lines, table = (folder / f"decisions-{batch.batch_id}.{suffix}" for suffix in ("jsonl", "csv"))
    with written_aside(lines) as aside:
        aside.write_text(_json_lines(decisions), encoding="utf-8")
    write_csv(decisions, table)
    return lines, table


def _json_lines(decisions: pl.DataFrame) -> str:
    """One object per line; amounts are text such as "12.5000", which JSON's numbers would round, and dates are ISO."""
    return "".join(json.dumps(row, default=str, ensure_ascii=False) + "\n" for row in decisions.iter_rows(named=True))
