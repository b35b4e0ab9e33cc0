"""Commands on channels: list, connect, serve the demo's. Here: the conversation. Not here: how a channel is asked (intake/)."""

import gc
import os
import time
from pathlib import Path
from typing import Any

import typer

from pipelines.errors import InputError


def channels(settings: Any) -> None:
    """Prints every stream and feed with its last success, lag, counts, quarantined and missed."""
    from pipelines import terminal
    from pipelines.intake.overview import overview
    from pipelines.warehouse.landing import Landing
    from pipelines.warehouse.snapshots import current, open_snapshot

    landing, folder = Landing(settings.home_folder / "landing"), settings.home_folder / "snapshots"
    if (folder / "current.json").exists():
        with open_snapshot(current(folder)) as connection:
            rows = overview(settings.merchant_config, landing, connection)
    else:
        rows = overview(settings.merchant_config, landing, None)
    problems = [(feed, problem) for feed, problem in rows.select("feed", "problem").iter_rows() if problem]
    shown = rows.select("feed", "last_success", "lag", "records", "quarantined", "refused", "caught", "missing")
    terminal.table(shown.rename({"feed": "channel and feed", "last_success": "last success"}), "channels")
    typer.echo(
        "caught: records that only the nightly reconciliation brought; missing: records that the channel has and the ledger lacks; "
        "refused: deliveries to `fulcast webhooks` that were not taken."
    )
    for feed, problem in problems:
        typer.secho(f"{feed}: {problem}", fg="red")


def connect(settings: Any, name: str, *, kind: str | None, is_dry: bool) -> None:
    """Asks for what the channel needs, makes one call, says what it found, and writes down what is no secret."""
    from pipelines.channels.base import kind_of
    from pipelines.intake.connection import open_channel, secret_variable

    known = next((channel for channel in settings.merchant_config.channels if channel.name == name), None)
    chosen = kind_of(kind or (known.kind if known and known.kind else _ask_kind()))
    channel = (known or _new_channel(name)).model_copy(update={"kind": chosen.name})
    is_new = not channel.connection
    given = {s.name: _asked(channel, s, is_wanted=s.is_asked and (s.is_required or is_new)) for s in chosen.settings}
    session = open_channel(channel, _patience(), {name: value for name, value in given.items() if value})
    typer.secho(_checked(name, lambda: chosen.check(session)), fg="green")
    if is_dry:
        _dry_run(channel, session)
        return
    told = {s.name: given[s.name] for s in chosen.settings if not s.is_secret and given[s.name]}
    if known is None or known.kind is None or dict(known.connection) != told:
        _write_down(settings.config, channel, told, is_known=known is not None)
    missing = [
        secret_variable(name, s.name)
        for s in chosen.settings
        if s.is_secret and given[s.name] and not os.environ.get(secret_variable(name, s.name))
    ]
    if missing:
        typer.echo(
            f"Secrets are not stored. Set {' and '.join(missing)} in the environment of the scheduler, then `fulcast run` fetches {name}."
        )
    else:
        typer.echo(f"`fulcast run` fetches {name} from now on.")


def _patience() -> Any:
    from pipelines.channels.patience import Patience

    return Patience(attempts=3, longest_pause=5, timeout=20)


def _ask_kind() -> str:
    from pipelines.channels.base import kinds

    return str(typer.prompt(f"Which platform is it ({', '.join(kinds())})"))


def _asked(channel: Any, setting: Any, *, is_wanted: bool) -> str:
    """What the environment or the configuration says, else what the person types; secrets aren't shown."""
    from pipelines.intake.connection import secret_variable

    said = os.environ.get(secret_variable(channel.name, setting.name)) or channel.connection.get(setting.name)
    if said or not is_wanted:
        return str(said or "")
    hint = f" (such as {setting.example})" if setting.example else ""
    more = "" if setting.is_required else " (Enter leaves it out)"
    default = None if setting.is_required else ""
    return str(typer.prompt(f"{setting.prompt}{hint}{more}", default=default, hide_input=setting.is_secret, show_default=False))


def _checked(name: str, call: Any) -> str:
    from requests import RequestException

    from pipelines.channels.patience import in_words

    try:
        return str(call())
    except RequestException as problem:
        raise in_words(name, problem) from problem
    except (KeyError, ValueError, TypeError) as problem:
        raise InputError(f"{name} answers, but not as its platform does; check the address.") from problem


def _dry_run(channel: Any, session: Any) -> None:
    from pipelines import terminal
    from pipelines.intake.trying import SAMPLE_DAYS, in_words, try_streams

    typer.echo(f"What the last {SAMPLE_DAYS} days would become; nothing is kept:")
    for tried in _checked_list(channel.name, lambda: list(try_streams(channel, session))):
        head, *more = in_words(tried)
        typer.echo(f"  {head}")
        for sentence in more:
            typer.secho(f"    {sentence}", fg="yellow" if "read" in sentence else None)
    terminal.console.print("")


def _checked_list(name: str, call: Any) -> Any:
    from requests import RequestException

    from pipelines.channels.patience import in_words

    try:
        return call()
    except RequestException as problem:
        raise in_words(name, problem) from problem


def _new_channel(name: str) -> Any:
    """A channel that no configuration knows yet: its clock and its currency are asked for."""
    from pydantic import ValidationError

    from pipelines.channels.merchant import Channel

    zone = typer.prompt("Time zone of the channel", default="UTC")
    currency = typer.prompt("Its currency", default="EUR")
    try:
        return Channel(name=name, time_zone=zone, currency=currency)
    except ValidationError as problem:
        raise InputError(problem.errors()[0]["msg"].removeprefix("Value error, ") + ".") from problem


def _write_down(config: Path, channel: Any, told: dict[str, str], *, is_known: bool) -> None:
    """Adds the channel to the configuration; one that is there already is for the person to change."""
    from pipelines.intake.configuring import channel_toml, connection_toml

    lines = connection_toml(channel, told)
    if is_known:
        typer.echo(f"Add to [[channel]] '{channel.name}' of your configuration:\n  " + "\n  ".join(lines))
        return
    file = (config if config.is_dir() else config.parent) / f"{channel.name}.toml"
    if file.exists():
        raise InputError(f"{file} is there already; add the channel to it by hand:\n" + "\n".join(lines))
    head = f"# {channel.name}, fetched from its platform. Secrets come from the environment."
    file.write_text("\n".join([head, *channel_toml(channel, told)]) + "\n", encoding="utf-8")
    typer.echo(f"Written to {file}.")
    if not config.is_dir():
        typer.echo(f"Give the folder, `--config {config.parent}`, so that both files are read.")


def serve(folder: Path, *, port: int, storm: int | None, seconds: float | None) -> None:
    """Serves the demo merchant's channels as their platforms would, on this machine only, until it is stopped."""
    from pipelines.demo.servers import platforms
    from pipelines.demo.servers.faults import Weather
    from pipelines.demo.servers.server import Clock, PlatformServer
    from pipelines.demo.servers.shop import load_shop

    if not (folder / "truth").is_dir():
        raise InputError(f"There is no demo merchant in {folder}; make one with `fulcast demo --folder {folder}`.")
    weather = Weather() if storm is None else Weather.storm(storm)
    servers = []
    for number, (kind, served) in enumerate(platforms.SERVED.items()):
        shop, channel = load_shop(folder / "truth", served.channel), served.name or served.channel
        servers.append(
            PlatformServer(platforms.platform(kind, shop, Clock(shop.last_moment), weather, storm or 0), port=port + number)
        )
        typer.echo(f"{channel}: {kind} at {servers[-1].url}")
        for name, value in platforms.secrets(kind, channel).items():
            typer.echo(f"  export {name}={value}")
    typer.echo("Configuration that reads them: data/mappings/demo_api")
    try:
        time.sleep(seconds if seconds is not None else 10**9)
    except KeyboardInterrupt:
        typer.echo("Stopped.")
    finally:
        for server in servers:
            server.close()


def take_webhooks(settings: Any, *, host: str, port: int) -> None:
    """Takes platforms' deliveries until it is stopped."""
    import uvicorn

    from pipelines.intake.webhooks import application, endpoints
    from pipelines.warehouse.landing import Landing
    from pipelines.warehouse.sealing import Seal

    known = endpoints(settings.merchant_config)
    if not known:
        raise InputError("No channel of the configuration is of a platform that delivers; `fulcast connect` connects one.")
    for name, endpoint in known.items():
        typer.echo(f"{name}: http://{host}:{port}/{name}" + (f", once {endpoint.missing} is set" if endpoint.missing else ""))
    landing = Landing(settings.home_folder / "landing", Seal(settings.landing_key))
    app = application(known, landing)
    gc.collect()
    gc.freeze()  # what was imported stays: looking through it for garbage would hold up a rush of deliveries
    uvicorn.run(app, host=host, port=port, log_level="warning", access_log=False)


def forget(settings: Any, person: str) -> None:
    """Erases a person and says what was done, and where they were looked for afterwards."""
    from datetime import UTC, datetime

    from pipelines.erasure import erase
    from pipelines.ledger.load import pseudonym_key
    from pipelines.warehouse.duckdb import Warehouse
    from pipelines.warehouse.landing import Landing
    from pipelines.warehouse.sealing import Seal

    home = settings.home_folder
    done = erase(
        settings.merchant_config, home, Landing(home / "landing", Seal(settings.landing_key)), Warehouse(home / "warehouse.duckdb", say=typer.echo), person,
        pseudonym_key(home, settings.pseudonym_key), datetime.now(UTC),
    )  # fmt: skip
    typer.echo(
        f"Erased from {done.records:,} records in {done.payloads:,} payloads of landing and {done.ledger_rows:,} orders of the ledger."
    )
    typer.echo(f"Published anew; {done.snapshots:,} older snapshots and {done.exports:,} exported files are deleted.")
    if done.remains:
        raise InputError(f"The person still stands in {', '.join(done.remains[:5])}; please report it.")
    typer.echo(f"Proof: {done.proven_files:,} files were read again, and the person is in none of them.")
    if settings.merchant_config.feeds:
        typer.echo(
            f"Your own files in {settings.input_folder} are not Fulcast's to change: remove the person there, or the next export brings them back."
        )
