"""Drafts: kept at each edit, following their subject through runs, gone when it is decided; approvals with edits."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pytest

from pipelines.operations import ApprovalRefused, Draft, Drafts, Edit, Outbox, Refused, Suggestion

FIRST, SECOND = "RO-20261123-000001", "RO-20261123-000002"


@pytest.fixture
def suggested(outbox: Outbox, base: Suggestion, at: datetime) -> Outbox:
    outbox.suggest("reorder", [base, replace(base, sku="MUG-BLUE", supplier_id=None)], "v1", at)
    return outbox


def test_a_draft_is_there_for_the_next_one_who_looks(suggested: Outbox, url: str, at: datetime) -> None:
    with Drafts(url) as drafts:
        drafts.save([Draft(FIRST, 36), Draft(SECOND, None, date(2026, 12, 24))], "ana", at)
        drafts.save([Draft(FIRST, 48)], "bo", at)
    with Drafts(url) as again:
        rows = {row["decision_id"]: row for row in again.drafts().to_dicts()}
        assert (rows[FIRST]["quantity_units"], rows[FIRST]["author"], rows[FIRST]["is_stale"]) == (48, "bo", False)
        assert rows[SECOND]["needed_by"] == date(2026, 12, 24)
        again.save([Draft(FIRST, 24)], "bo", at)
        assert again.drafts()["decision_id"].to_list() == [SECOND], "as suggested is no draft"
        again.discard([SECOND])
        assert again.drafts().is_empty()


def test_a_run_that_suggests_another_quantity_leaves_the_draft_and_says_so(
    suggested: Outbox, base: Suggestion, url: str, at: datetime
) -> None:
    with Drafts(url) as drafts:
        drafts.save([Draft(FIRST, 36)], "ana", at)
        suggested.suggest("reorder", [replace(base, quantity_units=30)], "v2", at)
        (row,) = drafts.drafts().to_dicts()
        assert (row["decision_id"], row["quantity_units"], row["is_stale"]) == ("RO-20261123-000003", 36, True)
        suggested.suggest("reorder", [], "v3", at)
        (row,) = drafts.drafts().to_dicts()
        assert (row["decision_id"], row["quantity_units"]) == (None, 36)
        suggested.suggest("reorder", [base], "v4", at)
        (row,) = drafts.drafts().to_dicts()
        assert (row["quantity_units"], row["is_stale"]) == (36, True), "the suggestion that it was made against is gone"


def test_many_are_approved_at_once_each_as_edited(suggested: Outbox, url: str, at: datetime) -> None:
    with Drafts(url) as drafts:
        drafts.save([Draft(FIRST, 36)], "ana", at)
        edits = {FIRST: Edit(36), SECOND: Edit(needed_by=date(2026, 12, 24))}
        suggested.approve([FIRST, SECOND], "ana", "season", Decimal(1000), at, edits=edits)
        rows = {row["decision_id"]: row for row in suggested.decisions("approved").to_dicts()}
        assert (rows[FIRST]["quantity_units"], rows[FIRST]["amount"]) == (36, Decimal("90.4500"))
        assert (rows[SECOND]["quantity_units"], rows[SECOND]["needed_by"]) == (24, date(2026, 12, 24))
        assert drafts.drafts().is_empty()
        with pytest.raises(Refused, match="is approved, not suggested"):
            drafts.save([Draft(FIRST, 12)], "ana", at)


def test_the_cap_counts_what_was_edited_and_none_is_approved(suggested: Outbox, at: datetime) -> None:
    with pytest.raises(ApprovalRefused, match="above the approval cap"):
        suggested.approve([FIRST, SECOND], "ana", "season", Decimal(130), at, edits={FIRST: Edit(36)})
    assert suggested.counts() == {"suggested": 2}


def test_a_rejected_decision_has_no_draft(suggested: Outbox, url: str, at: datetime) -> None:
    with Drafts(url) as drafts:
        drafts.save([Draft(FIRST, 36)], "ana", at)
        suggested.reject([FIRST], "ana", "no", at)
        assert drafts.drafts().is_empty()


def test_a_quantity_beyond_reason_is_refused() -> None:
    with pytest.raises(Refused, match="not between 0 and 10,000,000"):
        Draft(FIRST, -1)
