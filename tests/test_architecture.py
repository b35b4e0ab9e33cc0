"""The house's rules: who may import whom, how large a file may grow, and that tables have one name."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.contracts.base import all_tables
from pipelines.settings import PROJECT

PACKAGES = {"models": set(), "pipelines": {"models"}, "dashboards": {"pipelines", "models"}}
FILES = sorted(path for package in PACKAGES for path in (PROJECT / package).rglob("*.py"))
WITHOUT_DAGSTER = [p for p in FILES if p.parts[len(PROJECT.parts)] == "pipelines" and "defs" not in p.parts]
MAY_KNOW_DAGSTER = {"definitions.py", "running.py"}


def imports(path: Path) -> set[str]:
    """First names of everything that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PROJECT)))
def test_imports_go_one_way(path: Path) -> None:
    package = path.parts[len(PROJECT.parts)]
    assert imports(path) & (set(PACKAGES) - {package}) <= PACKAGES[package]


def test_models_do_no_io() -> None:
    for path in (PROJECT / "models").rglob("*.py"):
        assert not imports(path) & {"duckdb", "dagster", "os", "pathlib", "requests", "sqlalchemy", "time"}, path


def test_only_definitions_know_dagster() -> None:
    knowing = {p.name for p in WITHOUT_DAGSTER if "dagster" in imports(p)}
    assert knowing <= MAY_KNOW_DAGSTER


def test_only_the_warehouse_opens_duckdb() -> None:
    opening = {p.relative_to(PROJECT).as_posix() for p in FILES if "duckdb.connect(" in p.read_text(encoding="utf-8")}
    assert opening == {"pipelines/warehouse/duckdb.py", "pipelines/channels/decode.py"}  # the latter in memory


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PROJECT)))
def test_files_stay_small_and_say_what_belongs_there(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400
    assert ast.get_docstring(ast.parse(text))


def test_every_column_has_a_meaning_and_every_table_a_key() -> None:
    for table in all_tables():
        assert table.key, table.name
        assert set(table.identity) <= set(table.columns)
        for name, column in table.columns.items():
            assert column.description, f"{table.name}.{name}"


def test_the_command_line_starts_without_heavy_libraries() -> None:
    heavy = "dagster", "duckdb", "polars", "streamlit", "statsforecast", "sqlalchemy", "pandas"
    program = f"import sys, pipelines.cli; print([m for m in {heavy!r} if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=PROJECT)
    assert answer.stdout.strip() == "[]"
