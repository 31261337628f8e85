"""`plan` and `run`, as a user types them: what they print and what they write."""

import json
import re

from click.testing import CliRunner

from sweep.cli import main
from sweep.engine import blocks
from sweep.engine.blocks import Worker
from tests.commands import SPLITS, refused, sweep, words
from tests.studies import ENERGY


def test_plan_prints_size_without_evaluating():
    facts = json.loads(sweep("plan", SPLITS, "--json"))
    assert {name: axis["size"] for name, axis in facts["axes"].items()} == {"gpu": 2, "gpus": 2, "split": 6, "pue": 3}
    assert set(facts["outputs"]["mfu"]["dims"]) == {"gpu", "gpus", "split"}
    assert set(facts["outputs"]["facility_power"]["dims"]) == {"gpu", "gpus", "split", "pue"}
    assert facts["bytes"] == sum(output["cells"] for output in facts["outputs"].values()) * 4
    assert facts["points"] == 72
    assert facts["evaluations"] < facts["points"] * facts["equations"]
    assert "interleaving" in facts["assumed"]
    text = sweep("plan", SPLITS)
    assert "tp1-pp1 .. tp8-pp4" in text
    assert "672 B before compression" in text
    assert 20_000 < facts["disk_bytes"] < 1_000_000
    assert "plain 1F1B schedule" in text


def test_plan_counts_impossible_splits():
    text = sweep("plan", SPLITS, "--axis", "split={tp: [1, 3, 8], pp: [1, 4]}")
    assert "2 impossible omitted" in text


def test_set_and_axis_change_study():
    facts = json.loads(sweep("plan", SPLITS, "--axis", "pue=1.05:1.6:0.05", "--set", "gpus=128", "--json"))
    assert facts["axes"]["pue"]["size"] == 12
    assert "gpus" not in facts["axes"]


def test_plan_of_study_without_axes_is_one_point(tmp_path):
    path, cube = tmp_path / "one.yaml", tmp_path / "one.zarr"
    path.write_text("title: one\nset: {server_power: 6 kW, servers: 2}\noutputs: [servers, it_power]\n")
    assert "No axis: one point.\n" in sweep("plan", path)
    assert "\ngiven, not computed: servers\n" in sweep("plan", path)
    assert f"sweep slice {cube} it_power" in sweep("run", path, "-o", cube)
    assert "No axis: one point.\n" in sweep("info", cube)
    assert words(sweep("slice", cube, "servers"))[-1] == ["2"]


def test_run_prints_summary_and_next_commands(tmp_path):
    text = sweep("run", SPLITS, "-o", tmp_path / "a.zarr", "--output", "servers", "--threads", "1")
    rows = {row[0]: row[1:] for row in words(text)}
    assert rows["step_time"][0].endswith(" s")
    assert rows["step_time"][1].endswith("%")
    assert rows["servers"][0].startswith("8")
    assert rows["exceeds_memory"][2] == "excluded"
    command = next(line for line in text.splitlines() if line.startswith("sweep slice"))
    assert "step_time" in sweep(*command.split()[1:])


def test_run_keeps_equal_cube_and_refuses_other_study(cube):
    before = (cube / "zarr.json").read_bytes()
    done = CliRunner().invoke(main, ["run", SPLITS, "-o", str(cube)])
    assert done.exit_code == 0
    assert "zarr exists" in done.stderr
    assert (cube / "zarr.json").read_bytes() == before
    done = CliRunner().invoke(main, ["run", SPLITS, "-o", str(cube), "--set", "sequence_length=2048 token"])
    assert done.exit_code == 2
    assert "sequence_length was 4,096 token, is 2,048 token" in done.stderr
    assert (cube / "zarr.json").read_bytes() == before


def test_run_of_longer_study_grows_cube_and_reports_cells(tmp_path):
    path, cube = tmp_path / "study.yaml", tmp_path / "c.zarr"
    path.write_text("title: t\nset: {training_energy: 1 J}\naxes: {pue: [1.1, 1.2]}\noutputs: [facility_energy]\n")
    sweep("run", path, "-o", cube)
    done = CliRunner().invoke(main, ["run", str(path), "-o", str(cube), "--axis", "pue=1.1:1.3:0.1"])
    assert done.exit_code == 0
    assert done.stderr.splitlines()[-1] == f"{cube} grows: 2 cells kept, 1 computed"
    assert [row[0] for row in words(sweep("slice", cube, "facility_energy"))[-3:]] == ["1.1", "1.2", "1.3"]


def test_interrupted_run_reports_how_to_resume(tmp_path, monkeypatch):
    """The interrupt comes when the third block is asked for, so two are done."""
    out, whole, calls = tmp_path / "big.zarr", Worker.compute, []

    def evaluate(self, block):
        calls.append(block)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return whole(self, block)

    monkeypatch.setattr(blocks, "CHUNK_CELLS", 4)
    monkeypatch.setattr(blocks, "BLOCK_CELLS", 8)
    monkeypatch.setattr(Worker, "compute", evaluate)
    done = CliRunner().invoke(main, ["run", SPLITS, "-o", str(out), "--threads", "1"])
    assert done.exit_code == 130, done.output
    assert "the same command resumes" in done.stderr
    assert re.search(r"incomplete, 2 of \d+ blocks are done", sweep("info", out))
    assert "is incomplete" in refused("slice", out, "mfu")
    assert json.loads(sweep("info", out, "--json"))["complete"] is False
    sweep("run", SPLITS, "-o", out, "--threads", "1")
    assert json.loads(sweep("info", out, "--json"))["complete"] is True
    assert len(set(calls)) == len(calls) - 1, "only the block that was interrupted is evaluated twice"


def test_run_refuses_cube_larger_than_disk(tmp_path):
    path = tmp_path / "study.yaml"
    long = "{from: 1, to: 5, points: 1000000}"
    path.write_text(ENERGY.replace("[1.1, 1.2]", long).replace("[30 d, 60 d]", "{from: 1 d, to: 5 d, points: 1000000}"))
    message = refused("run", path, "-o", tmp_path / "out.zarr")
    assert "4e+12 bytes" in message
    assert "longest axis" in message
    assert [child.name for child in tmp_path.iterdir()] == ["study.yaml"]
