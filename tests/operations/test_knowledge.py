"""What people know: entered once, withdrawn and never deleted, bad entries refused in a sentence; files of it row by row."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter  # type: ignore[import-untyped, unused-ignore]
from sqlalchemy import create_engine, text
from typer.testing import CliRunner

from pipelines import knowing
from pipelines.cli import app
from pipelines.doubts import Doubts
from pipelines.errors import InputError
from pipelines.operations import Entry, Knowledge, Outbox, Refused

DAY = date(2026, 11, 24)
END = Entry("end", "MUG-RED", "ana", "glaze is no longer made", date(2027, 12, 31), end_date=date(2026, 12, 31))
OVERRIDE = Entry(
    "override", "MUG-RED", "ana", "television", DAY + timedelta(days=30), "DC-1", start_date=DAY, end_date=DAY + timedelta(days=20), weekly_units=80
)  # fmt: skip


def test_an_entry_stands_once_and_is_withdrawn_but_never_deleted(url: str, at: datetime) -> None:
    with Knowledge(url) as knowledge:
        first = knowledge.enter([END, OVERRIDE, END], at)
        assert first == ["KN-20261123-000001", "KN-20261123-000002"]
        assert knowledge.enter([replace(END, author="bo")], at) == []
        assert knowledge.entries(DAY)["state"].to_list() == ["in force", "in force"]
        assert knowledge.entries(DAY + timedelta(days=31))["state"].to_list() == ["expired", "in force"]
        knowledge.withdraw(first[1:], "bo", "cancelled", at)
        rows = knowledge.entries(DAY, "MUG-RED")
        assert rows["state"].to_list() == ["withdrawn", "in force"]
        assert rows.row(0, named=True)["withdrawn_by"] == "bo"
        assert knowledge.enter([OVERRIDE], at) == ["KN-20261123-000003"], "what was withdrawn may be said again"
        with pytest.raises(Refused, match="withdrawn already"):
            knowledge.withdraw([first[0], first[1]], "bo", "all", at)
        assert knowledge.entries(DAY).filter(pl.col("state") == "in force").height == 2, "all or none"
        with pytest.raises(Refused, match="There is no entry KN-1"):
            knowledge.withdraw(["KN-1"], "bo", "all", at)
        with pytest.raises(Refused, match="who"):
            knowledge.withdraw(first[:1], "bo", " ", at)


def test_an_entry_that_a_later_one_overrules_says_so_until_that_is_withdrawn(url: str, at: datetime) -> None:
    follows = Entry("supersession", "OLD", "ana", "new glaze", date(2027, 12, 31), other_sku="NEW", start_date=DAY)
    here = replace(follows, other_sku="NEXT", location_id="DC-1")
    back = Entry("supersession", "NEW", "ana", "back", date(2027, 12, 31), other_sku="OLD", start_date=DAY)
    with Knowledge(url) as knowledge:

        def standing() -> list[str]:
            return knowledge.entries(DAY)["standing"].to_list()[::-1]

        _, second = knowledge.enter([END, replace(END, end_date=date(2027, 1, 31))], at)
        assert standing() == [f"overruled by {second}", "in force"]
        assert knowledge.entries(DAY)["state"].to_list() == ["in force", "in force"]
        _, _, at_one = knowledge.enter([OVERRIDE, follows, here], at)
        assert standing()[3:] == [f"in force, but at DC-1 overruled by {at_one}", "in force"]
        (circle,) = knowledge.enter([back], at)
        assert standing()[3:] == [f"overruled by {circle}, {at_one}", "in force", "in force"]
        knowledge.withdraw([circle, at_one, second], "bo", "wrong", at)
        assert standing()[:4] == ["in force", "withdrawn", "in force", "in force"]


def test_an_outbox_of_an_earlier_version_gets_the_tables_and_keeps_its_rows(url: str, at: datetime) -> None:
    with Outbox(url):
        pass
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE knowledge_withdrawals"))
        connection.execute(text("DROP TABLE knowledge"))
        connection.execute(text("INSERT INTO batches (batch_id, claimed_at) VALUES ('b', '2026-01-01')"))
    with Knowledge(url) as knowledge:
        assert len(knowledge.enter([END], at)) == 1
    with engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM batches")).scalar() == 1
    engine.dispose()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"kind": "rumour"}, "kind is one of promotion"),
        ({"author": " "}, "author is blank"),
        ({"end_date": None}, "end_date is blank; an override needs start_date and end_date"),
        ({"end_date": DAY - timedelta(days=1)}, "exchange them"),
        ({"expires_date": DAY - timedelta(days=1)}, "it would never hold"),
        ({"weekly_units": None}, "either weekly_units or change_rate"),
        ({"change_rate": 0.5}, "either weekly_units or change_rate"),
        ({"location_id": None}, "weekly_units are those of one location"),
        ({"weekly_units": -1.0}, "weekly_units -1 is not between 0 and"),
        ({"weekly_units": -5.0}, "not between 0 and 1,000,000,000; write the units of a week, such as 80"),
        (
            {"weekly_units": None, "change_rate": 50.0},
            "change_rate 50 is not between -1 and 10; write 0.5 for half as much again",
        ),
        ({"weekly_units": float("nan")}, "weekly_units nan is not between"),
        ({"discount_rate": 0.1}, "discount_rate has no place in an override"),
    ],
)
def test_what_does_not_make_sense_is_refused(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        replace(OVERRIDE, **change)


def test_a_sku_does_not_follow_itself() -> None:
    with pytest.raises(Refused, match="name the other SKU"):
        Entry("supersession", "A", "ana", "new glaze", DAY, other_sku="A", start_date=DAY)


TODAY = datetime.now(UTC).date()
SPAN = f"{TODAY + timedelta(days=1)},{TODAY + timedelta(days=20)}"
ROWS = f"""kind,sku,location_id,start_date,end_date,weekly_units,change_rate,reason,author
override,MUG-RED,DC-1,{SPAN},80,,television,
promotion,MUG-BLUE,,{SPAN},,50%,flyer,bo

end,MUG-OLD,,,tomorrow,,,sold out,
override,MUG-RED,,{SPAN},80,,everywhere,
end,MUG-OLD,,,{TODAY},,,glaze is no longer made,
"""


def typed(home: Path, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["know", *words, "--home", str(home)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FULCAST_HOME", "")
    monkeypatch.delenv("FULCAST_OUTBOX_URL", raising=False)
    return tmp_path / "home"


def test_the_good_rows_of_a_file_are_entered_and_the_bad_ones_named(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "known.csv"
    file.write_text(ROWS)
    code, told = typed(home, "import", str(file), "--by", "ana")
    assert code == 2
    assert "3 entered; the next nightly run applies them." in told
    assert "known.csv, row 5: end_date 'tomorrow' is no date; write it as 2026-01-31. The row was left out." in told
    assert "known.csv, row 6: location_id is blank" in told
    assert "SKUs and locations were not looked up" in told
    assert "0 entered, 3 known already" in typed(home, "import", str(file), "--by", "ana")[1]
    code, told = typed(home, "list")
    assert (code, "MUG-RED" in told, "MUG-OLD" in told) == (0, True, True)
    with Knowledge(f"sqlite:///{home}/outbox.sqlite") as knowledge:
        rows = knowledge.entries(DAY)
    assert set(rows.select("sku", "author").rows()) == {("MUG-RED", "ana"), ("MUG-BLUE", "bo"), ("MUG-OLD", "ana")}
    assert rows.filter(pl.col("sku") == "MUG-BLUE")["change_rate"].to_list() == [0.5]
    assert "1 withdrawn by bo." in typed(home, "withdraw", rows["entry_id"][0], "--by", "bo", "--reason", "no")[1]


COLUMNS = (
    "kind",
    "sku",
    "location_id",
    "other_sku",
    "start_date",
    "end_date",
    "expires_date",
    "weekly_units",
    "change_rate",
    "reason",
)
NAMES = pl.DataFrame({"field": ["sku", "sku", "sku", "location_id"], "name": ["MUG", "CUP", "POT", "DC"]})


def told_of(url: str, *rows: str, before: tuple[Entry, ...] = ()) -> list[str]:
    """What is said against rows of COLUMNS, after `before` was entered."""
    cells = [dict(zip(COLUMNS, [*row.split(","), "why"], strict=True)) for row in rows]
    with Knowledge(url) as knowledge:
        knowledge.enter(before, datetime.now(UTC))
        doubts = Doubts.of(knowledge, NAMES, DAY)
    return knowing.rows_to_entries(pl.DataFrame(cells), "k.csv", "ana", doubts).problems


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("end,NO-SUCH,,,,2026-12-20,,,", "sku 'NO-SUCH' is not among the 3 of the last run's products, terms, orders and stock;"),
        (
            "end,MUG,NOWHERE,,,2026-12-20,,,",
            "location_id 'NOWHERE' is not among the 1 of the last run's locations and stock; write",
        ),
        ("launch,NEW,,NO-SUCH,2026-12-20,,,,", "other_sku 'NO-SUCH' is not among"),
        ("launch,NEW,DC,MUG,2026-12-20,,,,-20%", None),
        ("supersession,MUG,,NEW,2026-12-20,,,,", None),
        ("override,MUG,DC,,2026-01-01,2026-01-31,,5,", "end_date 2026-01-31 is past, so that it would never be applied"),
        ("promotion,MUG,DC,,2026-01-01,2026-01-31,2026-12-31,,", None),
        ("launch,MUG,DC,,2026-01-01,,2026-02-01,,", "expires_date 2026-02-01 is past"),
        (
            "override,MUG,DC,,2026-12-01,2026-12-31,,ten,",
            "weekly_units 'ten' is no number; write the units of a week, such as 80.",
        ),
        ("override,MUG,DC,,2026-12-01,2026-12-31,,,ten", "change_rate 'ten' is no number; write 0.5 or 50%."),
        ("override,MUG,DC,,2026-12-01,2026-12-31,,50%,", "weekly_units '50%' is no number"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_row_and_the_mend(url: str, row: str, sentence: str | None) -> None:
    problems = told_of(url, row)
    assert len(problems) == (sentence is not None)
    assert sentence is None or (problems[0].startswith(f"k.csv, row 2: {sentence}") and problems[0].endswith("was left out."))


def test_a_circle_of_successors_is_refused(url: str) -> None:
    first = Entry("supersession", "MUG", "ana", "new glaze", date(2099, 1, 1), other_sku="CUP", start_date=DAY)
    problems = told_of(
        url, "supersession,CUP,,POT,2026-12-01,,,,", "supersession,POT,DC,MUG,2026-12-01,,,,", "supersession,MUG,,POT,2026-12-01,,,,",
        "supersession,CUP,,MUG,2026-12-01,,,,", before=(first,),
    )  # fmt: skip
    assert problems == [
        "k.csv, row 3: other_sku 'MUG' leads back to POT (MUG → CUP → POT); withdraw one of those entries, or name another SKU. "
        "The row was left out."
    ], "CUP may be followed by MUG once MUG is followed by POT instead"


def test_what_stands_is_known_already_even_when_it_is_over(url: str) -> None:
    over = Entry("promotion", "GONE", "ana", "flyer", date(2026, 1, 31), start_date=date(2026, 1, 1), end_date=date(2026, 1, 31))
    assert told_of(url, "promotion,GONE,,,2026-01-01,2026-01-31,,,", before=(over,)) == []


def test_a_workbook_is_read_like_a_csv(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "known.xlsx") as workbook:
        sheet = workbook.add_worksheet()
        for column, name in enumerate(("Kind", "SKU", "Start date", "Other SKU", "Reason")):
            sheet.write(0, column, name)
        for column, value in enumerate(("supersession", "OLD", None, "NEW", "new glaze")):
            sheet.write(1, column, value)
        sheet.write_datetime(1, 2, datetime(2026, 12, 1), workbook.add_format({"num_format": "yyyy-mm-dd"}))
    taken = knowing.rows_to_entries(
        knowing.read_rows((tmp_path / "known.xlsx").read_bytes(), "known.xlsx"),
        "known.xlsx",
        "ana",
        Doubts(DAY, {}, set(), {"": {}}),
    )
    assert taken.problems == []
    assert taken.entries == [
        Entry("supersession", "OLD", "ana", "new glaze", date(2027, 12, 1), other_sku="NEW", start_date=date(2026, 12, 1))
    ]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("x.csv", "kind,sku\nend,A\n", "has no column 'reason'"),
        ("x.csv", "kind,sku,reason,colour\nend,A,b,c\n", "has a column 'colour'"),
        ("x.csv", "", "can't be read"),
        ("x.xlsx", "no workbook", "can't be read"),
        ("x.txt", "a", "neither .csv nor .xlsx"),
    ],
)
def test_a_file_that_is_none_is_refused(name: str, content: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        knowing.read_rows(content.encode(), name)
