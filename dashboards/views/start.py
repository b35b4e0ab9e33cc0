"""The first connection, where nothing is published yet: a channel or a file, tried before anything is kept."""

import streamlit as st

from dashboards.views import start_channel, start_file


def show() -> None:
    """Two ways in; each ends with what would be loaded, the configuration to keep, and the command that loads it."""
    channel, file = st.tabs(["Connect a channel", "Drop a file"])
    with channel:
        start_channel.show()
    with file:
        start_file.show()
