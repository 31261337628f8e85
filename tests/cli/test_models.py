"""`sweep import model`: an entry printed or written, and never over a file."""

import json

import pytest

from sweep.cli import main
from tests.commands import refused

GPT_2 = {"model_type": "gpt2", "n_layer": 12, "n_embd": 768, "n_head": 12, "n_positions": 1024, "vocab_size": 50257}


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(GPT_2))
    return path


def test_import_prints_the_entry_with_the_key_of_each_figure(config, capsys):
    main(["import", "model", str(config), "--title", "Small"], standalone_mode=False)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == 'title: "Small"'
    assert 'hidden_size: {value: 768, derived: "n_embd of config.json"}' in lines


def test_import_writes_the_entry_that_a_study_then_names(config, tmp_path, capsys):
    out = tmp_path / "mine.yaml"
    main(["import", "model", str(config), "-o", str(out)], standalone_mode=False)
    assert f"--set model={out}" in capsys.readouterr().out
    (tmp_path / "study.yaml").write_text("title: x\nselect: {model: mine.yaml}\noutputs: [total_parameters]\n")
    main(["point", str(tmp_path / "study.yaml"), "--json"], standalone_mode=False)
    assert '"total_parameters"' in capsys.readouterr().out


def test_import_does_not_write_over_a_file(config, tmp_path):
    (tmp_path / "mine.yaml").write_text("kept")
    assert "mine.yaml: cannot be written" in refused("import", "model", config, "-o", tmp_path / "mine.yaml")
    assert (tmp_path / "mine.yaml").read_text() == "kept"
