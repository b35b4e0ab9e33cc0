"""What both ways of a first connection share: the channel that is asked for, the configuration to keep, the next command."""

import re
from pathlib import Path

import streamlit as st
from pydantic import ValidationError

from dashboards import frame
from pipelines.channels.merchant import Channel
from pipelines.intake.configuring import MERCHANT

FOLDER = "my-mappings"
ZONES = ("Europe/Amsterdam", "Europe/Berlin", "Europe/London", "America/New_York", "America/Los_Angeles", "UTC")


def asked_channel(key: str) -> Channel | None:
    """The channel's name, clock and currency, as the person gives them; None, and the reason in words, while one is wrong."""
    name, zone, currency = st.columns(3)
    given = {
        "name": name.text_input("Your name of the channel", "shop", key=f"{key}-name").strip(),
        "time_zone": zone.selectbox("Its time zone", ZONES, accept_new_options=True, key=f"{key}-zone"),
        "currency": currency.text_input("Its currency", "EUR", key=f"{key}-currency").strip().upper(),
    }
    try:
        return Channel.model_validate(given)
    except ValidationError as problem:
        st.error(problem.errors()[0]["msg"].removeprefix("Value error, ") + ".")
        return None


def keep(name: str, lines: list[str], *, with_files: str = "") -> None:
    """What to keep of it, and what to do next."""
    settings = frame.settings()
    own = None if settings.is_demo else settings.config
    folder = (own if own.is_dir() else own.parent) if own else Path(FOLDER)
    text = "\n".join([*([] if own else MERCHANT), *lines]) + "\n"
    st.subheader("Keep it")
    st.markdown(f"Save this as `{folder / name}.toml`; it holds no secret.")
    st.code(text, language="toml")
    st.download_button("Download it", text, f"{name}.toml", "application/toml", icon=":material/download:", on_click="ignore")
    st.subheader("Load everything")
    if with_files:
        st.markdown(f"Put the files that are called `{with_files}` into a folder, such as `my-exports/`. Then:")
    inputs = " --input my-exports/" if with_files else ""
    home = "" if own else " --home my-data/"
    st.code(f"fulcast run --config {folder}/{inputs}{home}\nfulcast dashboard --config {folder}/{home}", language="shell")


def verbatim(text: str) -> str:
    """Text whose signs mean nothing to Markdown: names of channels and SKUs hold _ and *."""
    return re.sub(r"([\\`*_{}\[\]<>#$~|])", r"\\\1", text)
