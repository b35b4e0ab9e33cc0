"""Connecting a channel's API: what it needs, one call, a dry run. Secrets come from the environment alone; this page never takes one."""

import os

import streamlit as st
from requests import RequestException

from dashboards.views.keeping import asked_channel, keep, verbatim
from pipelines.channels.base import Kind, Setting, kinds
from pipelines.channels.merchant import Channel
from pipelines.channels.patience import Patience, in_words
from pipelines.errors import InputError
from pipelines.intake.configuring import channel_toml
from pipelines.intake.connection import open_channel, secret_variable
from pipelines.intake.trying import SAMPLE_DAYS, try_streams
from pipelines.intake.trying import in_words as told

PATIENCE = Patience(attempts=2, longest_pause=2, first_pause=0.2, timeout=20)


def show() -> None:
    """Platform, settings, secrets to set, and what the last week would become."""
    channel = asked_channel("api")
    titles = {kind.title: kind for kind in kinds().values()}
    kind = titles[st.selectbox("Its platform", sorted(titles))]
    if channel is None:
        return
    given = {s.name: _asked(s) for s in kind.settings if s.is_asked and not s.is_secret}
    given = {name: value for name, value in given.items() if value}
    _secrets(channel, kind)
    missing = [s.prompt for s in kind.settings if s.is_required and not s.is_secret and not given.get(s.name)]
    if missing:
        st.info(f"Still to fill in: {'; '.join(missing)}.")
        return
    if st.button("Try it", type="primary", icon=":material/cable:"):
        connected = channel.model_copy(update={"kind": kind.name, "connection": given})
        _try(connected, kind, given)


def _asked(setting: Setting) -> str:
    label = setting.prompt + ("" if setting.is_required else " (if any)")
    return str(st.text_input(label, placeholder=setting.example, key=f"setting-{setting.name}")).strip()


def _secrets(channel: Channel, kind: Kind) -> None:
    """Which variables hold the channel's secrets, and whether they are set here; their values are never shown."""
    secrets = [(secret_variable(channel.name, s.name), s) for s in kind.settings if s.is_secret and s.is_asked]
    if not secrets:
        return
    lines = []
    for variable, setting in secrets:
        state = "set" if os.environ.get(variable) else "not set here"
        lines.append(f"- `{variable}`{'' if setting.is_required else ' (if any)'}: {setting.prompt} — **{state}**")
    st.markdown(
        "Secrets stay in the environment; this page never takes one. Set them where Fulcast runs, and start the dashboard again:\n"
        + "\n".join(lines)
    )


def _try(channel: Channel, kind: Kind, given: dict[str, str]) -> None:
    try:
        with st.spinner(f"Asking {kind.title} …"):
            session = open_channel(channel, PATIENCE)
            answered = kind.check(session)
            sentences = [told(tried) for tried in try_streams(channel, session)]
    except InputError as problem:
        st.error(str(problem))
        return
    except RequestException as problem:
        st.error(str(in_words(channel.name, problem)))
        return
    except (KeyError, ValueError, TypeError):
        st.error(f"{channel.name} answers, but not as {kind.title} does; check the address.")
        return
    st.success(verbatim(answered), icon=":material/task_alt:")
    st.subheader(f"What the last {SAMPLE_DAYS} days would become; nothing is kept")
    for head, *more in sentences:
        st.markdown(f"- {verbatim(head)}")
        for sentence in more:
            st.warning(verbatim(sentence))
    keep(channel.name, channel_toml(channel, given))
