"""`sweep list`, `show`, `explain` and `import`. What belongs here: catalogue and equations printed, and a file turned into an entry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sweep.cli.options import as_json, overrides, print_json

if TYPE_CHECKING:
    from sweep.analysis.describe import Record


@click.command("list", short_help="List the GPUs, models, sites, parameters, quantities, ...", epilog="Example: sweep list gpus")
@click.argument("kind", required=False)
@click.argument("word", required=False)
@as_json
def list_(kind: str | None, word: str | None, as_json: bool) -> None:
    """List a kind of thing: gpus, models, sites, parameters, quantities, rules, sources, studies.

    Without KIND, the kinds there are. With WORD, only what has it in its name or its text.
    """
    from sweep.analysis import describe
    from sweep.query.text import table

    if kind is None:
        counts = {name: len(list_of()) for name, list_of in describe.kinds().items()}
        if as_json:
            return print_json({"rows": [{"kind": name, "entries": count} for name, count in counts.items()]})
        click.echo(table(("kind", "entries"), [(name, str(count)) for name, count in counts.items()], right=["entries"]))
        return click.echo("\n`sweep list KIND` lists them, `sweep show NAME` shows one")
    rows = describe.listed(kind)
    if word:
        rows = [row for row in rows if any(word.lower() in str(cell).lower() for cell in row.values())]
    if as_json:
        return print_json({"rows": rows})
    if not rows:
        return click.echo(f"no {kind} with {word!r}")
    header = list(rows[0])
    click.echo(table(header, [[_cell(row[key]) for key in header] for row in rows], right=_numbers(rows)))
    if any(_cell(cell).endswith("*") for row in rows for cell in row.values()):
        click.echo("\n* assumed; `sweep show NAME` says why")


def _cell(value: object) -> str:
    if isinstance(value, dict):
        return f"{value['printed']}{'*' if value.get('assumed') else ''}"
    return "" if value is None else str(value)


def _numbers(rows: list[Record]) -> list[str]:
    return [key for key in rows[0] if any(isinstance(row[key], dict) for row in rows)]


@click.command(short_help="Show one thing: each number with unit and source.", epilog="Example: sweep show h100-sxm")
@click.argument("name")
@as_json
def show(name: str, as_json: bool) -> None:
    """Show one thing by its name: a GPU, model, site, ..., a parameter, a quantity, a rule or a source.

    Each number has its unit as printed by its source, its value in SI, its source and any assumption.
    Where two kinds share a name, gpu/NAME picks one.
    """
    from sweep.analysis import describe

    found = describe.named(name)
    if as_json:
        return print_json({"rows": found})
    click.echo("\n\n".join(_text(record) for record in found))


def _text(record: Record) -> str:
    from sweep.query.text import table

    lines = [f"{record['kind']} {record['name']}: {record.get('title') or record.get('meaning')}"]
    for key, value in record.items():
        if key in ("kind", "name", "title", "meaning", "figures", "same_figures", "needs", "sources") or value in (None, "", [], {}, False):
            continue
        lines.append(f"  {key.replace('_', ' ')}: {_plain(value)}")
    if record.get("same_figures"):
        lines.append(f"  same figures: {', '.join(f'{key} as {other}' for key, other in record['same_figures'].items())}")
    if record.get("needs"):
        lines += ["", table(("needs", "symbol, meaning [unit]"), record["needs"].items(), indent=2)]
    if record.get("figures"):
        rows = [(key, figure["printed"], _si(figure), _origin(figure)) for key, figure in record["figures"].items()]
        lines += ["", table(("figure", "as printed", "in SI", "from"), rows, right=("as printed", "in SI"), indent=2)]
    if record.get("sources"):
        lines += ["", table(("source", "title, reference (date)"), record["sources"].items(), indent=2)]
    return "\n".join(lines)


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {name}" for key, name in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else "yes" if value is True else str(value)


def _si(figure: Record) -> str:
    if isinstance(figure["value"], str):
        return ""
    return f"{figure['value']:.6g}" + ("" if figure["unit"] == "1" else f" {figure['unit']}")


def _origin(figure: Record) -> str:
    place = ", ".join(figure[key] for key in ("source", "at") if key in figure)
    return "; ".join([*([place] if place else []), *(f"{key}: {figure[key]}" for key in ("basis", "assumed", "derived") if key in figure)])


@click.command(
    short_help="Explain a quantity: its equations back to the inputs.",
    epilog="Example: sweep explain facility_energy --study configs/studies/gpt4.yaml",
)
@click.argument("quantity")
@click.option("--study", metavar="STUDY", help="Show the values and the axes of this study.")
@click.option("--code", "as_code", is_flag=True, help="Print the source of the nests that a run compiles (needs --study).")
@click.option("--graph", "as_graph", is_flag=True, help="Print the chain as a Mermaid flowchart.")
@overrides
@as_json
def explain(
    quantity: str, study: str | None, as_code: bool, as_graph: bool, set_: tuple[str, ...], axis: tuple[str, ...], as_json: bool
) -> None:
    """Explain a quantity: the chain of equations back to its inputs.

    Each equation has its formula, unit and source, with the quantities it needs below it. With a study, also the axes that each
    quantity depends on and the values of the inputs.
    """
    from sweep.analysis import explain as chain
    from sweep.study.parse import open_study

    if as_code + as_graph + as_json > 1:
        raise click.UsageError("--code, --graph and --json exclude each other")
    if study is None and (as_code or set_ or axis):
        option = "--code" if as_code else "--set" if set_ else "--axis"
        raise click.UsageError(f"{option} needs a study: add --study configs/studies/gpt4.yaml")
    opened = open_study(study, set_, axis) if study else None
    if opened is not None and as_code:
        return click.echo(chain.code(quantity, opened))
    if as_json:
        return print_json({"quantity": quantity, "rows": chain.record(quantity, opened)})
    click.echo(chain.flowchart(quantity, opened) if as_graph else chain.tree(quantity, opened))


@click.command(
    "import",
    short_help="Turn a config.json or a region of eGRID into an entry.",
    epilog="Example: sweep import model Qwen/Qwen3-8B -o mine.yaml && sweep point gpt4 --set model=mine.yaml",
)
@click.argument("kind", type=click.Choice(["model", "site"]))
@click.argument("config", metavar="FILE|NAME", type=click.Path(path_type=Path))
@click.argument("region", required=False)
@click.option("-o", "--out", type=click.Path(path_type=Path), metavar="MINE.yaml", help="Write the entry here instead of printing it.")
@click.option("--title", help="What the entry is called; its name on the hub, or that of the folder of the config, unless given.")
def import_(kind: str, config: Path, region: str | None, out: Path | None, title: str | None) -> None:
    """Read a model's config.json, as Hugging Face keeps it, and print an entry that studies can name, each figure with its keys.

    A NAME of the hub, such as Qwen/Qwen3-8B, is fetched from there. A study may name the config.json itself, too
    (select: {model: ./config.json}). Ambiguous keys are an error.

    A site is read from the workbook of eGRID, as the EPA publishes it, or from a sheet of it as CSV: REGION is a subregion (CAMX), a
    balancing authority (PJM) or a state (TX).
    """
    from sweep.errors import SweepError

    text = _model_text(config, region, title) if kind == "model" else _site_text(config, region, title)
    if out is None:
        return click.echo(text, nl=False)
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise SweepError(f"{out}: cannot be written: {error.strerror}") from None
    count = text.count("value: ")
    click.echo(f"{out}: {count} figure{'' if count == 1 else 's'}; use it as --set {kind}={out}")


def _model_text(config: Path, region: str | None, title: str | None) -> str:
    from sweep.catalog import hub
    from sweep.catalog.model_config import entry_text, figures_of_text, read_config
    from sweep.errors import SweepError

    if region:
        raise SweepError(f"{region}: a model is in one file, such as config.json, or has one name")
    name = config.as_posix()
    if config.suffix != ".json" and hub.NAME.fullmatch(name) and not config.exists():
        return entry_text(title or name, figures_of_text(hub.config_text(name), name), f"{name}/config.json")
    return entry_text(title or config.resolve().parent.name or config.stem, read_config(config), config.name)


def _site_text(file: Path, code: str | None, title: str | None) -> str:
    from sweep.catalog.egrid import entry_text, read_region
    from sweep.errors import SweepError

    if not code:
        raise SweepError(f"{file}: which region of eGRID? sweep import site {file} CAMX")
    return entry_text(read_region(file, code), file.name, title)


COMMANDS = (list_, show, explain, import_)
