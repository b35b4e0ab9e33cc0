"""The commands on what people decide and know: `fulcast outbox …`, `fulcast know …`. Here: words and exit codes. Not here: work."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.cli_options import ConfigOption, HomeOption, settings_of
from pipelines.errors import InputError

outbox_app = typer.Typer(no_args_is_help=True, help="Decisions on their way: list, approve, reject, send.")
know_app = typer.Typer(no_args_is_help=True, help="What people know: promotions, launches, supersessions, ends, overrides.")
Ids = Annotated[list[str] | None, typer.Argument(help="Decision ids, such as RO-20260131-000001.")]
ByOption = Annotated[str, typer.Option("--by", help="Who says so.")]


@outbox_app.command("list")
def outbox_list(state: str | None = None, config: ConfigOption = None, home: HomeOption = None) -> None:
    """Decisions and their states."""
    from pipelines import terminal

    with _outbox(config, home) as outbox:
        terminal.decisions(outbox.decisions(state=state), outbox.counts())


@outbox_app.command()
def approve(
    ids: Ids = None,
    by: Annotated[str, typer.Option("--by", help="Who approves.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why.")] = "",
    everything: Annotated[
        bool, typer.Option("--all", help="Every suggested reorder and transfer; not what waits for its supplier's order.")
    ] = False,
    quantity: Annotated[int | None, typer.Option(min=1, help="Another quantity, for a single decision.")] = None,
    config: ConfigOption = None,
    home: HomeOption = None,
) -> None:
    """Approves suggested decisions, as drafted where somebody changed them; amounts above the merchant's cap are refused."""
    from pipelines.operations import Drafts

    settings = settings_of(config, None, home)
    with _outbox(config, home) as outbox, Drafts(settings.outbox) as drafts:
        chosen = _chosen(outbox, ids, everything)
        edits = {} if quantity else drafts.edits(chosen)
        dropped = [one for one in chosen if everything and one in edits and edits[one].quantity_units == 0]
        chosen, edits = [one for one in chosen if one not in dropped], {one: edits[one] for one in edits if one not in dropped}
        cap = settings.merchant_config.merchant.approval_cap_amount
        outbox.approve(chosen, by, reason, cap, datetime.now(UTC), quantity_units=quantity, edits=edits)
    typer.echo(f"{len(chosen)} approved by {by}{f', {len(edits)} of them as drafted' if edits else ''}.")
    if dropped:
        typer.echo(f"{len(dropped)} drafted at 0 were left out: {', '.join(dropped)}.")


@outbox_app.command()
def reject(
    ids: Ids = None,
    by: Annotated[str, typer.Option("--by", help="Who rejects.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why.")] = "",
    config: ConfigOption = None,
    home: HomeOption = None,
) -> None:
    """Rejects decisions that have not been sent."""
    with _outbox(config, home) as outbox:
        chosen = _chosen(outbox, ids, everything=False)
        outbox.reject(chosen, by, reason, datetime.now(UTC))
    typer.echo(f"{len(chosen)} rejected by {by}.")


@outbox_app.command()
def send(
    to: Annotated[
        Path | None, typer.Option("--to", help="Folder of the deliveries; outbox/ in the merchant's home by default.")
    ] = None,
    config: ConfigOption = None,
    home: HomeOption = None,
) -> None:
    """Delivers approved decisions, each once, as JSON lines and CSV."""
    from pipelines.operations import send as deliver

    folder = to or settings_of(config, None, home).home_folder / "outbox"
    with _outbox(config, home) as outbox:
        sent = deliver(outbox, folder, datetime.now(UTC))
    typer.echo(f"{sent.sent} sent to {folder}." if sent.sent else "Nothing is approved and unsent.")


@outbox_app.command()
def history(decision_id: str, config: ConfigOption = None, home: HomeOption = None) -> None:
    """Everything that happened to a decision."""
    from pipelines import terminal

    with _outbox(config, home) as outbox:
        terminal.table(outbox.history(decision_id), decision_id)


@know_app.command("import")
def know_import(
    file: Annotated[Path, typer.Argument(help="CSV or XLSX with kind, sku, reason and what the kind needs; docs/operations.md.")],
    by: ByOption = "",
    config: ConfigOption = None,
    home: HomeOption = None,
) -> None:
    """Enters every good row of a file; bad rows are named and left out. The next nightly run applies it."""
    from pipelines import knowing

    knowing.take_in(settings_of(config, None, home), file, by)


@know_app.command("list")
def know_list(
    sku: Annotated[str | None, typer.Argument(help="Only what is about this SKU.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Expired and withdrawn ones too.")] = False,
    config: ConfigOption = None,
    home: HomeOption = None,
) -> None:
    """What is known, the newest first."""
    from pipelines import knowing

    knowing.show(settings_of(config, None, home), sku, everything=everything)


@know_app.command("withdraw")
def know_withdraw(
    ids: Annotated[list[str], typer.Argument(help="Entry ids, such as KN-20260131-000001.")],
    by: ByOption = "",
    reason: Annotated[str, typer.Option("--reason", help="Why.")] = "",
    config: ConfigOption = None,
    home: HomeOption = None,
) -> None:
    """Takes entries back; they stay in the history."""
    from pipelines.operations import Knowledge

    with Knowledge(settings_of(config, None, home).outbox) as knowledge:
        knowledge.withdraw(ids, by, reason, datetime.now(UTC))
    typer.echo(f"{len(ids)} withdrawn by {by}.")


def _outbox(config: Path | None, home: Path | None) -> Any:
    from pipelines.operations import Outbox

    return Outbox(settings_of(config, None, home).outbox)


def _chosen(outbox: Any, ids: list[str] | None, everything: bool) -> list[str]:
    if ids:
        return ids
    if everything:
        suggested = outbox.decisions(state="suggested")
        return list(suggested.filter(suggested["quantity_units"] > 0)["decision_id"])
    raise InputError("Name decision ids, or give --all; `fulcast outbox list` shows them.")
