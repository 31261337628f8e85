"""`list`, `show`, `explain` and `import`, as a user types them."""

import json
import re

import pytest
from click.testing import CliRunner

from sweep.catalog.entries import entry_names
from sweep.catalog.parameters import catalogues
from sweep.cli import main
from tests.commands import SPLITS, refused, sweep, words

GPT_2 = {"model_type": "gpt2", "n_layer": 12, "n_embd": 768, "n_head": 12, "n_positions": 1024, "vocab_size": 50257}


@pytest.mark.parametrize("kind", [*(f"{name}s" for name in catalogues()), "parameters", "quantities", "rules", "sources", "studies"])
def test_list_prints_same_rows_as_json(kind):
    rows = json.loads(sweep("list", kind, "--json"))["rows"]
    lines = sweep("list", kind).splitlines()
    names = [row.get("name") or row["key"] for row in rows]
    assert [line.split()[0] for line in lines[1 : len(rows) + 1]] == names
    first = list(rows[0])[1]
    assert first in lines[0]


def test_list_without_kind_prints_kinds():
    text = sweep("list")
    assert {f"{name}s" for name in catalogues()} <= {line.split()[0] for line in text.splitlines() if line}
    assert {"kind": "gpus", "entries": len(entry_names("gpu"))} in json.loads(sweep("list", "--json"))["rows"]


def test_list_gpus_prints_figures_with_units():
    line = next(line for line in sweep("list", "gpus").splitlines() if line.startswith("h100-sxm "))
    assert "700 W" in line
    assert "3.35 TB/s" in line
    assert "NVIDIA H100" in line


def test_list_models_prints_computed_parameters():
    row = next(row for row in json.loads(sweep("list", "models", "--json"))["rows"] if row["name"] == "llama-2-70b")
    assert row["total_parameters"]["value"] == pytest.approx(68.98e9, rel=1e-3)


def test_list_filters_by_word():
    names = [line.split()[0] for line in sweep("list", "quantities", "bubble").splitlines()[1:]]
    assert "bubble_time" in names
    assert len(names) < 10
    assert "no gpus" in sweep("list", "gpus", "no-such-thing")


def test_show_entry_prints_source_value_and_si():
    text = sweep("show", "h100-sxm")
    row = next(cells for cells in words(text) if cells[0] == "hbm_bandwidth")
    assert row[1:3] == ["3.35 TB/s", "3.35e+12 B/s"]
    assert row[3].startswith("epoch, row NVIDIA H100")
    assert "assumed: " in next(line for line in text.splitlines() if "scaleup_domain" in line)
    assert re.search(r"^  epoch +Epoch AI", text, re.MULTILINE)
    (record,) = json.loads(sweep("show", "h100-sxm", "--json"))["rows"]
    assert record["figures"]["hbm_bandwidth"]["value"] == 3.35e12
    assert record["figures"]["hbm_bandwidth"]["unit"] == "B/s"


def test_show_prints_shared_figures_once():
    text = sweep("show", "gpu/h100-sxm")
    assert [line.strip() for line in text.splitlines() if "serving_peak_rate" in line] == ["same figures: serving_peak_rate as peak_rate"]
    assert "peak_rate:fp8" in text
    (record,) = json.loads(sweep("show", "gpu/h100-sxm", "--json"))["rows"]
    assert record["same_figures"] == {"serving_peak_rate": "peak_rate"}
    assert not [key for key in record["figures"] if key.startswith("serving_peak_rate")]
    assert "serving_peak_rate" not in record["missing"]
    assert "same figures" not in sweep("show", "llama-2-7b")


def test_show_prints_both_kinds_of_shared_name():
    assert [record["kind"] for record in json.loads(sweep("show", "gb200-nvl72", "--json"))["rows"]] == ["gpu", "server"]
    assert [record["kind"] for record in json.loads(sweep("show", "server/gb200-nvl72", "--json"))["rows"]] == ["server"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pue", ["parameter pue: ", "minimum: 1", "used by: ", "default"]),
        ("training_energy", ["quantity training_energy: ", "formula: E = P_it T", "kernels/facility/energy.py:", "run_duration"]),
        ("exceeds_memory", ["rule exceeds_memory: ", "guards: step_time", "memory_per_gpu"]),
        ("article", ["source article: The Physics of AI", "used by: "]),
        ("precision", ["choices: fp32, tf32"]),
        ("serving_peak_rate", ["differs by: serving_precision", "takes figures of: peak_rate", "used by: serving_rate"]),
    ],
)
def test_show_finds_each_kind_of_name(name, expected):
    text = sweep("show", name)
    assert all(part in text for part in expected), text
    assert json.loads(sweep("show", name, "--json"))["rows"][0]["name"] == name


def test_show_unknown_name_suggests_nearest():
    assert "did you mean 'h100-sxm'?" in refused("show", "h100-sx")
    assert "did you mean 'gpus'?" in refused("list", "gpu")


def test_explain_input_set_by_study_has_no_sources(tmp_path):
    path = tmp_path / "one.yaml"
    path.write_text("title: one\nset: {pue: 1.3}\noutputs: [pue]\n")
    assert "sources" not in sweep("explain", "pue", "--study", path)


def test_explain_with_study_prints_axes_and_code():
    assert "facility_power(split, gpu, gpus, pue) [W]" in sweep("explain", "facility_power", "--study", SPLITS)
    assert sweep("explain", "replicas", "--graph").startswith("flowchart LR")
    assert "def nest_" in sweep("explain", "mfu", "--study", SPLITS, "--code")
    assert "add --study" in CliRunner().invoke(main, ["explain", "mfu", "--code"]).stderr


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(GPT_2))
    return path


def test_import_prints_entry_with_config_keys(config, capsys):
    main(["import", "model", str(config), "--title", "Small"], standalone_mode=False)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == 'title: "Small"'
    assert 'hidden_size: {value: 768, derived: "n_embd of config.json"}' in lines


def test_import_writes_entry_that_study_selects(config, tmp_path, capsys):
    out = tmp_path / "mine.yaml"
    main(["import", "model", str(config), "-o", str(out)], standalone_mode=False)
    assert f"--set model={out}" in capsys.readouterr().out
    (tmp_path / "study.yaml").write_text("title: x\nselect: {model: mine.yaml}\noutputs: [total_parameters]\n")
    main(["point", str(tmp_path / "study.yaml"), "--json"], standalone_mode=False)
    assert '"total_parameters"' in capsys.readouterr().out


def test_import_makes_site_of_egrid_region(tmp_path, capsys):
    (tmp_path / "srl23.csv").write_text("Data Year,Region,Name,Rate\nYEAR,SUBRGN,SRNAME,SRC2ERTA\n2023,CAMX,WECC California,429.983\n")
    out = tmp_path / "camx.yaml"
    main(["import", "site", str(tmp_path / "srl23.csv"), "CAMX", "-o", str(out)], standalone_mode=False)
    assert f"1 figure; use it as --set site={out}" in capsys.readouterr().out
    assert "429.983 lb/MWh" in sweep("import", "site", tmp_path / "srl23.csv", "CAMX", "--title", "Here")
    assert "sweep import site" in refused("import", "site", tmp_path / "srl23.csv")
    assert "is in one file" in refused("import", "model", tmp_path / "srl23.csv", "CAMX")


def test_import_refuses_existing_file(config, tmp_path):
    (tmp_path / "mine.yaml").write_text("kept")
    assert "mine.yaml: cannot be written" in refused("import", "model", config, "-o", tmp_path / "mine.yaml")
    assert (tmp_path / "mine.yaml").read_text() == "kept"
