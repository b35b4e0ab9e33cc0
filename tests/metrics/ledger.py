"""A small ledger of plain rows, its marts made once, and questions put to them."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import narwhals as nw
import polars as pl

from pipelines.contracts import table
from pipelines.ledger.calendar import retail_calendar
from pipelines.marts.channel_records import channel_records
from pipelines.marts.cost_spans import cost_spans
from pipelines.marts.customer_orders import customer_orders
from pipelines.marts.fulfilment_lines import fulfilment_lines
from pipelines.marts.order_costs import order_costs
from pipelines.marts.order_lives import order_lives
from pipelines.marts.order_timeline import order_timeline
from pipelines.marts.payment_balance import payment_balance
from pipelines.marts.payout_balance import payout_balance
from pipelines.marts.purchase_lines import purchase_lines
from pipelines.marts.return_lines import return_lines
from pipelines.marts.sales_entries import sales_entries
from pipelines.marts.sku_attributes import sku_attributes
from pipelines.metrics import metric
from pipelines.metrics.ask import Question, answer
from pipelines.warehouse.duckdb import sql_type
from tests.marts.ledgers import DAY, engine, rows

AS_OF = DAY + timedelta(hours=240)
TODAY = AS_OF.date()
EMPTY = ("order_events", "refunds", "payouts", "payout_entries", "product_costs", "supplier_terms", "products", "ship_by_windows", "purchase_orders",
         "receipts")  # fmt: skip
CALENDAR = retail_calendar("ISO", TODAY - timedelta(days=500), TODAY + timedelta(days=30))


@dataclass
class Ledger:
    """Rows of the record's tables; what is not given is empty, and a euro is a euro."""

    orders: list[dict[str, Any]] = field(default_factory=list)
    order_lines: list[dict[str, Any]] = field(default_factory=list)
    shipments: list[dict[str, Any]] = field(default_factory=list)
    returns: list[dict[str, Any]] = field(default_factory=list)
    payments: list[dict[str, Any]] = field(default_factory=list)
    others: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    references: dict[str, list[dict[str, Any]]] = field(default_factory=dict, repr=False)  # the same in every ledger

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """The rows of every table that has any."""
        named = {name: getattr(self, name) for name in ("orders", "order_lines", "shipments", "returns", "payments")}
        return named | self.references | self.others

    def frames(self) -> dict[str, pl.DataFrame]:
        given = self.tables()
        days = sorted({DAY.date(), *(row.get("business_date", DAY.date()) for row in [*self.orders, *self.returns])})
        given.setdefault("fx_rates", [{"currency_code": "EUR", "rate_date": day, "reporting_rate": Decimal(1)} for day in days])
        return {name: rows(name, *given.get(name, [])) for name in dict.fromkeys([*given, *EMPTY])}


MARTS: dict[str, tuple[Any, tuple[str, ...], dict[str, Any]]] = {
    "channel_records": (channel_records, ("shipments", "payments"), {}),
    "cost_spans": (cost_spans, ("product_costs", "supplier_terms"), {}),
    "sales_entries": (sales_entries, ("order_lines", "orders", "returns", "fx_rates", "cost_spans"), {}),
    "fulfilment_lines": (
        fulfilment_lines,
        ("order_lines", "orders", "shipments", "ship_by_windows", "channel_records"),
        {"as_of": AS_OF, "default_location": "W"},
    ),
    "order_timeline": (order_timeline, ("orders", "payments", "shipments", "returns", "refunds", "order_events"), {}),
    "order_lives": (order_lives, ("orders", "order_timeline", "fulfilment_lines", "fx_rates"), {}),
    "order_costs": (order_costs, ("order_lives", "shipments", "payout_entries", "fx_rates"), {}),
    "return_lines": (return_lines, ("sales_entries", "orders", "returns"), {}),
    "payment_balance": (payment_balance, ("orders", "payments", "order_lives", "fx_rates", "channel_records"), {}),
    "payout_balance": (payout_balance, ("payouts", "payout_entries", "fx_rates"), {}),
    "customer_orders": (customer_orders, ("order_lives",), {}),
    "purchase_lines": (purchase_lines, ("purchase_orders", "receipts"), {}),
    "sku_attributes": (sku_attributes, ("products", "supplier_terms", "order_lines"), {}),
}  # every fact that metrics rest on and that needs no forecast


PLANS: dict[str, str] = {}


def snapshot(ledger: Ledger, calendar: pl.DataFrame = CALENDAR) -> duckdb.DuckDBPyConnection:
    """The ledger and its marts in a database in memory, as a published snapshot has them."""
    connection = holding(ledger.frames() | {"retail_calendar": calendar})
    for name in MARTS:
        _store(connection, name, f"({_sql(name, connection)})")
    return connection


def holding(frames: dict[str, pl.DataFrame]) -> duckdb.DuckDBPyConnection:
    """A connection to a database in memory with these tables, a retail calendar and the run's instant."""
    connection = engine().cursor()
    for name, frame in ({"retail_calendar": CALENDAR} | frames).items():
        connection.register("given", frame.to_arrow())
        _store(connection, name, "given")
    connection.execute(f"CREATE TEMP TABLE run_info AS SELECT TIMESTAMPTZ '{AS_OF.isoformat()}' AS as_of").fetchall()
    return connection


def _sql(name: str, connection: duckdb.DuckDBPyConnection) -> str:
    """The plan of a mart, which is the same for every ledger and costs more to make than to run."""
    if name not in PLANS:
        transform, sources, arguments = MARTS[name]
        frames = (nw.from_native(connection.table(source)) for source in sources)
        PLANS[name] = transform(*frames, **arguments).to_native().sql_query()
    return PLANS[name]


def _store(connection: duckdb.DuckDBPyConnection, name: str, source: str) -> None:
    columns = ", ".join(f'"{c}"::{sql_type(d)} AS "{c}"' for c, d in table(name).dtypes.items())
    connection.execute(f"CREATE TEMP TABLE {name} AS SELECT {columns} FROM {source}").fetchall()


def ask(connection: duckdb.DuckDBPyConnection, name: str, version: int | None = None, **asked: Any) -> pl.DataFrame:
    return answer(connection, Question(metric(name, version), **asked))


def value(connection: duckdb.DuckDBPyConnection, name: str, version: int | None = None, **asked: Any) -> Any:
    """The one number of a question without groups: of a distribution its median."""
    found = ask(connection, name, version, **asked).row(0, named=True)
    return found.get("value", found.get("p50"))


def day(number: int) -> date:
    return DAY.date() + timedelta(days=number)
