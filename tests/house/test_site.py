"""The site in docs/ is whole: the generated pages hold every equation, command and source, and mkdocs builds it without a warning."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from docs import generate
from sweep.catalog.accuracy import accuracy
from sweep.catalog.entries import entry_names
from sweep.catalog.parameters import catalogues, parameters
from sweep.catalog.sources import sources
from sweep.cli import main
from sweep.equations.registry import EQUATIONS, RULES, load

ROOT = Path(__file__).parents[2]
load()


@pytest.fixture(scope="module")
def pages():
    return generate.pages()


def built(*options):
    """Run the command of `make docs`, with more options."""
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").split("\ndocs:", 1)[1].splitlines()[1]
    command = [sys.executable, *recipe.split()[1:], *map(str, options)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built with warnings as errors."""
    folder = tmp_path_factory.mktemp("site")
    done = built("--site-dir", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.mark.parametrize("declared", [*EQUATIONS.values(), *RULES.values()], ids=lambda declared: declared.name)
def test_method_page_has_equations_with_symbols_and_source(declared, pages):
    page = pages[f"method/{generate.room_of(declared)}.md"]
    section = page.split(f"{{ #{declared.name} }}")[1].split("\n##")[0]
    assert f"sources.md#{declared.source})" in section
    assert all(f"[`{argument.name}`]" in section for argument in declared.documented)
    assert getattr(declared, "formula", "") in section


def test_method_page_shows_only_symbols_as_symbols(pages):
    page = pages["method/training_run.md"]
    assert "| C | [`training_flops`](transformer.md#training_flops) | operations of the training, 6 N D | FLOP |" in page
    assert "| s |\n|  | [`time_to_train_pipeline_mfu`]" in page


@pytest.mark.parametrize("quantity", accuracy())
def test_method_page_has_measured_errors(quantity, pages):
    room = generate.room_of(EQUATIONS[quantity])
    assert all(str(line) in pages[page] for line in accuracy()[quantity] for page in ("method/index.md", f"method/{room}.md"))


@pytest.mark.parametrize("name", main.commands)
def test_command_page_has_options_and_example(name, pages):
    section = pages["reference.md"].split(f"{{ #{name} }}")[1].split("\n## ")[0]
    assert f"sweep {name} " in section.split("Example: ")[0]
    assert "Example: sweep" in section
    assert f"| [`{name}`](#{name}) | " in pages["reference.md"]
    assert all(option in section for parameter in main.commands[name].params for option in parameter.opts if option.startswith("--"))


@pytest.mark.parametrize("catalogue", catalogues())
def test_catalogue_page_has_each_entry(catalogue, pages):
    page = pages[f"catalogues/{catalogue}s.md"]
    assert all(f"{{ #{name} }}" in page for name in entry_names(catalogue))


def test_catalogue_page_shows_figure_with_source(pages):
    row = next(line for line in pages["catalogues/gpus.md"].split("{ #h100-sxm }")[1].splitlines() if "`gpu_tdp`" in line)
    assert row == "| `gpu_tdp` | 700 W | [epoch](../sources.md#epoch), row NVIDIA H100 SXM5 80GB |"


def test_parameter_and_source_pages_are_complete(pages):
    assert all(f"`{name}`{{ #{name} }}" in pages["catalogues/parameters.md"] for name in parameters())
    assert all(f"`{key}`{{ #{key} }}" in pages["sources.md"] for key in sources())


def test_markdown_signs_are_escaped():
    assert generate.plain("a_b | [c] <d>") == "a&#95;b &#124; &#91;c&#93; &#60;d&#62;"


def test_site_builds_without_warning(site):
    text = (site / "method" / "training" / "index.html").read_text(encoding="utf-8")
    assert re.search(r'<h3 id="step_time">', text)
    assert 'href="../../catalogues/parameters/#step_overhead"' in text
    assert not list(site.rglob("generate.py"))


@pytest.mark.parametrize(("link", "code"), [("index.md#there", 0), ("missing.md", 1), ("index.md#missing", 1)])
def test_site_build_fails_on_broken_link(link, code, tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text(f"# There\n\n[link]({link})\n", encoding="utf-8")
    config = tmp_path / "mkdocs.yml"
    config.write_text(f"INHERIT: {ROOT / 'mkdocs.yml'}\ndocs_dir: docs\nhooks: []\nnav: [index.md]\n", encoding="utf-8")
    assert built("--config-file", config, "--site-dir", tmp_path / "site").returncode == code
