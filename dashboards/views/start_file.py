"""Dropping a file: what it seems to be, which column is which field, and what it would become. The file leaves no trace."""

import streamlit as st
from pydantic import ValidationError

from dashboards.frame import heading
from dashboards.views.keeping import asked_channel, keep, verbatim
from pipelines.channels.mapping import Feed
from pipelines.channels.merchant import Channel
from pipelines.contracts import table as contract
from pipelines.errors import InputError
from pipelines.intake.configuring import channel_toml, feed_toml
from pipelines.intake.sniffing import CALLED, Sniffed, drafted, guessed, sniff, table_of
from pipelines.intake.trying import in_words, try_file

NOT_THERE = "– not in the file –"
ENDINGS = ["csv", "tsv", "txt", "xlsx", "parquet", "jsonl"]


def show() -> None:
    """The file, the channel it is of, its columns, and what it would become."""
    dropped = st.file_uploader("An export of orders, stock, products or shipments", ENDINGS)
    channel = asked_channel("file")
    if dropped is None or channel is None:
        st.caption("It is looked at here and forgotten: nothing is kept.")
        return
    content = dropped.getvalue()
    try:
        sniffed = sniff(content, dropped.name)
        feed = _feed(sniffed, channel)
        if feed:
            _try(feed, channel, content, dropped.name)
    except InputError as problem:
        st.error(str(problem))
    except ValidationError as problem:
        st.error(f"{problem.errors()[0]['msg'].removeprefix('Value error, ')}.")


def _feed(sniffed: Sniffed, channel: Channel) -> Feed | None:
    """How to read it: as the export that it looks like, else by the columns that the person confirms."""
    if sniffed.like:
        told = sniffed.like.table.replace("_", " ")
        st.info(f"It has the columns of an export that is known (`{sniffed.like.files}`), and is read as {told} in the same way.")
        return drafted(sniffed, channel.name, sniffed.like.table, {})
    st.markdown(
        f"It has {len(sniffed.columns)} columns and no form that is known: say which column is which. The guesses go by their names."
    )
    tables = list(CALLED)
    table = st.selectbox("What its rows tell", tables, tables.index(table_of(sniffed)), format_func=heading, key="table")
    columns = _columns(sniffed, table)
    draft = drafted(sniffed, channel.name, table, columns)
    lacking = [
        heading(name)
        for name in CALLED[table]
        if name not in columns and name in draft.fields() and _is_wanted(draft, name, channel)
    ]
    if lacking:
        st.warning(f"Still to say: which column holds {', '.join(lacking)}.")
        return None
    return draft


def _is_wanted(feed: Feed, name: str, channel: Channel) -> bool:
    supplied = (name == "currency_code" and channel.currency) or (name == "location_id" and channel.location)
    return feed.needs(name) and not supplied


def _label(name: str) -> str:
    """Two fields of a table may be headed alike: how many were ordered, and when."""
    more = {"units": " (units)", "at": " (time)"}.get(name.rsplit("_", 1)[-1], "")
    return heading(name) + more


def _columns(sniffed: Sniffed, table: str) -> dict[str, str]:
    known, chosen = guessed(sniffed, table), {}
    choices = [NOT_THERE, *sniffed.columns]
    places = st.columns(3)
    for number, name in enumerate(CALLED[table]):
        guess = choices.index(known[name]) if name in known else 0
        meaning = contract(table).columns[name].description if name in contract(table).columns else None
        chosen[name] = places[number % 3].selectbox(_label(name), choices, guess, key=f"{table}-{name}", help=meaning)
    return {name: column for name, column in chosen.items() if column != NOT_THERE}


def _try(feed: Feed, channel: Channel, content: bytes, name: str) -> None:
    head, *more = in_words(try_file(feed, channel, content, name))
    st.subheader("What it would become; nothing is kept")
    st.success(verbatim(head), icon=":material/task_alt:")
    for sentence in more:
        st.warning(verbatim(sentence))
    keep(feed.name, [*channel_toml(channel), "", *feed_toml(feed)], with_files=feed.files)
