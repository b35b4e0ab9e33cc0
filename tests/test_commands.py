"""Connecting, trying and listing channels as a person types it. Not here: what is fetched (tests/intake)."""

from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from pipelines import terminal
from pipelines.channels.mapping import load_config
from pipelines.cli import app
from pipelines.errors import InputError
from tests.connected import Connect

MERCHANT = '[merchant]\nname = "m"\n[[channel]]\nname = "till"\n[[feed]]\nname = "f"\nchannel = "till"\ntable = "orders"\nfiles = "*.csv"\n'
MERCHANT += (
    '[feed.columns]\norder_id = "a"\nordered_units = "b"\nunit_price_amount = "c"\nordered_at = "d"\ncurrency_code = "e"\n'
)


@pytest.fixture
def mappings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("CONFIG", "INPUT", "HOME"):
        monkeypatch.setenv(f"FULCAST_{name}", "")
        monkeypatch.delenv(f"FULCAST_{name}")
    folder = tmp_path / "mappings"
    folder.mkdir()
    (folder / "merchant.toml").write_text(MERCHANT)
    return folder


def test_what_goes_into_a_file_is_not_cut_to_a_terminals_width(capsys: pytest.CaptureFixture[str]) -> None:
    values = {f"column_{n}": f"{'x' * 40}{n}" for n in range(8)}
    terminal.table(pl.DataFrame([values]), "wide")
    lines = capsys.readouterr().out.splitlines()
    assert any(all(value in line for value in values.values()) for line in lines)
    assert any(all(name in line for name in values) for line in lines)


def typed(mappings: Path, *words: str, answers: str = "") -> str:
    """What the command prints; raises what it raises."""
    done = CliRunner().invoke(app, [*words, "--config", str(mappings), "--home", str(mappings.parent / "home")], input=answers)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


def test_connecting_asks_tries_and_writes_down_no_secret(
    connect: Connect, mappings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = connect("woocommerce").server.url
    monkeypatch.delenv("FULCAST_SHOP_UK_CONSUMER_KEY")
    told = typed(mappings, "connect", "shop_uk", "--kind", "woocommerce", answers=f"Europe/London\nGBP\n{url}\nck_hidden\n")
    assert "The shop answers: 120 orders." in told
    assert "Set FULCAST_SHOP_UK_CONSUMER_KEY in the environment" in told
    written = (mappings / "shop_uk.toml").read_text()
    assert "hidden" not in written
    channel = load_config(mappings).channel("shop_uk")
    assert (channel.kind, channel.connection, channel.time_zone, channel.currency) == (
        "woocommerce",
        {"shop": url},
        "Europe/London",
        "GBP",
    )
    monkeypatch.setenv("FULCAST_SHOP_UK_CONSUMER_KEY", "ck_hidden")
    assert "`fulcast run` fetches shop_uk from now on." in typed(mappings, "connect", "shop_uk")
    assert "never" in typed(mappings, "channels")


def test_a_dry_run_says_what_would_be_loaded_and_keeps_nothing(
    connect: Connect, mappings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = connect("woocommerce")
    monkeypatch.setattr("pipelines.intake.trying.SAMPLE_DAYS", 4000)
    told = typed(
        mappings, "connect", "shop_uk", "--kind", "woocommerce", "--dry-run", answers=f"Europe/London\nGBP\n{shop.server.url}\n"
    )
    assert "orders: 120 records" in told
    assert "120 orders" in told
    assert "can't be read" not in told
    assert not (mappings / "shop_uk.toml").exists()
    assert not (mappings.parent / "home").exists()


def test_what_can_not_be_reached_or_is_no_platform_gets_a_sentence(mappings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FULCAST_S_CONSUMER_KEY", "k")
    monkeypatch.setenv("FULCAST_S_CONSUMER_SECRET", "k")
    monkeypatch.setattr(
        "pipelines.commands._patience",
        lambda: __import__("pipelines.channels.http", fromlist=["Patience"]).Patience(1, 0.01, 0.01, 1),
    )
    with pytest.raises(InputError, match="s can't be reached"):
        typed(mappings, "connect", "s", "--kind", "woocommerce", answers="UTC\nEUR\nhttp://127.0.0.1:9\n")
    with pytest.raises(InputError, match=r"'etsy' is not a kind of channel; there are amazon, .*, woocommerce"):
        typed(mappings, "connect", "s", "--kind", "etsy")


def test_servers_need_a_demo_merchant(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no demo merchant"):
        done = CliRunner().invoke(app, ["servers", "--folder", str(tmp_path)])
        raise done.exception or AssertionError
