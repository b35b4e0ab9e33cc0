"""Any order of arrival gives the same ledger, whose balances hold. Not here: what one file means, sudden deaths."""

import itertools
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipelines.ledger.load import land, unaccounted_rows
from pipelines.warehouse.duckdb import Warehouse
from pipelines.warehouse.landing import Landing
from tests.ledger.merchant import AT, Exports, Line, config, fold, ledger, run, write

VERSIONS = ("2026-01-05", "2026-01-06", "2026-01-07")
LINE = st.tuples(
    st.sampled_from("1234"), st.sampled_from("AB"), st.sampled_from(("1", "2", "two")), st.sampled_from(("1.00", "2.50")),
    st.sampled_from(VERSIONS), st.sampled_from(VERSIONS),
)  # fmt: skip
EXPORTS = st.dictionaries(
    st.sampled_from(("a.csv", "b.csv", "c.csv", "d é.csv")), st.lists(LINE, max_size=7), min_size=2, max_size=4
)


def line(order: str = "1", sku: str = "A", units: str = "1", version: str = VERSIONS[0]) -> Line:
    return (order, sku, units, "1.00", "2026-01-05", version)


def sound(home: Path) -> None:
    assert unaccounted_rows(Warehouse(home / "w.duckdb")) == []


def lines_of(home: Path) -> list[tuple[str, str, int]]:
    return ledger(home)["order_lines"].sort("order_id", "line_number").select("order_id", "sku", "ordered_units").rows()


TIES = {  # two files with equal versions, of which one holds its newest time on a later line of an order
    "c.csv": [line("1", units="1", version=VERSIONS[1]), ("3", "A", "1", "1.00", VERSIONS[2], VERSIONS[0])],
    "d é.csv": [("3", "A", "1", "1.00", VERSIONS[2], VERSIONS[2]), line("1", units="2", version=VERSIONS[1]), line("3", version=VERSIONS[2])],
}  # fmt: skip


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(exports=TIES, chance=random.Random(1))
@given(exports=EXPORTS, chance=st.randoms(use_true_random=False))
def test_any_order_of_arrival_gives_the_same_ledger(
    tmp_path_factory: pytest.TempPathFactory, exports: Exports, chance: random.Random
) -> None:
    """All at once, and one by one in a random order with a repeat, each in a run of its own."""
    root = tmp_path_factory.mktemp("arrival")
    write(root / "inbox", exports)
    run(root / "inbox", root / "at once")
    sound(root / "at once")
    expected = ledger(root / "at once")
    home, inbox = root / "one by one", root / "dribble"
    names = list(exports)
    chance.shuffle(names)
    for name in (*names, chance.choice(names)):
        write(inbox, {name: exports[name]})
        run(inbox, home)
        (inbox / name).unlink()
    sound(home)
    found = ledger(home)
    for table, frame in expected.items():
        assert found[table].equals(frame), table
    stored = expected["order_lines"].sort("order_id", "line_number").select("order_id", "sku", "ordered_units").rows()
    plain = fold(exports, exports)
    assert stored == [(order, sku, int(units)) for order in sorted(plain) for _, sku, units, *_ in plain[order]]


def test_every_permutation_of_three_versions(tmp_path: Path) -> None:
    exports = {
        "a.csv": [line(), line(), line("2", "B")],
        "b.csv": [line(version=VERSIONS[1])],
        "c.csv": [line(sku="C", version=VERSIONS[2]), line(units="two", version=VERSIONS[2])],
    }
    found = []
    for number, names in enumerate(itertools.permutations(exports)):
        for name in names:
            write(tmp_path / f"{number}", {name: exports[name]})
            run(tmp_path / f"{number}", tmp_path / f"home {number}")
        found.append(ledger(tmp_path / f"home {number}"))
        sound(tmp_path / f"home {number}")
    assert all(other[name].equals(frame) for other in found for name, frame in found[0].items())
    assert lines_of(tmp_path / "home 0") == [("1", "C", 1), ("2", "B", 1)]
    assert found[0]["orders"].sort("order_id")["is_incomplete"].to_list() == [True, False]


def test_the_account_of_each_load(tmp_path: Path) -> None:
    """An edit that removes a line, an older version that comes late, the same content again, a row that can't be read."""
    inbox, home = tmp_path / "in", tmp_path / "home"
    steps = {
        "1.csv": ([line(version=VERSIONS[1]), line(version=VERSIONS[1]), line("2")], (3, 3, 0, 0, 0, 0)),
        "2.csv": ([line(version=VERSIONS[2])], (1, 1, 0, 0, 0, 2)),
        "3.csv": ([line(units="9", version=VERSIONS[0]), line("2")], (2, 0, 1, 1, 0, 0)),
        "4.csv": ([line("3"), line("3", units="two"), line("2")], (3, 1, 1, 0, 1, 0)),
    }
    for name, (lines, account) in steps.items():
        write(inbox, {name: lines})
        ((loaded, balance),) = run(inbox, home).balances
        assert balance.stored_rows == balance.accepted_rows
        assert (loaded, *(v for n, v in vars(balance).items() if n != "stored_rows")) == (name, *account)
    assert lines_of(home) == [("1", "A", 1), ("2", "A", 1), ("3", "A", 1)]
    assert run(inbox, home).balances == []
    sound(home)


def test_a_changed_mapping_makes_the_ledger_anew(tmp_path: Path) -> None:
    write(tmp_path / "in", {"a.csv": [line(), line("2", version=VERSIONS[1])]})
    run(tmp_path / "in", tmp_path / "home")
    again = run(tmp_path / "in", tmp_path / "home", config(ship_within_hours=24))
    assert (again.is_rebuilt, again.totals()["rows_in"]) == (True, 2)
    assert ledger(tmp_path / "home")["orders"]["ship_by_at"].null_count() == 0
    sound(tmp_path / "home")


def test_a_refused_file_is_set_aside_and_tried_again(tmp_path: Path) -> None:
    """At each run while it stays, with a mended mapping, and mended itself."""
    inbox, home = tmp_path / "in", tmp_path / "home"
    inbox.mkdir()
    (inbox / "b.csv").write_text("order;sku;qty;price;at;v\n2;A;1;1;2026-01-05;2026-01-05\n")
    sentence = "b.csv is separated by ';', not ','; set delimiter = \";\" in feed 'orders'."
    for _ in range(2):
        assert run(inbox, home).refused == [sentence]
        assert ledger(home)["loads"].is_empty()
        assert len(list((home / "landing" / ".refused" / "orders").iterdir())) == 1
    assert not run(inbox, home, config(delimiter=";")).refused
    assert lines_of(home) == [("2", "A", 1)]
    (inbox / "b.csv").write_text((inbox / "b.csv").read_text().replace(";", ","))
    run(inbox, tmp_path / "mended")
    assert lines_of(tmp_path / "mended") == [("2", "A", 1)]
    sound(home)


def test_one_file_may_feed_two_feeds(tmp_path: Path) -> None:
    """Both read the same order differently from the same file: the later name of the two wins, in whatever order they are declared."""
    write(tmp_path / "in", {"a.csv": [line()]})
    one = config()
    first = one.feeds[0]
    second = first.model_copy(update={"name": "orders_b", "ship_within_hours": 5})
    found = []
    for number, feeds in enumerate(((first, second), (second, first))):
        run(tmp_path / "in", tmp_path / f"{number}", one.model_copy(update={"feeds": feeds}))
        sound(tmp_path / f"{number}")
        found.append(ledger(tmp_path / f"{number}"))
    assert all(frame.equals(found[1][name]) for name, frame in found[0].items())
    assert found[0]["orders"]["ship_by_at"].null_count() == 0


def test_the_same_content_under_another_name_is_a_duplicate(tmp_path: Path) -> None:
    write(tmp_path / "in", {"a.csv": [line()], "b b é.csv": [line()]})
    (tmp_path / "in" / "link.csv").symlink_to(tmp_path / "in" / "a.csv")
    (tmp_path / "in" / "dangling.csv").symlink_to(tmp_path / "in" / "nothing.csv")
    balances = run(tmp_path / "in", tmp_path / "home").balances
    assert [(name, b.accepted_rows, b.duplicate_rows) for name, b in balances] == [
        ("a.csv", 1, 0),
        ("b b é.csv", 0, 1),
        ("link.csv", 0, 1),
    ]
    sound(tmp_path / "home")


@pytest.mark.parametrize("names", [("export_9.csv", "export_10.csv"), ("export_10.csv", "export_9.csv")])
def test_of_exports_with_the_same_newest_order_the_greater_number_wins(names: tuple[str, str], tmp_path: Path) -> None:
    """A re-export after a quiet weekend holds no newer order, and 10 comes after 9 whichever arrives first."""
    unversioned = config(version={})
    units = {"export_9.csv": "1", "export_10.csv": "7"}
    for number, name in enumerate(names):
        write(tmp_path / f"inbox{number}", {name: [line(units=units[name])]})
        run(tmp_path / f"inbox{number}", tmp_path / "home", unversioned)
    assert lines_of(tmp_path / "home") == [("1", "A", 7)]


def test_a_file_of_which_nothing_can_be_read_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "in", {"good.csv": [line()], "bad.csv": [line(order=str(n), units="two") for n in range(30)]})
    loaded = run(tmp_path / "in", tmp_path / "home")
    assert loaded.refused == [
        "bad.csv: none of its 30 rows can be read (qty can't be read as a whole number); mend feed 'orders'."
    ]
    assert lines_of(tmp_path / "home") == [("1", "A", 1)]


def test_a_feed_without_a_file_is_named(tmp_path: Path) -> None:
    write(tmp_path / "in", {"good.csv": [line()]})
    landed = land(config(), tmp_path / "in", Landing(tmp_path / "landing"), AT)
    assert landed.missing == ["No file matches '*.tsv' of feed 'counts'."]
