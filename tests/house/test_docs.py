"""The documents tell the truth: what README and docs/ show is what their commands print, and every command that is named exists.

A block marked `console` holds commands behind `$` and all that they print; `...` stands for lines left out. `python` blocks run, and those
of a page share their names. A block with a title, such as `yaml title="mine.yaml"`, is a file of that name for the commands below it.
`python tests/house/test_docs.py` writes today's outputs into the pages. A block marked `sh` holds commands whose names and options must
be right.
"""

import contextlib
import io
import os
import re
import shlex
import sys
import tempfile
from pathlib import Path

import click
import pytest

from sweep.cli import main

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
TOP = sorted(ROOT.glob("*.md"))
PAGES = [*TOP, *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)\)")
DEMO = "sweep point configs/studies/article.yaml"  # what `make demo` runs once all is installed
LONGEST = 24  # lines that an output takes in a page; the rest is left out


def shell_lines():
    """The commands of all `sh` blocks."""
    texts = [text for page in PAGES for mark, _, text in BLOCK.findall(page.read_text(encoding="utf-8")) if mark == "sh"]
    return sorted({line.split("#")[0].strip() for text in texts for line in text.splitlines()} - {""})


def printed(command):
    """What a command of ours prints, run inside this process."""
    arguments = shlex.split(DEMO if command == "make demo" else command)
    assert arguments[0] == "sweep", command
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        main(arguments[1:], standalone_mode=False)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def performed(page, folder):
    """Do what a page says, from top to bottom in a folder: each command with the lines that it is said to print and those it prints."""
    (folder / "configs").symlink_to(ROOT / "configs")
    names = {}
    with contextlib.chdir(folder):
        for mark, title, text in BLOCK.findall(page.read_text(encoding="utf-8")):
            if title:
                Path(title).write_text(text, encoding="utf-8")
            elif mark == "python":
                exec(compile(text, page.name, "exec"), names)
            elif mark == "console":
                for command, said in transcripts(text):
                    yield command, said, printed(command)


def transcripts(text):
    """Of a console block: each command, and the lines that it is said to print."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, *lines = part.splitlines()
        while lines and not lines[-1]:
            lines.pop()
        yield command, lines


def agrees(said, lines):
    """Whether lines are those that were said, of which `...` leaves out any number."""
    if not said:
        return not lines
    if said[0] == "...":
        return any(agrees(said[1:], lines[start:]) for start in range(len(lines) + 1))
    return bool(lines) and said[0] == lines[0] and agrees(said[1:], lines[1:])


def shown(lines):
    """An output as a page holds it."""
    return lines if len(lines) <= LONGEST else [*lines[:LONGEST], "..."]


def refreshed(page, folder):
    """The text of a page whose console blocks show today's outputs."""
    outputs = iter([lines for _, _, lines in performed(page, folder)])

    def block(match):
        if match.group(1) != "console":
            return match.group(0)
        parts = ["\n".join([f"$ {command}", *shown(next(outputs))]) for command, _ in transcripts(match.group(3))]
        return "```console\n" + "\n\n".join(parts) + "\n```"

    return BLOCK.sub(block, page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_show_current_output(page, tmp_path):
    for command, said, lines in performed(page, tmp_path):
        assert agrees(said, lines), f"run `python tests/house/test_docs.py` to show what `{command}` prints today"


def test_readme_shows_demo_command():
    recipe = (ROOT / "Makefile").read_text().split("\ndemo:", 1)[1].split("\n\n", 1)[0]
    assert f"/{DEMO}" in recipe


@pytest.mark.parametrize("command", shell_lines())
def test_pages_name_existing_commands_and_options(command):
    name, *arguments = shlex.split(command)
    if name == "make":
        assert re.search(rf"^{arguments[0]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
    elif name in ("python", "pip", "git"):
        place = ROOT / (arguments[1].replace(".", "/") if arguments[0] == "-m" else arguments[0])
        assert place.exists() or place.with_suffix(".py").exists() or name != "python"
    else:
        assert name == "sweep"
        assert arguments[0] in main.commands, command
        with contextlib.chdir(ROOT):
            command = main.commands[arguments[0]]
            made = command.make_parser(click.Context(command, parent=click.Context(main, **main.context_settings)))
            made.parse_args(arguments[1:])
            for word in arguments[1:]:
                assert not word.startswith("configs/") or Path(word).exists(), word


@pytest.mark.parametrize("page", TOP, ids=lambda page: page.name)  # mkdocs checks the links of docs/
def test_pages_link_to_existing_files(page):
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_commands_have_help_example_and_readme_line():
    text = README.read_text(encoding="utf-8")
    for name, command in main.commands.items():
        assert command.help, name
        assert command.epilog, name
        assert command.epilog.startswith("Example: sweep "), name
        assert f"sweep {name}" in text, name


@pytest.mark.parametrize("name", ["LICENSE", "CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md"])
def test_project_files_exist(name):
    assert (ROOT / name).read_text(encoding="utf-8").strip()


def test_version_is_same_everywhere():
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE).group(1)
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text()


def test_ci_runs_test_command_of_readme():
    script = ROOT / ".ci" / "run"
    assert "make test" in script.read_text()
    assert "`make test`" in README.read_text(encoding="utf-8")
    assert os.access(script, os.X_OK)


if __name__ == "__main__":
    for page in PAGES:
        with tempfile.TemporaryDirectory() as scratch:
            page.write_text(refreshed(page, Path(scratch)), encoding="utf-8")
    sys.exit(0)
