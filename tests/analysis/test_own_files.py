"""What a file of a user's own gives and lacks."""

import json

import pytest
from click.testing import CliRunner

from sweep.analysis.own_files import checked
from sweep.cli import main
from sweep.errors import SweepError
from tests.studies import PLAIN

GPU = """title: mine
gpu_tdp: {value: 500 W, assumed: mine}
gpu_memory: {value: 80 GB, assumed: mine}
peak_rate: {bf16: {value: 500 TFLOP/s, assumed: mine}}
"""


@pytest.fixture
def file(tmp_path):
    def write(text, name="mine.yaml"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def test_check_lists_missing_figures_and_what_needs_them(file):
    found = checked(file(GPU))
    lacks = {lack.column: lack for lack in found.lacks}
    assert found.kind == "gpu"
    assert "serving_bandwidth" in lacks["scaleup_bandwidth"].needed_by
    assert not {"gpu_tdp", "rated_power", "peak_rate_16bit", "serving_peak_rate", "scaleout_bandwidth"} & set(lacks)


def test_check_knows_study_and_finds_what_it_misses(file):
    assert checked(file(PLAIN, "small.yaml")).kind == "study"
    file(GPU)
    with pytest.raises(SweepError, match="hbm_bandwidth is needed by"):
        checked(file(PLAIN.replace("gpu: h100-sxm", "gpu: mine.yaml").replace("[it_power]", "[hbm_bandwidth]"), "study.yaml"))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("title: x\ngpu_tpd: {value: 5 W, assumed: x}\n", "no key is a column of a catalogue; did you mean 'gpu_tdp'?"),
        (GPU + "gpu_prise: {value: 5 USD, assumed: x}\n", "unknown key 'gpu_prise'; did you mean 'gpu_price'?"),
        (GPU.replace("500 W", "500 Wh"), "Wh is not a unit of W"),
    ],
)
def test_check_reports_mistake_in_one_line(file, text, line):
    done = CliRunner().invoke(main, ["check", str(file(text))])
    assert done.exit_code == 2
    assert line in done.output
    assert done.output.count("\n") == 1


def test_check_prints_and_writes_json(file):
    path = file(GPU)
    printed = CliRunner().invoke(main, ["check", str(path)]).output
    assert printed.startswith(f"{path}: gpu with 7 figures; ")
    assert "scaleup_domain" in printed
    found = json.loads(CliRunner().invoke(main, ["check", str(path), "--json"]).output)
    assert (found["kind"], found["figures"]) == ("gpu", 7)
