"""`sweep import`: files of others turned into entries of a catalogue. What belongs here: a file to an entry."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(
    "import",
    short_help="Turn a model's config.json into an entry of the catalogue.",
    epilog="Example: sweep import model config.json -o mine.yaml && sweep point gpt4 --set model=mine.yaml",
)
@click.argument("kind", type=click.Choice(["model"]))
@click.argument("config", metavar="CONFIG.json", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), metavar="MINE.yaml", help="Write the entry here instead of printing it.")
@click.option("--title", help="What the entry is called; the name of the folder of the config unless said otherwise.")
def import_(kind: str, config: Path, out: Path | None, title: str | None) -> None:
    """Read a model's config.json, as Hugging Face keeps it, and print an entry that studies can name, each figure with its keys.

    A study may name the config.json itself, too (select: {model: ./config.json}). Ambiguous keys are an error.
    """
    from sweep.catalog.model_config import entry_text, read_config
    from sweep.errors import SweepError

    text = entry_text(title or config.resolve().parent.name or config.stem, read_config(config), config.name)
    if out is None:
        return click.echo(text, nl=False)
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise SweepError(f"{out}: cannot be written: {error.strerror}") from None
    click.echo(f"{out}: {text.count(chr(10)) - 1} figures; use it as --set model={out}")


COMMANDS = (import_,)
