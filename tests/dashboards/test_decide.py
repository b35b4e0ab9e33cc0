"""Deciding on a page: what somebody else decided first is named, transfers stay in the list until somebody decides them."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from dashboards.views.decide import _require_undecided
from dashboards.views.typed import _draft
from pipelines import planning
from pipelines.operations import Draft, Drafts, Outbox, Refused, Suggestion

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)


def moved(sku: str) -> Suggestion:
    return Suggestion("transfer", sku, "BHX", None, "AMS", 5, None, None, None, None, {})


def test_who_decided_first_is_named_and_transfers_leave_the_list(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/outbox.sqlite"
    with Outbox(database) as outbox, Drafts(database) as drafts:

        def listed() -> pl.DataFrame:
            return planning.transfers(rows, outbox.decisions("suggested", "transfer"), drafts.drafts("transfer"))

        outbox.suggest("transfer", [moved("A"), moved("B"), moved("C")], "v1", AT)
        rows = pl.DataFrame({"sku": ["A", "B", "C"], "location_id": "BHX", "from_location_id": "AMS", "transfer_units": 5})
        ids = listed()["decision_id"].to_list()
        _require_undecided(outbox, ids)
        outbox.approve(ids[:1], "bo", "truck leaves", None, AT + timedelta(minutes=1))
        with pytest.raises(Refused, match=r"Nothing was done: A at BHX is approved already, by bo \(truck leaves\)\."):
            _require_undecided(outbox, ids)
        left = listed()
        assert left.select("sku", "decision_id").rows() == [("B", ids[1]), ("C", ids[2])]


def test_a_transfers_changed_quantity_is_kept_for_its_own_way_until_it_is_approved(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/outbox.sqlite"
    ways = [moved("A"), replace(moved("A"), from_location_id="EWR", quantity_units=4)]
    rows = pl.DataFrame({"sku": "A", "location_id": "BHX", "from_location_id": ["AMS", "EWR"], "transfer_units": [5, 4]})
    with Outbox(database) as outbox, Drafts(database) as drafts:
        outbox.suggest("transfer", ways, "v1", AT)
        ids = outbox.decisions("suggested", "transfer")["decision_id"].to_list()
        drafts.save([Draft(ids[0], 3), Draft(ids[1], 2)], "ana", AT)
        listed = planning.transfers(rows, outbox.decisions("suggested", "transfer"), drafts.drafts("transfer"))
        assert listed.select("quantity_units", "transfer_units", "drafted_by").rows() == [(3, 5, "ana"), (2, 4, "ana")]
        outbox.approve(ids[:1], "ana", "fits", None, AT, edits=planning.edits_of(listed, ids[:1]))
        assert outbox.find(ids[:1])["quantity_units"].to_list() == [3]
        assert drafts.drafts("transfer")["decision_id"].to_list() == ids[1:]


def test_a_row_that_was_not_changed_is_no_draft_and_nothing_can_be_typed_where_nothing_is_suggested() -> None:
    assert _draft({"is_chosen": True}, "RO-1", 3, date(2026, 12, 1)) is None
    with pytest.raises(Refused, match="its exception says what has to be mended"):
        _draft({"quantity_units": 4}, None, None, None)
