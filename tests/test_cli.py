"""Commands as a person types them: the summary, the outbox from approval to delivery, and what is said of bad input."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from pipelines.operations import Draft, Drafts, Outbox
from pipelines.settings import PROJECT

FULCAST = Path(sys.executable).with_name("fulcast")


def fulcast(*words: str | Path, **settings: str | Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {f"FULCAST_{name.upper()}": str(value) for name, value in settings.items()}
    return subprocess.run(
        [FULCAST, *map(str, words)], check=False, capture_output=True, text=True, env=environment, cwd=PROJECT, timeout=120
    )


@pytest.fixture
def home(demo_home: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "home"
    shutil.copytree(demo_home, copy, ignore=shutil.ignore_patterns("landing"))
    return copy


def test_help_answers_in_under_a_second() -> None:
    took = []
    for _ in range(3):
        started = time.perf_counter()
        assert "outbox" in fulcast("--help").stdout
        took.append(time.perf_counter() - started)
    assert min(took) < 1.0, took


def test_the_summary_says_what_a_merchant_asks(home: Path) -> None:
    said = fulcast("summary", home=home).stdout
    for words in ("shop_eu", "amazon_us", "shop_uk", "stores", "market_de", "net sales EUR", "late of due", "best sellers", "runs out next",
                  "orders suggested, worth", "reorder-", "make dashboard", "make dagster"):  # fmt: skip
        assert words in said, words


def test_loads_show_the_account_and_the_reasons(home: Path) -> None:
    said = fulcast("loads", home=home).stdout
    assert "rows in = accepted + duplicate + superseded + quarantined" in said
    assert "can't be read as a whole number" in said


def test_a_decision_from_suggestion_to_delivery(home: Path) -> None:
    listed = fulcast("outbox", "list", "--state", "suggested", home=home).stdout
    decision = next(word for word in listed.split() if word.startswith("RO-"))
    many = int(listed.split(" suggested")[0].split()[-1])
    assert sum(word.startswith(("RO-", "TR-")) for word in listed.split()) == many > 50, "no terminal, so nothing is cut"
    nameless = fulcast("outbox", "approve", decision, home=home)
    assert nameless.returncode == 2 and "Traceback" not in nameless.stderr
    assert fulcast("outbox", "approve", decision, "--by", "P. Planner", "--reason", "runs out", home=home).returncode == 0
    sent = fulcast("outbox", "send", home=home)
    assert sent.stdout.startswith("1 sent to")
    assert fulcast("outbox", "send", home=home).stdout.startswith("Nothing is approved")
    (delivered,) = (home / "outbox").glob("*.jsonl")
    (row,) = map(json.loads, delivered.read_text().splitlines())
    assert row["decision_id"] == decision and row["quantity_units"] > 0
    history = fulcast("outbox", "history", decision, home=home).stdout
    assert all(word in history for word in ("suggested", "approved", "sent", "P. Planner", "runs out"))


def test_what_was_drafted_is_approved_as_drafted(home: Path, tmp_path: Path) -> None:
    kept = f"sqlite:///{home / 'outbox.sqlite'}"
    with Outbox(kept) as outbox, Drafts(kept) as drafts:
        first, second, third = outbox.decisions(state="suggested", kind="reorder").filter(pl.col("quantity_units") > 1)[
            "decision_id"
        ][:3]
        drafts.save([Draft(first, 17), Draft(second, 0), Draft(third, 1)], "Ana", datetime.now(UTC))
        nothing = fulcast("outbox", "approve", second, "--by", "Ana", "--reason", "r", home=home)
        assert nothing.returncode == 2 and "Traceback" not in nothing.stderr, "an order of nothing is none"
        said = fulcast("outbox", "approve", first, "--by", "Ana", "--reason", "r", home=home).stdout
        assert said.startswith("1 approved by Ana, 1 of them as drafted.")
        assert outbox.decisions(state="approved").filter(decision_id=first)["quantity_units"].to_list() == [17]
        fulcast("outbox", "approve", third, "--quantity", "5", "--by", "Ana", "--reason", "r", home=home)
        assert outbox.decisions(state="approved").filter(decision_id=third)["quantity_units"].to_list() == [5]
        everything = fulcast(
            "outbox", "approve", "--all", "--by", "Ana", "--reason", "r", home=home, config=_without_cap(tmp_path)
        )
        assert f"1 drafted at 0 were left out: {second}." in everything.stdout
        assert outbox.decisions(state="suggested", kind="reorder").filter(pl.col("quantity_units") > 0)[
            "decision_id"
        ].to_list() == [second]
        assert drafts.drafts()["quantity_units"].to_list() == [0], "what isn't decided stays a draft"


def _without_cap(folder: Path) -> Path:
    config = folder / "config"
    shutil.copytree(PROJECT / "data" / "mappings" / "demo", config)
    merchant = config / "merchant.toml"
    merchant.write_text(merchant.read_text().replace("approval_cap_amount = 25000", "approval_cap_amount = 1e9"))
    return config


def test_an_approval_above_the_cap_is_refused(home: Path, tmp_path: Path) -> None:
    config = tmp_path / "config"
    shutil.copytree(PROJECT / "data" / "mappings" / "demo", config)
    merchant = config / "merchant.toml"
    merchant.write_text(merchant.read_text().replace("approval_cap_amount = 25000", "approval_cap_amount = 0.01"))
    refused = fulcast("outbox", "approve", "--all", "--by", "P", "--reason", "r", home=home, config=config)
    assert refused.returncode == 2 and "cap" in refused.stderr and "Traceback" not in refused.stderr


MAPPING = """
[merchant]
name = "Corner shop"
[[channel]]
name = "till"
currency = "EUR"
[[feed]]
name = "receipts"
channel = "till"
table = "orders"
files = "*.csv"
[feed.columns]
order_id = "no"
sku = "sku"
ordered_units = "qty"
unit_price_amount = "price"
ordered_at = "at"
"""
GOOD = "no,sku,qty,price,at\n" + "".join(f"{n},A,1,2.50,2026-01-{n % 28 + 1:02} 10:00:00\n" for n in range(1, 60))
BAD_FILES = {
    "empty": (b"", "is empty; export it again or remove it."),
    "missing column": (
        GOOD.replace("qty", "quantity").encode(),
        "has no column 'qty', which feed 'receipts' maps to ordered_units",
    ),
    "delimiter": (GOOD.replace(",", ";").encode(), 'delimiter = ";"'),
    "encoding": (GOOD.replace("A", "Å").encode("cp1252"), "is not utf-8 at byte"),
    "truncated": (GOOD[:-26].encode(), "is cut off in its last row"),
}


def shop(tmp_path: Path, mapping: str = MAPPING, **files: bytes) -> tuple[Path, Path, Path]:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (tmp_path / "shop.toml").write_text(mapping)
    for name, content in files.items():
        (inbox / f"{name}.csv").write_bytes(content)
    return tmp_path / "shop.toml", inbox, tmp_path / "home"


def test_bad_files_get_a_sentence_each_and_exit_code_2_while_the_good_one_loads(tmp_path: Path) -> None:
    bad = {kind.replace(" ", "_"): content for kind, (content, _) in BAD_FILES.items()}
    config, inbox, home = shop(tmp_path, good=GOOD.encode(), **bad)
    said = fulcast("run", config=config, input=inbox, home=home)
    assert said.returncode == 2 and "Traceback" not in said.stderr
    refused = [line for line in said.stderr.splitlines() if line.startswith("Refused:")]
    assert len(refused) == len(BAD_FILES)
    for kind, (_, sentence) in BAD_FILES.items():
        assert any(f"{kind.replace(' ', '_')}.csv" in line and sentence in line for line in refused), kind
    loads = fulcast("loads", config=config, home=home).stdout
    (reorder,) = (home / "exports").glob("reorder-*.csv")
    (row,) = csv.DictReader(reorder.read_text().splitlines())
    assert row["order_quantity_units"] == row["on_hand_units"] == "", "unknown stock is not zero"
    assert int(row["order_up_to_level_units"]) >= int(row["reorder_point_units"]) >= 0
    assert "lead time 14 days" in row["assumptions"] and "MOQ 1" in row["assumptions"] and "cost unknown" in row["assumptions"]
    assert re.search(r"receipts\W+1\W+59\W+59\W+0\W+0\W+0\W", loads), "only the good file is in the ledger, whole"


@pytest.mark.parametrize(
    ("mend", "sentence"),
    [
        (("sku = ", "article = "), "'article' is not a field of orders"),
        (('table = "orders"', 'table = "sales"'), "table 'sales' is not one of"),
        (('currency = "EUR"', 'time_zone = "Mars"'), "time zone 'Mars' is not known"),
        (("[feed.columns]", "[feed.columns"), "is not valid TOML"),
        (('unit_price_amount = "price"\n', ""), "does not say where unit_price_amount comes from"),
    ],
)
def test_a_bad_mapping_gets_one_sentence(mend: tuple[str, str], sentence: str, tmp_path: Path) -> None:
    config, inbox, home = shop(tmp_path, MAPPING.replace(*mend), good=GOOD.encode())
    said = fulcast("run", config=config, input=inbox, home=home)
    assert said.returncode == 2
    assert sentence in said.stderr and "Traceback" not in said.stderr


def test_a_home_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    config, inbox, _ = shop(tmp_path, good=GOOD.encode())
    said = fulcast("run", config=config, input=inbox, home=tmp_path / "file" / "home")
    assert said.returncode == 2 and "can't be written to" in said.stderr and "Traceback" not in said.stderr


def test_nothing_is_published_yet(tmp_path: Path) -> None:
    said = fulcast("summary", home=tmp_path)
    assert said.returncode == 2 and "run `fulcast run` first" in said.stderr
