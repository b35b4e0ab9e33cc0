"""A file that is edited in place: its newest content counts, whatever it hashes to, and what it leaves out is no more. Not here: versions that rows state."""

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pipelines.channels.mapping import Config
from pipelines.ledger.load import Loaded, clear, land, load, unaccounted_rows
from pipelines.warehouse.duckdb import Warehouse
from pipelines.warehouse.landing import Landing
from tests.ledger.merchant import AT

Terms = dict[str, str]
FEED = {"supplier_id": "supplier", "sku": "sku", "lead_time_days": "days"}


def config(**options: object) -> Config:
    terms = {"name": "terms", "table": "supplier_terms", "files": "*.csv", "currency": "EUR", "columns": FEED} | options
    return Config.model_validate({"merchant": {"name": "tiny"}, "channel": [], "feed": [terms]})


class Home:
    """A merchant's folder and ledger; each run is an hour after the one before."""

    def __init__(self, folder: Path, feed: Config) -> None:
        self.inbox, self.config, self.at = folder / "inbox", feed, AT
        self.landing, self.warehouse = Landing(folder / "landing"), Warehouse(folder / "w.duckdb")
        self.inbox.mkdir(parents=True)

    def run(self, terms: Terms, name: str = "terms.csv") -> Loaded:
        rows = "".join(f"S,{sku},{days}\n" for sku, days in terms.items())
        (self.inbox / name).write_text(f"supplier,sku,days\n{rows}")
        self.at += timedelta(hours=1)
        land(self.config, self.inbox, self.landing, self.at)
        return self.load()

    def load(self) -> Loaded:
        loaded = load(self.config, self.landing, self.warehouse, b"key", self.at)
        assert unaccounted_rows(self.warehouse) == []
        return loaded

    def terms(self) -> dict[str, float]:
        return dict(self.warehouse.read("supplier_terms")["supplier_terms"].select("sku", "lead_time_days").rows())


@pytest.mark.long
@example(edits=[{"A": "1", "B": "2"}, {"B": "3"}, {"A": "1", "B": "2"}, {"B": "3"}])
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(edits=st.lists(st.dictionaries(st.sampled_from("ABC"), st.integers(1, 9).map(str), min_size=1), min_size=1, max_size=5))
def test_the_ledger_says_what_the_file_said_last_and_says_it_again_when_made_anew(
    edits: list[Terms], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Edits that are taken back are among them: a content that was there before counts again."""
    home = Home(tmp_path_factory.mktemp("edits"), config(whole=True))
    for terms in edits:
        home.run(terms)
        assert home.terms() == {sku: float(days) for sku, days in terms.items()}
    clear(home.warehouse)
    home.load()
    assert home.terms() == {sku: float(days) for sku, days in edits[-1].items()}


def test_a_file_that_is_no_whole_list_takes_nothing_away(tmp_path: Path) -> None:
    home = Home(tmp_path, config())
    home.run({"A": "1", "B": "2"})
    assert home.run({"B": "3"}).totals()["replaced_rows"] == 1
    assert home.terms() == {"A": 1.0, "B": 3.0}


def test_what_can_not_be_read_stays_as_it_was(tmp_path: Path) -> None:
    home = Home(tmp_path, config(whole=True))
    home.run({"A": "1", "B": "2", "C": "3"})
    loaded = home.run({"A": "soon", "B": "4"})
    assert home.terms() == {"A": 1.0, "B": 4.0}
    assert loaded.totals() == {
        "rows_in": 2, "accepted_rows": 1, "duplicate_rows": 0, "superseded_rows": 0, "quarantined_rows": 1, "replaced_rows": 2,
    }  # fmt: skip
    home.run({})
    assert home.terms() == {"A": 1.0, "B": 4.0}, "an empty file is no list"


def test_an_older_list_that_comes_late_brings_nothing_back(tmp_path: Path) -> None:
    home = Home(tmp_path, config(whole=True, version={"file_name": r"(\d{4})"}))
    home.run({"B": "2"}, "terms_2026.csv")
    assert home.run({"A": "1", "B": "1"}, "terms_2025.csv").totals()["superseded_rows"] == 2
    assert home.terms() == {"B": 2.0}
    home.run({"C": "3"}, "terms_2027.csv")
    assert home.terms() == {"C": 3.0}


def test_a_date_that_master_data_tells_makes_no_file_newer(tmp_path: Path) -> None:
    """A launch that is put forward: the file's newest date is earlier than before, and yet it is the newest file."""
    columns = {"sku": "sku", "launched_date": "launched"}
    home = Home(tmp_path, config(name="products", table="products", columns=columns, currency=None))
    for launched in ("2026-12-24", "2026-11-24"):
        (home.inbox / "products.csv").write_text(f"sku,launched\nA,{launched}\n")
        home.at += timedelta(hours=1)
        land(home.config, home.inbox, home.landing, home.at)
        home.load()
        assert home.warehouse.read("products")["products"]["launched_date"].cast(pl.String).to_list() == [launched]


def test_what_happened_is_no_list_that_a_file_could_shorten() -> None:
    with pytest.raises(ValidationError, match="tell what happened"):
        config(table="stock_levels", whole=True, columns={"sku": "sku"})
