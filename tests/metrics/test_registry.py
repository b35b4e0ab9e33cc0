"""The registry as a reader meets it: complete definitions, versions side by side, words that are not understood, the written dictionary."""

from datetime import date

import pytest

from pipelines.contracts import table
from pipelines.errors import InputError
from pipelines.metrics import all_metrics
from pipelines.metrics.command import period, question_of
from pipelines.metrics.dictionary import page
from pipelines.settings import PROJECT
from tests.marts.ledgers import DAY
from tests.metrics.ledger import Ledger, ask, day, snapshot, value


@pytest.mark.parametrize("one", list(all_metrics(every_version=True)), ids=lambda m: f"{m.name} {m.version}")
def test_a_definition_is_complete(one) -> None:
    assert one.dated_by in table(one.fact).columns
    for part in ("title", "meaning", "formula", "grain", "clock", "calendar", "tolerance", "open_items"):
        assert getattr(one, part), part
    assert one.meaning.endswith(".")
    assert (one.version > 1) == bool(one.changed), "a new version says what changed"


def test_the_dictionary_is_what_the_registry_says() -> None:
    assert (PROJECT / "docs" / "metrics.md").read_text(encoding="utf-8") == page(), "run `make metrics`"


def test_an_earlier_definition_is_answered_beside_the_new_one() -> None:
    """A line shipped in time and one that the seller cancelled: all on time before, half since."""
    ledger = Ledger(
        orders=[
            {"order_id": "sent", "ship_by_at": DAY},
            {"order_id": "refused", "ship_by_at": DAY, "is_cancelled": True, "cancelled_by": "seller"},
        ],
        order_lines=[{"order_id": "sent"}, {"order_id": "refused", "cancelled_units": 1}],
        shipments=[{"order_id": "sent", "shipment_id": "s", "shipped_at": DAY}],
    )
    with snapshot(ledger) as connection:
        assert value(connection, "on_time_ship_rate", 1) == 1.0
        assert value(connection, "on_time_ship_rate") == 0.5


def test_last_years_days_are_those_of_the_retail_calendar() -> None:
    """DAY is Monday, 2 March 2026; it is held against Monday, 3 March 2025."""
    sold = {"this": DAY.date(), "then": date(2025, 3, 3), "other": date(2025, 3, 2)}
    ledger = Ledger(
        orders=[{"order_id": name, "business_date": on} for name, on in sold.items()],
        order_lines=[{"order_id": name, "ordered_units": units} for units, name in enumerate(sold, 1)],
    )
    with snapshot(ledger) as connection:
        asked = {"since": DAY.date(), "until": DAY.date()}
        assert value(connection, "sold_units", **asked) == 1
        assert value(connection, "sold_units", **asked, is_last_year=True) == 2


def test_groups_periods_and_conditions() -> None:
    ledger = Ledger(
        orders=[{"order_id": str(n), "business_date": day(n), "location_id": "XY"[n % 2]} for n in range(10)],
        order_lines=[{"order_id": str(n), "sku": "AB"[n % 2], "ordered_units": n + 1} for n in range(10)],
        others={"products": [{"sku": "A", "category": "cups"}, {"sku": "B", "category": "plates"}]},
    )
    with snapshot(ledger) as connection:
        weeks = ask(connection, "sold_units", by=("week",))
        assert weeks.rows() == [(day(0), 28, 7), (day(7), 27, 3)]
        assert ask(connection, "sold_units", by=("category", "warehouse")).rows() == [
            ("cups", "X", 25, 5),
            ("plates", "Y", 30, 5),
        ]
        assert value(connection, "sold_units", where={"category": ("cups",)}, since=day(2), until=day(4)) == 8
        assert value(connection, "orders", where={"warehouse": ("Z",)}) == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"name": "on_time_ship_rat"}, "did you mean 'on_time_ship_rate'"),
        ({"name": "net_sales", "version": 9}, "net_sales has the versions 1, not 9"),
        ({"name": "net_sales", "by": ["moon"]}, "net_sales can't be told by 'moon'; it can by"),
        ({"name": "net_sales", "where": ["channel"]}, "'channel' is not a condition; write column=value"),
        ({"name": "net_sales", "since": "2026-13"}, "'2026-13' is no date"),
    ],
)
def test_words_that_are_not_understood_get_a_sentence(words: dict, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        question_of(**words)


def test_a_period_is_a_year_a_month_or_a_day() -> None:
    assert period("2024") == (date(2024, 1, 1), date(2024, 12, 31))
    assert period("2024-02") == (date(2024, 2, 1), date(2024, 2, 29))
    assert period("2026-01-31") == (date(2026, 1, 31), date(2026, 1, 31))
    assert period("") == (None, None)
