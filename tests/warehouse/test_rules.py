"""A contract's rules in SQL against the contract's own check of a frame."""

from decimal import Decimal

import duckdb
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.contracts import table
from pipelines.warehouse.duckdb import sql_type
from pipelines.warehouse.rules import broken_rules

CONTRACT = table("product_costs")
ROWS = st.fixed_dictionaries(
    {
        "sku": st.sampled_from(["A", "B", None]),
        "unit_cost_amount": st.sampled_from([Decimal("-1"), Decimal("0"), Decimal("0.0001"), None]),
        "currency_code": st.sampled_from(["EUR", None]),
    }
)


@settings(max_examples=40, deadline=None)
@given(st.lists(ROWS, max_size=6))
def test_rules_in_sql_are_those_of_the_contract(rows: list[dict]) -> None:
    stamp = {"feed": "f", "valid_from_date": pl.Series([20_000]).cast(pl.Date).item()}
    frame = CONTRACT.conform(pl.DataFrame([row | stamp for row in rows], schema_overrides=CONTRACT.dtypes))
    _, failure = CONTRACT.schema.filter(frame)
    with duckdb.connect() as connection:
        columns = ", ".join(f'"{name}" {sql_type(dtype)}' for name, dtype in CONTRACT.dtypes.items())
        connection.execute(f"CREATE TABLE product_costs ({columns})").fetchall()
        connection.register("given", frame.to_arrow())
        connection.execute("INSERT INTO product_costs BY NAME SELECT * FROM given").fetchall()
        total, broken = broken_rules(connection, CONTRACT)
    expected = {rule: count for rule, count in failure.counts().items() if rule != "primary_key"}
    assert total == len(rows)
    assert {rule: count for rule, count in broken.items() if rule != "primary_key"} == expected
    assert ("primary_key" in broken) == ("primary_key" in failure.counts())


def test_words_are_held_to_their_list() -> None:
    with duckdb.connect() as connection:
        contract = table("sales_entries")
        blank = ", ".join(f"NULL::{sql_type(dtype)} AS {name}" for name, dtype in contract.dtypes.items() if name != "entry_kind")
        _, broken = broken_rules(connection, contract, f"(SELECT 'mailed' AS entry_kind, {blank})")
    assert broken["entry_kind|regex"] == 1
    assert broken["order_id|nullability"] == 1
