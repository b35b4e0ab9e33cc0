"""Every mart on Spark's protocol (Sail): the same function, the same figures; money and counts exactly."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl
import pytest

from pipelines.contracts import table
from pipelines.defs.marts import MARTS
from pipelines.defs.resources import Run
from pipelines.warehouse.duckdb import Warehouse
from tests.conftest import environment, require

pytestmark = pytest.mark.systems


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    """A session on a Sail server of this machine."""
    sail = Path(sys.executable).with_name("sail")
    require(sail.exists(), "pysail is not installed (requirements-spark.lock)")
    from pyspark.sql import SparkSession

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sail, "spark", "server", "--ip", "127.0.0.1", "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        session = SparkSession.builder.remote(f"sc://127.0.0.1:{port}").config("spark.sql.session.timeZone", "UTC").getOrCreate()
        yield session
        session.stop()
    finally:
        server.terminate()
        server.wait()


@pytest.fixture(scope="module")
def warehouse(demo_home: Path) -> Warehouse:
    return Warehouse(demo_home / "warehouse.duckdb")


@pytest.fixture(scope="module")
def run(demo_home: Path, demo_files: Path) -> Iterator[Run]:
    with environment(demo_home, demo_files / "inbox"):
        yield Run()


@pytest.mark.parametrize("name", MARTS)
def test_a_mart_gives_the_same_on_sparks_protocol(name: str, spark: Any, warehouse: Warehouse, run: Run) -> None:
    mart, contract = MARTS[name], table(name)
    sources = [nw.from_native(as_spark(spark, frame)) for frame in warehouse.read(*mart.sources).values()]
    frame = mart.transform(*sources, **mart.arguments(run)).to_native()
    found = contract.conform(as_polars(frame)).sort(contract.key)
    stored = warehouse.read(name)[name].sort(contract.key)
    exact = [column for column, dtype in contract.dtypes.items() if not dtype.is_float() and not isinstance(dtype, pl.Decimal)]
    assert found.select(exact).equals(stored.select(exact)), (
        found.select(exact).filter(pl.lit(False)),
        found.height,
        stored.height,
    )
    for column in set(contract.columns) - set(exact):
        left, right = found[column].cast(pl.Float64), stored[column].cast(pl.Float64)
        assert left.is_null().equals(right.is_null()), column
        tolerance = (
            1e-4 if contract.dtypes[column].is_decimal() else 1e-9
        )  # the last place of a product of rates may be rounded otherwise
        assert ((left - right).abs() <= tolerance * right.abs().clip(1)).all(), (column, (left - right).abs().max())


def as_spark(spark: Any, frame: pl.DataFrame) -> Any:
    from pyspark.sql.types import (
        BooleanType,
        DateType,
        DecimalType,
        DoubleType,
        LongType,
        StringType,
        StructField,
        StructType,
        TimestampType,
    )

    kinds = {
        pl.String: StringType(),
        pl.Int64: LongType(),
        pl.Float64: DoubleType(),
        pl.Boolean: BooleanType(),
        pl.Date: DateType(),
        pl.Datetime: TimestampType(),
    }
    fields = [
        StructField(name, DecimalType(dtype.precision, dtype.scale) if isinstance(dtype, pl.Decimal) else kinds[type(dtype)])
        for name, dtype in frame.schema.items()
    ]
    return (
        spark.createDataFrame(frame.to_arrow(), StructType(fields))
        if frame.height
        else spark.createDataFrame([], StructType(fields))
    )


def as_polars(frame: Any) -> pl.DataFrame:
    return pl.DataFrame(pl.from_arrow(frame.toArrow()))
