"""Options that many commands share, and the settings that they make. Here: words. Not here: work."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="Mapping file, or folder of them; the demo merchant's by default.")
]
HomeOption = Annotated[Path | None, typer.Option("--home", help="Folder for landing, warehouse, snapshots and exports.")]


def settings_of(config: Path | None, input_folder: Path | None, home: Path | None) -> Any:
    """Settings with the command's options in place of the environment's, for this process and those it starts."""
    for name, value in (("CONFIG", config), ("INPUT", input_folder), ("HOME", home)):
        if value is not None:
            os.environ[f"FULCAST_{name}"] = str(value.resolve())
    from pipelines.settings import Settings

    return Settings()
