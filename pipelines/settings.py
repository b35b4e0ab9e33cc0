"""Settings of the machine, from the environment. Here: where things are. Not here: a merchant's mappings (channels/mapping.py)."""

import os
import re
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

from pipelines.channels.mapping import Config, load_config
from pipelines.errors import InputError

PROJECT = Path(__file__).resolve().parents[1]
DEMO_CONFIG = PROJECT / "data" / "mappings" / "demo"


class Settings(BaseSettings):
    """Read when asked for, never at import; every variable starts with FULCAST_."""

    model_config = SettingsConfigDict(env_prefix="FULCAST_", env_file=None)

    config: Path = DEMO_CONFIG
    home: Path | None = None
    input: Path | None = None
    outbox_url: str | None = None
    pseudonym_key: str | None = None
    landing_key: str | None = None
    as_of: datetime | None = None

    @cached_property
    def merchant_config(self) -> Config:
        return load_config(self.config)

    @cached_property
    def home_folder(self) -> Path:
        """Where this merchant's landing, warehouse, snapshots and exports are made."""
        return (self.home or PROJECT / self.merchant_config.merchant.home).resolve()

    @cached_property
    def input_folder(self) -> Path:
        """Where the merchant's files are picked up; `${VARIABLE:-default}` in the mapping is filled from the environment."""
        return (self.input or PROJECT / expand(self.merchant_config.merchant.input)).resolve()

    @property
    def judged_at(self) -> datetime | None:
        """FULCAST_AS_OF in UTC: judge everything as if it were then."""
        return self.as_of.replace(tzinfo=UTC) if self.as_of and self.as_of.tzinfo is None else self.as_of

    @property
    def outbox(self) -> str:
        return self.outbox_url or f"sqlite:///{self.home_folder / 'outbox.sqlite'}"

    @property
    def is_demo(self) -> bool:
        return self.config.resolve() == DEMO_CONFIG.resolve()


def expand(text: str) -> str:
    """`text` with `${NAME}` and `${NAME:-default}` filled from the environment.

    Raises InputError for a variable that is neither set nor has a default.
    """

    def fill(match: re.Match[str]) -> str:
        value = os.environ.get(match[1]) or match[2]
        if value is None:
            raise InputError(f"The mapping uses ${{{match[1]}}}, which is not set; set that environment variable.")
        return value

    return re.sub(r"\$\{(\w+)(?::-([^}]*))?\}", fill, text)
