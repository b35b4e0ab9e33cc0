"""Deliveries: each decision once, whatever dies or races, and files that are safe to open."""

import csv
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.operations import Outbox, Refused, Suggestion, send

Processes = Callable[[str], list[str]]


def delivered(folder: Path, suffix: str) -> list[str]:
    """The decision ids in all files of one format."""
    if suffix == "jsonl":
        return [json.loads(line)["decision_id"] for path in folder.glob("*.jsonl") for line in path.read_text().splitlines()]
    return [row["decision_id"] for path in folder.glob("*.csv") for row in csv.DictReader(path.read_text().splitlines())]


def assert_each_sent_once(url: str, folder: Path, count: int) -> None:
    with Outbox(url) as outbox:
        assert outbox.counts() == {"sent": count}
        expected = Counter(outbox.decisions()["decision_id"].to_list())
        assert all(outbox.history(decision_id)["to_state"].to_list().count("sent") == 1 for decision_id in expected)
    assert Counter(delivered(folder, "jsonl")) == expected
    assert Counter(delivered(folder, "csv")) == expected
    assert not list(folder.glob("*.part"))


def test_files_say_what_was_approved(outbox: Outbox, base: Suggestion, at: datetime, tmp_path: Path) -> None:
    outbox.suggest("reorder", [base, replace(base, sku="=HYPERLINK(1)", amount=None)], "v1", at)
    ids = outbox.decisions()["decision_id"].to_list()
    outbox.approve(ids, "ana", "ok", None, at)
    outcome = send(outbox, tmp_path / "out", at)
    lines, table = outcome.files
    assert (outcome.sent, lines.suffix, table.suffix) == (2, ".jsonl", ".csv")
    first, second = (json.loads(line) for line in lines.read_text().splitlines())
    assert (first["decision_id"], first["quantity_units"], first["unit_cost_amount"]) == (ids[0], 24, "2.5125")
    assert (first["needed_by"], second["sku"], second["amount"]) == ("2026-12-01", "=HYPERLINK(1)", None)
    with table.open() as opened:
        rows = list(csv.DictReader(opened))
    assert [row["sku"] for row in rows] == ["MUG-RED", "'=HYPERLINK(1)"]
    assert (Decimal(rows[0]["amount"]), rows[0]["quantity_units"], rows[1]["amount"]) == (Decimal("60.3"), "24", "")


def test_nothing_approved_sends_nothing(outbox: Outbox, base: Suggestion, at: datetime, tmp_path: Path) -> None:
    outbox.suggest("reorder", [base], "v1", at)
    assert send(outbox, tmp_path / "out", at).files == ()
    assert outbox.counts() == {"suggested": 1}


def test_what_is_approved_later_goes_into_a_batch_of_its_own(
    outbox: Outbox, base: Suggestion, at: datetime, url: str, tmp_path: Path
) -> None:
    outbox.suggest("reorder", [base, replace(base, sku="B")], "v1", at)
    first, second = outbox.decisions()["decision_id"].to_list()
    outbox.approve([first], "ana", "ok", None, at)
    outbox.claim(at)
    outbox.approve([second], "ana", "ok", None, at)
    assert len(send(outbox, tmp_path / "out", at).files) == 4
    assert_each_sent_once(url, tmp_path / "out", count=2)


def test_what_was_acknowledged_while_being_sent_stays_acknowledged(outbox: Outbox, base: Suggestion, at: datetime) -> None:
    outbox.suggest("reorder", [base], "v1", at)
    (decision_id,) = outbox.decisions()["decision_id"]
    outbox.approve([decision_id], "ana", "ok", None, at)
    batch = outbox.claim(at)
    assert batch is not None
    outbox.acknowledge(decision_id, "PO-1", at)
    assert outbox.mark_sent(batch.batch_id, at) == 0
    assert outbox.counts() == {"acknowledged": 1}
    with pytest.raises(Refused, match="no batch"):
        outbox.mark_sent("B-0", at)


def test_a_sender_killed_anywhere_is_finished_by_the_next(at: datetime, tmp_path: Path, processes: Processes) -> None:
    codes = processes("killed")
    assert set(codes[:-1]) == {"-9"}
    assert codes[-1] == "0"
    assert len(codes) >= 18
    for moment in range(len(codes)):
        folder = tmp_path / str(moment)
        already = {path: path.read_bytes() for path in folder.glob("out/decisions-*")}
        url = f"sqlite:///{folder}/outbox.db"
        with Outbox(url) as outbox:
            send(outbox, folder / "out", at)
        assert_each_sent_once(url, folder / "out", count=3)
        assert all(path.read_bytes() == content for path, content in already.items())


def test_senders_at_once_send_each_decision_once(tmp_path: Path, processes: Processes) -> None:
    assert processes("send_at_once") == ["0"] * 4
    assert_each_sent_once(f"sqlite:///{tmp_path}/outbox.db", tmp_path / "out", count=20)
    assert len(list((tmp_path / "out").glob("*.csv"))) == 1
