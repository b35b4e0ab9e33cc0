"""The command `fulcast`. Here: words and exit codes. Not here: work; heavy libraries are imported where they are used."""

import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli_operations import know_app, outbox_app
from pipelines.cli_options import ConfigOption, HomeOption, settings_of
from pipelines.errors import InputError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="One trustworthy record of every order, and from it the decisions.",
)
app.add_typer(outbox_app, name="outbox")
app.add_typer(know_app, name="know")

InputOption = Annotated[
    Path | None, typer.Option("--input", help="Folder of the merchant's files, instead of the one that the mapping names.")
]
HistoryOption = Annotated[
    Path, typer.Option(help="File with unique_id, ds, y; optional is_in_stock, price, promotion. Parquet, CSV or Arrow.")
]
FreqOption = Annotated[str, typer.Option(help="W-MON … W-SUN, MS, D, or a Polars offset such as 1d, 1w, 1mo.")]
HorizonOption = Annotated[int, typer.Option(min=1, help="Periods ahead.")]
AttributesOption = Annotated[Path | None, typer.Option(help="File with unique_id and attributes, such as category or store.")]


def main() -> None:
    """Runs the command; what a person can mend ends with one sentence and exit code 2."""
    try:
        app()
    except InputError as problem:
        typer.secho(str(problem), fg="red", err=True)
        raise SystemExit(2) from None


@app.command()
def run(
    config: ConfigOption = None,
    input_folder: InputOption = None,
    home: HomeOption = None,
    as_of: Annotated[datetime | None, typer.Option(help="Judge everything as if it were then (UTC).")] = None,
    job: Annotated[
        str, typer.Option(help="refresh_all, refresh_orders, refresh_forecasts, reconcile_channels or weekly_report.")
    ] = "refresh_all",
) -> None:
    """Land → ledger → marts → demand → forecast → decisions → snapshot → exports, then a summary."""
    from pipelines import running, terminal

    if as_of:
        os.environ["FULCAST_AS_OF"] = as_of.isoformat()
    settings = settings_of(config, input_folder, home)
    config_checked = settings.merchant_config
    if settings.is_demo and not settings.input:
        _make_demo_once(settings.input_folder.parent)
    with terminal.progress(config_checked.merchant.name):
        outcome = running.execute(job, settings)
    for sentence in outcome.missing:
        typer.secho(sentence, fg="yellow", err=True)
    for sentence in outcome.unanswered:
        typer.secho(sentence, fg="red", err=True)
    for sentence in outcome.refused:
        typer.secho(f"Refused: {sentence}", fg="red", err=True)
    if outcome.failures:
        raise InputError(outcome.failures[0])
    terminal.summary(settings, outcome.seconds)
    if outcome.refused or outcome.unanswered:
        raise typer.Exit(2)


@app.command()
def demo(
    orders: Annotated[int, typer.Option(min=1, help="About how many orders.")] = 60_000,
    days: Annotated[int, typer.Option(min=60, help="Length of the history.")] = 730,
    seed: Annotated[int, typer.Option(help="Another seed, another merchant.")] = 7,
    end: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day; yesterday by default.")] = None,
    folder: Annotated[Path, typer.Option(help="Where to; holds inbox/ and truth/ afterwards.")] = Path("data/demo"),
) -> None:
    """Writes a simulated merchant of any size: each channel's own export files, and the truth beside them."""
    _generate(folder, orders=orders, days=days, seed=seed, end=end.date() if end else _yesterday())
    typer.echo(f"The demo merchant's files are in {folder / 'inbox'}, the truth in {folder / 'truth'}.")


@app.command()
def channels(config: ConfigOption = None, home: HomeOption = None) -> None:
    """Every channel: last success, lag, counts, what is in quarantine and what polls missed."""
    from pipelines import commands

    commands.channels(settings_of(config, None, home))


@app.command()
def connect(
    channel: Annotated[str, typer.Argument(help="Name of the channel in your configuration, or of a new one.")],
    kind: Annotated[
        str | None, typer.Option(help="Platform, such as shopify, stripe or one that you installed; none asks.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what a first load would do; keep nothing.")] = False,
    config: ConfigOption = None,
    home: HomeOption = None,
) -> None:
    """Connects a channel: asks for what it needs, makes one test call and says what it found. Secrets are never stored."""
    from pipelines import commands

    commands.connect(settings_of(config, None, home), channel, kind=kind, is_dry=dry_run)


@app.command()
def erase(
    person: Annotated[str, typer.Argument(help="E-mail address, telephone number or customer id, as the channel has it.")],
    config: ConfigOption = None,
    home: HomeOption = None,
) -> None:
    """Forgets a customer: landing and warehouse are rewritten, older snapshots and exports deleted, and the proof is shown."""
    from pipelines import commands

    commands.forget(settings_of(config, None, home), person)


@app.command()
def servers(
    folder: Annotated[Path, typer.Option(help="The demo merchant's folder.")] = Path("data/demo"),
    port: Annotated[int, typer.Option(help="Port of the first server; the others follow.")] = 9301,
    storm: Annotated[int | None, typer.Option(help="Make everything go wrong that can, by this seed.")] = None,
    seconds: Annotated[float | None, typer.Option(help="Stop by itself after so long.")] = None,
) -> None:
    """Serves the demo merchant's shops as their platforms' own APIs, on this machine only: something to connect to."""
    from pipelines import commands

    commands.serve(folder, port=port, storm=storm, seconds=seconds)


@app.command()
def webhooks(
    config: ConfigOption = None,
    home: HomeOption = None,
    host: Annotated[str, typer.Option(help="Address to listen on; this machine alone by default.")] = "127.0.0.1",
    port: int = 8787,
) -> None:
    """Takes what platforms deliver of their own accord: verified, landed as it came, answered at once."""
    from pipelines import commands

    commands.take_webhooks(settings_of(config, None, home), host=host, port=port)


@app.command()
def summary(config: ConfigOption = None, home: HomeOption = None) -> None:
    """What the newest snapshot says, again."""
    from pipelines import terminal

    terminal.summary(settings_of(config, None, home), {})


@app.command()
def metric(
    name: Annotated[str | None, typer.Argument(help="Metric, such as on_time_ship_rate; none lists them all.")] = None,
    by: Annotated[
        list[str] | None, typer.Option(help="Group by channel, warehouse, carrier, category, week …; again for more.")
    ] = None,
    since: Annotated[str, typer.Option(help="First day: 2026, 2026-01 or 2026-01-31.")] = "",
    until: Annotated[str, typer.Option(help="Last day, that year's or month's included.")] = "",
    where: Annotated[list[str] | None, typer.Option(help="Only rows such as channel=shop_eu; again for more.")] = None,
    version: Annotated[int | None, typer.Option(help="An earlier version of the definition.")] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="The definition and the SQL that ran, old and new side by side.")
    ] = False,
    orders: Annotated[bool, typer.Option("--orders", help="The orders behind the number, those that hurt it first.")] = False,
    config: ConfigOption = None,
    home: HomeOption = None,
) -> None:
    """A key figure from the newest snapshot, with its definition or the orders behind it."""
    from pipelines.metrics import command

    if name is None:
        command.every_metric()
        return
    question = command.question_of(name, by or (), since, until, where or (), version)
    command.show(settings_of(config, None, home), question, is_explained=explain, with_orders=orders)


@app.command()
def forecast(
    history: HistoryOption,
    freq: FreqOption,
    horizon: HorizonOption,
    output: Annotated[Path, typer.Option(help="Where the forecasts go: .parquet or .csv.")],
    attributes: AttributesOption = None,
    planned: Annotated[
        Path | None, typer.Option(help="File of what is planned for periods to come: unique_id, ds, price or promotion.")
    ] = None,
    selection: Annotated[
        Path | None, typer.Option(help="Keeps what was chosen and trained here; when the file exists, only refreshes with it.")
    ] = None,
) -> None:
    """Forecasts any series: mean and quantiles per period, from a file with unique_id, ds, y."""
    from pipelines import forecasting

    forecasting.forecast(history, freq, horizon, output, statics=attributes, planned=planned, selection=selection, today=_today())


@app.command()
def backtest(
    history: HistoryOption,
    freq: FreqOption,
    horizon: HorizonOption,
    output: Annotated[Path | None, typer.Option(help="Where the forecasts of known periods go, beside what came.")] = None,
    attributes: AttributesOption = None,
    windows: Annotated[int, typer.Option(min=1, help="Origins, one horizon apart.")] = 3,
    as_planned: Annotated[
        bool, typer.Option("--as-planned", help="The history's prices and promotions of judged periods were known before.")
    ] = False,
) -> None:
    """Forecasts known periods as if they were to come, and scores them."""
    from pipelines import forecasting

    forecasting.backtest(
        history, freq, horizon, output, statics=attributes, windows=windows, as_planned=as_planned, today=_today()
    )


@app.command("backtest-policy")
def backtest_policy(
    weeks: Annotated[int, typer.Option(min=4, help="Last weeks to play.")] = 26,
    service: Annotated[
        float | None, typer.Option(min=0.5, max=0.9999, help="Cycle service level of z·σ·√L, instead of the configuration's.")
    ] = None,
    shortage_ratio: Annotated[
        float | None, typer.Option(min=0.01, help="Cost of a lost unit in weeks of holding one, instead of its margin.")
    ] = None,
    lead_time: Annotated[float | None, typer.Option(min=0, help="Days, for every supplier.")] = None,
    moq: Annotated[int | None, typer.Option(min=1, help="Units, for every SKU.")] = None,
    budget: Annotated[
        float | None, typer.Option(min=0.01, help="Capital that stock may bind on average, instead of the configuration's.")
    ] = None,
    holding_rate: Annotated[float | None, typer.Option(min=0.001, help="Cost of holding a unit for a year ÷ its cost.")] = None,
    config: ConfigOption = None,
    home: HomeOption = None,
) -> None:
    """What Fulcast's orders, min/max and z·σ·√L would have cost over the last weeks, against what was done."""
    from pipelines.policies import WhatIf, compare_policies

    compare_policies(
        settings_of(config, None, home), WhatIf(weeks, service, shortage_ratio, lead_time, moq, budget, holding_rate)
    )


@app.command()
def reorder(
    supplier: Annotated[str | None, typer.Option(help="Only what is bought from this supplier.")] = None,
    output: Annotated[
        Path | None, typer.Option(help="Write the plan here: .xlsx, which can be edited and come back, or .csv.")
    ] = None,
    edited: Annotated[
        Path | None, typer.Option("--import", help="An edited workbook: shows what it changes and keeps it as drafts.")
    ] = None,
    by: Annotated[str, typer.Option("--by", help="Whose edits they are.")] = "",
    config: ConfigOption = None,
    home: HomeOption = None,
) -> None:
    """The list of suggested orders, exceptions and the most money at risk first; `fulcast outbox approve` approves."""
    from pipelines import planning

    settings = settings_of(config, None, home)
    if edited:
        planning.take_back(settings, edited, by)
    else:
        planning.show(settings, supplier, output)


@app.command()
def loads(config: ConfigOption = None, home: HomeOption = None) -> None:
    """Every load's account of rows, and what is in quarantine."""
    from pipelines import terminal

    terminal.loads(settings_of(config, None, home))


@app.command()
def rebuild(config: ConfigOption = None, home: HomeOption = None) -> None:
    """Drops the warehouse, so that the next run makes it anew from landing."""
    settings = settings_of(config, None, home)
    for name in ("warehouse.duckdb", "warehouse.duckdb.wal"):
        (settings.home_folder / name).unlink(missing_ok=True)
    typer.echo("The warehouse is gone; `fulcast run` makes it anew from landing.")


@app.command()
def dagster(config: ConfigOption = None, home: HomeOption = None, port: int = 3000) -> None:
    """Opens Dagster's page with the whole graph, jobs and schedules, on this machine only."""
    from pipelines.running import prepare_instance

    prepare_instance(settings_of(config, None, home))
    _exec("dagster", "dev", "-m", "pipelines.definitions", "-h", "127.0.0.1", "-p", str(port))


@app.command()
def dashboard(config: ConfigOption = None, home: HomeOption = None, port: int = 8501) -> None:
    """Opens the dashboard on the newest snapshot, on this machine only."""
    from pipelines.settings import PROJECT

    settings_of(config, None, home)
    quiet = (
        "--browser.gatherUsageStats",
        "false",
        "--server.headless",
        "true",
        "--server.address",
        "127.0.0.1",
        "--server.port",
        str(port),
    )
    _exec("streamlit", "run", str(PROJECT / "dashboards" / "app.py"), *quiet)


def _yesterday() -> date:
    from datetime import timedelta

    return _today() - timedelta(days=1)


def _today() -> date:
    return datetime.now(UTC).date()


def _make_demo_once(folder: Path) -> None:
    if not (folder / "inbox").exists():
        _generate(folder, orders=60_000, days=730, seed=7, end=_yesterday())


def _generate(folder: Path, *, orders: int, days: int, seed: int, end: date) -> None:
    from pipelines import terminal
    from pipelines.demo import generate

    with terminal.bar("Making the demo merchant") as advance:
        generate(folder, orders=orders, days=days, seed=seed, end=end, progress=advance)


def _exec(*command: str) -> None:
    import sys

    program = Path(sys.executable).with_name(command[0])
    os.execv(program, [str(program), *command[1:]])
