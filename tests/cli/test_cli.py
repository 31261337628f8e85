"""The command line as a whole: its help, its mistakes in one line, and the process that it runs in."""

import errno
import os
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from sweep.cli import main
from tests.commands import ROOT, SPLITS, refused, sweep
from tests.studies import ENERGY

COMMANDS = sorted(main.commands)


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_of_each_command_ends_in_example(name, option):
    text = sweep(name, option)
    assert text.rindex(f"Example: sweep {name} ") > text.rindex("--help")
    assert len(main.commands[name].help or "") > 40


@pytest.mark.parametrize("name", COMMANDS)
def test_help_lists_each_command_in_one_whole_sentence(name):
    assert main.commands[name].get_short_help_str(62).endswith((".", "quantities, ..."))
    assert len(main.commands[name].get_short_help_str(200)) <= 62


@pytest.mark.parametrize("name", COMMANDS)
def test_help_describes_each_option(name):
    assert all(option.help for option in main.commands[name].params if isinstance(option, click.Option))


def test_commands_of_documentation_exist():
    assert set(COMMANDS) >= {"list", "show", "plan", "run", "info", "slice", "best", "point", "explain"}


SPLIT = "title: A study\nselect: {gpu: h100-sxm, model: llama-2-13b}\naxes:\n  split: {tp: [7, 11]}\noutputs: [step_time]\n"


@pytest.mark.parametrize("command", ["plan", "point", "run", "best"])
@pytest.mark.parametrize(
    ("written", "line", "said"),
    [
        (ENERGY.replace("set:", "sett:"), 4, ["sett", "unknown key 'sett'", "did you mean 'set'?"]),
        (ENERGY.replace("30 d", "30 kg"), 7, ["axes.training_duration[0] = '30 kg'", "kg is not a unit of s"]),
        (ENERGY.replace("gpus: 1024", "gpus: 1024\n  gpus: 2048"), 5, ["set.gpus = '2048'", "duplicate key 'gpus', first given on line 4"]),
        (ENERGY.replace("h100-sxm", "h100-smx"), 2, ["select.gpu = 'h100-smx'", "no such gpu", "did you mean 'h100-sxm'?"]),
        (ENERGY.replace("1024", "-8"), 4, ["set.gpus = '-8'", "gpus must be at least 1"]),
        (ENERGY.replace("[1.1, 1.2]", "[]"), 6, ["axes.pue", "an axis needs at least one label"]),
        (SPLIT, 4, ["axes.split", "none of the 2 combinations is possible", "does not divide the attention heads"]),
        (ENERGY.replace("[1.1, 1.2]", "{from: 1, to: 2, points: 1e12}"), 6, ["axes.pue.points = '1e12'", "longer than any disk"]),
        (ENERGY.replace("facility_energy", "facility_enrgy"), 8, ["outputs[0] = 'facility_enrgy'", "did you mean 'facility_energy'?"]),
        (ENERGY.replace("gpus: 1024", "gpus: many"), 4, ["set.gpus = 'many'", "is not a number"]),
        (ENERGY.replace("axes:", "axes"), 6, ["not valid YAML"]),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_invalid_study_is_reported_with_file_and_line(tmp_path, command, written, line, said):
    path = tmp_path / "study.yaml"
    path.write_text(written)
    more = {"run": ["-o", tmp_path / "out.zarr"], "best": ["--minimize", "facility_energy"]}.get(command, [])
    message = refused(command, path, *more)
    assert message.startswith(f"error: {path}:{line}") or "duplicate" in message or "not valid YAML" in message
    assert all(part in message for part in said), message
    assert [child.name for child in tmp_path.iterdir()] == ["study.yaml"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["point", "no-such.yaml"], "no such study file"),
        (["point", SPLITS, "--set", "pu=1.2"], "--set: pu = '1.2': unknown quantity; did you mean 'pue'?"),
        (["point", SPLITS, "--set", "pue"], "--set pue: must read name=value"),
        (["plan", SPLITS, "--axis", "pue=abc"], "--axis: pue = 'abc'"),
        (["run", SPLITS, "-o", "x.zarr", "--output", "mf"], "did you mean 'mfu'?"),
        (["info", "no-such.zarr"], "no such cube"),
        (["slice", "no-such.zarr", "mfu"], "no such cube"),
        (["best", "no-such.zarr", "--minimize", "mfu"], "no such cube"),
        (["best", SPLITS, "--minimize", "mf"], "did you mean 'mfu'?"),
        (["best", SPLITS, "--minimize", "mfu", "--where", "mfu"], "must compare"),
        (["best", SPLITS, "--minimize", "mfu", "--where", "gpu == l40s"], "gpu has labels, not values; --set gpu=l40s holds"),
        (["best", SPLITS, "--minimize", "mfu", "--where", "step_time < 1 kg"], "kg is not a unit of s"),
        (["best", SPLITS, "--minimize", "mfu", "--per", "gp"], "did you mean 'gpu'?"),
        (["explain", "mfuu"], "did you mean 'mfu'?"),
    ],
    ids=lambda value: " ".join(map(str, value[:1])) if isinstance(value, list) else None,
)
def test_invalid_argument_is_reported(arguments, said):
    assert said in refused(*arguments)


def test_closed_pipe_causes_no_traceback():
    done = subprocess.run(
        f"{sys.executable} -m sweep list models | head -1", shell=True, cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.startswith("name")
    assert done.stderr == ""


@pytest.mark.parametrize("where", [".", "/", "x" * 5000, "x" * 250, "/dev/full", "/dev/null", ".."])
def test_invalid_cube_path_is_reported_in_one_line(where, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kept").touch()
    for more in ((), ("--overwrite",)):
        done = CliRunner().invoke(main, ["run", "article", "-o", where, *more])
        assert done.exit_code == 2
        assert isinstance(done.exception, SystemExit)
        assert done.stderr.splitlines()[-1].startswith("error: ")
    assert refused("info", where)
    assert refused("check", where)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


@pytest.mark.parametrize("arguments", [["--help"], ["point", "article", "--json"], ["list", "gpus"], ["run", "--help"]])
def test_full_disk_on_stdout_is_reported_in_one_line(arguments):
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-m", "sweep", *arguments], stdout=full, stderr=subprocess.PIPE, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (2, f"error: the output: {os.strerror(errno.ENOSPC)}\n")
