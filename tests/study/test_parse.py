"""Study files as they are read: overrides, equations of users, and mistakes said in one line with their place."""

import errno
import math
import os

import numpy as np
import pytest

from sweep.analysis.search import best
from sweep.cube.compute import evaluate, uncompressed_bytes
from sweep.engine import blocks, plan
from sweep.equations import interpret
from sweep.errors import SweepError
from sweep.store.run import run
from sweep.study.parse import open_study
from tests.studies import PLAIN, SPLIT, with_axes

DAY = 86400.0
OWN = '''from sweep import equation, rule


@equation(unit="W", source="article")
def study_spare_power(gpus, gpu_tdp):
    """Power kept free.

    gpus: N, GPUs of the cluster [1]
    gpu_tdp: P, thermal design power of one GPU [W]
    """
    return 0.5 * gpus * gpu_tdp
'''


pytestmark = pytest.mark.usefixtures("forgotten")


@pytest.fixture
def mistake(opened, tmp_path):
    """The one line that a study is refused with, without the folder that it is in."""

    def mistake(written, **overrides):
        with pytest.raises(SweepError) as found:
            plan.check(plan.make(opened(written, **overrides)))
        text = str(found.value)
        assert "\n" not in text
        return text.replace(f"{tmp_path}/", "")

    return mistake


def test_parse_rejects_impossible_splits(mistake):
    found = mistake({**SPLIT, "axes": {"split": {"tp": [5, 7]}}})
    assert found.startswith("study.yaml:8: axes.split: none of the 2 combinations is possible: ")
    assert "attention heads" in found


def test_parse_reads_point_on_split_axis(opened):
    study = opened({**SPLIT, "point": {"split": "tp8-pp12"}})
    assert study.axes["split"].labels[study.point["split"]] == "tp8-pp12"


# what goes before what


def test_set_fixes_value_entry_or_axis(opened):
    study = opened(PLAIN, set_=["gpus=64", "gpu=a100-sxm-80gb", "server_power=5 kW"])
    assert not study.axes
    assert study.fixed == {"gpus": 64.0, "server_power": 5000.0}
    assert study.selected["gpu"].label == "a100-sxm-80gb"
    axes = with_axes(cluster={"zip": {"gpus": [8, 16], "pue": [1.1, 1.2]}})
    held = opened(axes, set_=["cluster=gpus=16, pue=1.2"])
    assert not held.axes
    assert (held.fixed["gpus"], held.fixed["pue"]) == (16.0, 1.2)


def test_set_holds_catalogue_and_split_axis(opened):
    gpus = {**with_axes(gpu=["h100-sxm", "a100-sxm-80gb"]), "outputs": ["gpu_power_total"]}
    held = opened(gpus, set_=["gpu=a100-sxm-80gb"])
    assert not held.axes
    assert float(held.input_values("gpu_tdp").values) == 400.0
    split = opened(SPLIT, set_=["split=tp8-pp12"])
    assert (split.fixed["tp"], split.fixed["pp"]) == (8.0, 12.0)


def test_axis_option_replaces_axis_of_file(opened):
    study = opened(PLAIN, axis=["server_power=1 kW:3 kW:1 kW", "gpus=8:24:8", "gpu=h100-sxm,h200-sxm"], outputs=["gpu_power_total"])
    assert {name: axis.size for name, axis in study.axes.items()} == {"gpus": 3, "server_power": 3, "gpu": 2}
    assert not study.fixed
    assert not study.selected
    mapped = opened(PLAIN, axis=["gpus={from: 1, to: 100, points: 3, scale: log}"])
    assert mapped.axes["gpus"].columns["gpus"].tolist() == [1.0, 10.0, 100.0]


def test_axis_option_of_several_columns_replaces_each(opened):
    written = {**with_axes(gpus=[8, 16]), "set": {"tp": 8, "pp": 4}}
    study = opened(written, axis=["split={tp: [1, 2], pp: [1]}", "size={zip: {gpus: [8, 16]}}"])
    assert (set(study.axes), study.fixed) == ({"split", "size"}, {})


@pytest.mark.parametrize("text", ["title: &t [*t]\n", "[" * 2000 + "]" * 2000])
def test_parse_rejects_recursive_or_deep_file(tmp_path, text):
    (tmp_path / "study.yaml").write_text(text)
    with pytest.raises(SweepError, match=r"nested too deeply$"):
        open_study(tmp_path / "study.yaml")


def test_output_option_adds_to_outputs_of_file(opened):
    assert list(opened(PLAIN, outputs=["servers", "it_power"]).outputs) == ["it_power", "servers"]


def test_parse_reads_display_units(opened):
    assert opened(PLAIN.replace("[it_power]", "{it_power: MW, servers: '1'}")).outputs == {"it_power": "MW", "servers": "1"}


def test_open_study_finds_shipped_study():
    assert open_study("article").title == open_study("article.yaml").title == open_study("configs/studies/article.yaml").title


def test_user_equations_extend_shipped_ones(opened, tmp_path):
    (tmp_path / "mine.py").write_text(OWN)
    study = opened(PLAIN.replace("[it_power]", "[study_spare_power]") + "equations: mine.py\n")
    assert study.equations.path == tmp_path / "mine.py"
    np.testing.assert_array_equal(run(study)["study_spare_power"], [8 * 350.0, 16 * 350.0])


def test_study_sees_only_its_own_user_equations(opened, tmp_path):
    head = "from sweep import equation, rule\n\n\n"
    guard = "@rule(guards=('it_power',), source='article')\ndef study_guard(gpus):\n    'Too many.'\n    return gpus > 8\n"
    double = "\n\n@equation(unit='1', source='article')\ndef study_twice(gpus):\n    'Some.'\n    return gpus * {}\n"
    (tmp_path / "one.py").write_text(head + guard + double.format("2.0"))
    (tmp_path / "other.py").write_text(head + double.format("3.0"))
    both = PLAIN.replace("[it_power]", "[it_power, study_twice]")
    one, other, plain = opened(both + "equations: one.py\n"), opened(both + "equations: other.py\n"), opened(PLAIN)
    for _ in range(2):
        assert run(one)["study_twice"].values.tolist() == [16.0, 32.0]
        assert np.isnan(run(one)["it_power"].values).tolist() == [False, True]
        assert run(other)["study_twice"].values.tolist() == [24.0, 48.0]
        assert run(plain)["it_power"].values.tolist() == run(other)["it_power"].values.tolist() == [6000.0, 12000.0]
        assert best(other, "study_twice", maximize=True)[0]["study_twice"] == 48.0
        assert evaluate(one, gpus=10)["study_twice"] == 20.0
    with pytest.raises(SweepError, match="unknown quantity 'study_twice'"):
        opened(both)


# mistakes: what stands in PLAIN, what stands there instead, and how the line goes on after the file's name

MISTAKES = [
    ("outputs:", "outputz:", "7: outputz: unknown key 'outputz'; did you mean 'outputs'?"),
    ("title: small", "title: small\ntitle: again", "2: title = 'again': duplicate key 'title', first given on line 1"),
    ("6 kW", "6 kg", "4: set.server_power = '6 kg': kg is not a unit of W"),
    ("6 kW", "6", "4: set.server_power = '6': needs a unit of W, such as '6 W'"),
    ("6 kW", "six", "4: set.server_power = 'six': 'six' is not a number with a unit of W, such as '1 W'"),
    ("6 kW", "6 kX", "4: set.server_power = '6 kX': 'kX' is not a known unit"),
    ("6 kW", "nan", "4: set.server_power = 'nan': 'nan' is not a finite number"),
    ("6 kW", "1e400 W", "4: set.server_power = '1e400 W': '1e400 W' is not a finite number"),
    ("6 kW", "[1 kW]", "4: set.server_power: must be a single value"),
    ("server_power", "server_powr", "4: set.server_powr = '6 kW': unknown quantity; did you mean 'server_power'?"),
    ("h100-sxm", "h100-smx", "2: select.gpu = 'h100-smx': no such gpu; did you mean 'h100-sxm'?"),
    ("{gpu: h100-sxm}", "{gpux: h100-sxm}", "2: select.gpux = 'h100-sxm': unknown key 'gpux'; did you mean 'gpu'?"),
    ("{gpu: h100-sxm}", "h100", "2: select = 'h100': must be a mapping of keys to values"),
    ("gpus: [8, 16]", "gpu_s: [8, 16]", "6: axes.gpu_s: unknown axis; did you mean 'gpus'?"),
    ("[8, 16]", "[-8, 16]", "6: axes.gpus[0] = '-8': gpus must be at least 1"),
    ("[8, 16]", "[8, 8.5]", "6: axes.gpus[1] = '8.5': gpus must be an integer"),
    ("[8, 16]", "[8, 16, 8]", "6: axes.gpus: 8.0 is on this axis twice"),
    ("[8, 16]", "[]", "6: axes.gpus: an axis needs at least one label"),
    ("[8, 16]", "", "6: axes.gpus = '': an axis needs at least one label"),
    ("[8, 16]", "{from: 8}", "6: axes.gpus: a range needs 'to', for example {from: 1, to: 2, points: 11}"),
    ("[8, 16]", "{from: 8, to: 16}", "6: axes.gpus: a range needs either a step or the number of its points"),
    ("[8, 16]", "{from: 8, to: 16, step: -8}", "6: axes.gpus.step = '-8': does not lead from 8 to 16"),
    ("[8, 16]", "{from: 8, to: 16, step: 0}", "6: axes.gpus.step = '0': does not lead from 8 to 16"),
    ("[8, 16]", "8:64:0", "6: axes.gpus = '0': does not lead from 8 to 64"),
    ("[8, 16]", "{from: 8, to: 16, points: 0}", "6: axes.gpus.points = '0': an axis needs at least one point"),
    ("[8, 16]", "{from: 8, to: 16, points: 2.5}", "6: axes.gpus.points = '2.5': must be an integer"),
    ("[8, 16]", "{from: 8, to: 16, points: nan}", "6: axes.gpus.points = 'nan': must be an integer"),
    ("[8, 16]", "{from: 8, to: 16, pointz: 2}", "6: axes.gpus.pointz = '2': unknown key 'pointz'; did you mean 'points'?"),
    ("[8, 16]", "{from: 8, to: 16, points: 2, scale: lgo}", "6: axes.gpus.scale = 'lgo': a scale is linear or log; did you mean 'log'?"),
    ("[8, 16]", "{from: 8, to: 16, step: 2, scale: log}", "6: axes.gpus.scale = 'log': a logarithmic range needs points, not a step"),
    (
        "[8, 16]",
        "{from: 8, to: 16, points: 1e12}",
        "6: axes.gpus.points = '1e12': an axis of 1e+12 points is longer than any disk here could",
    ),
    ("gpus: [8, 16]", "pue: {from: 0.5, to: 2, points: 3}", "6: axes.pue.from = '0.5': pue must be at least 1"),
    ("gpus: [8, 16]", "gpu: [h100-sxm]", "6: axes.gpu: is selected as one entry and an axis at once"),
    ("gpus: [8, 16]", "precision: [bf16, bf61]", "6: axes.precision[1] = 'bf61': is not a choice of precision; did you mean 'bf16'?"),
    (
        "gpus: [8, 16]",
        "peak_rate: [1 FLOP/s]",
        "6: axes.peak_rate: peak_rate differs by precision; sweep precision or the catalogue instead",
    ),
    ("gpus: [8, 16]", "split: {tq: [1]}", "6: axes.split.tq: unknown key 'tq'; there is: cp, ep, interleaving, pp, tp"),
    ("gpus: [8, 16]", "split: {}", "6: axes.split: a split needs one or more of tp, pp, cp, ep, interleaving"),
    (
        "gpus: [8, 16]",
        "a: {zip: {gpus: [8, 16], pue: [1.1]}}",
        "6: axes.a.zip: zipped columns must be of one length, here gpus has 2, pue has 1",
    ),
    ("gpus: [8, 16]", "a: {zip: {gpuz: [8]}}", "6: axes.a.zip.gpuz: unknown quantity 'gpuz'; did you mean 'gpus'?"),
    (
        "gpus: [8, 16]",
        "gpus: {zip: {gpus: [8]}}",
        "6: axes.gpus.zip: an axis of zipped columns needs a name of its own; gpus is a quantity",
    ),
    ("gpus: [8, 16]", "gpus: [8]\n  a: {zip: {gpus: [8]}}", "7: axes.a: gpus is already a column of axis gpus"),
    ("server_power: 6 kW", "gpus: 8", "4: set.gpus = '8': gpus is already on axis gpus"),
    ("gpus: [8, 16]", "gpus: [8, 16]\n  pue: [1.1]", "7: axes.pue: no output depends on it; leave it out or add an output that does"),
    ("[it_power]", "[it_powr]", "7: outputs[0] = 'it_powr': unknown quantity 'it_powr'; did you mean 'it_power'?"),
    ("[it_power]", "{it_power: kg}", "7: outputs.it_power = 'kg': kg is not a unit of W"),
    ("[it_power]", "[]", "7: outputs: a study needs at least one output"),
    ("[it_power]", "[it_power]\npoint: {gpus: 9}", "8: point.gpus = '9': is not on axis gpus; the nearest value there is 8"),
    ("[it_power]", "[it_power]\npoint: {gpuz: 8}", "8: point.gpuz = '8': no axis of that name; did you mean 'gpus'?"),
    (
        "[it_power]",
        "[it_power]\nclaims: {it_power: {texts: x}}",
        "8: claims.it_power.texts = 'x': unknown key 'texts'; did you mean 'text'?",
    ),
    ("title: small", "title: [", "3: not valid YAML: "),
]


@pytest.mark.parametrize(("instead_of", "stands", "line"), MISTAKES, ids=[f"{i}-{row[1][:30]}" for i, row in enumerate(MISTAKES)])
def test_parse_reports_file_line_key_value_and_nearest_name(mistake, instead_of, stands, line):
    assert mistake(PLAIN.replace(instead_of, stands, 1)).startswith(f"study.yaml:{line}")


def test_parse_requires_title_and_outputs(mistake):
    assert mistake("") == "study.yaml: a study needs 'title'"
    assert mistake("title: x\n") == "study.yaml: a study needs 'outputs'"
    assert mistake("[1, 2]") == "study.yaml:1: must be a mapping of keys to values"


def test_parse_reports_missing_value_and_its_user(mistake):
    none = PLAIN.replace("select: {gpu: h100-sxm}\n", "").replace("[it_power]", "[gpu_power_total]")
    advice = "select a gpu (select: {gpu: ...}) or give it (set: {gpu_tdp: ...})"
    assert mistake(none) == f"study.yaml: gpu_tdp is needed by gpu_power_total and has no value; {advice}"


def test_parse_says_what_is_given_in_place_of_a_figure_that_differs_by_a_choice(mistake):
    line = mistake(PLAIN.replace("[it_power]", "[site_electricity_price]"))
    assert line.startswith("study.yaml: grid_electricity_price is needed by site_electricity_price and has no value; select a ")
    assert line.endswith(" or give site_electricity_price (set: {site_electricity_price: ...})")


def test_parse_reports_all_missing_values_in_one_line(tmp_path, mistake):
    (tmp_path / "mine.yaml").write_text("title: mine\ngpu_tdp: {value: 500 W, assumed: mine}\n")
    outputs = "[gpu_memory, hbm_bandwidth, scaleup_domain]"
    line = mistake(PLAIN.replace("gpu: h100-sxm", f"gpu: {tmp_path / 'mine.yaml'}").replace("[it_power]", outputs))
    assert "gpu_memory is needed by the outputs and has no value" in line
    assert line.endswith("; nor have hbm_bandwidth, scaleup_domain")


def test_missing_figure_for_choice_sets_status(tmp_path):
    text = (
        PLAIN.replace("h100-sxm", "a100-sxm-80gb")
        .replace("gpus: [8, 16]", "training_flops: [1e20]")
        .replace("[it_power]", "[required_mfu]")
        .replace("6 kW", "6 kW\n  training_duration: 90 d\n  precision: fp8")
    )
    (tmp_path / "study.yaml").write_text(text)
    study = open_study(tmp_path / "study.yaml")
    found = interpret.compute_point(study.graph, study.inputs_at(study.point))
    assert [rule.name for rule in found.broken if rule.guards] == ["precision_not_supported"]
    assert math.isnan(found.values["required_mfu"])


def test_open_study_unknown_name_suggests_nearest():
    with pytest.raises(SweepError, match=r"^articel: no such study file; did you mean 'article'\?$"):
        open_study("articel")


def test_open_study_rejects_folder_and_binary_file(tmp_path):
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00\x9f")
    for path in (tmp_path, tmp_path / "binary.yaml"):
        with pytest.raises(SweepError, match="cannot be read"):
            open_study(path)


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        ({"set_": ["gpus"]}, "--set gpus: must read name=value"),
        ({"set_": ["gpus="]}, "--set gpus=: must read name=value"),
        ({"set_": ["gpuz=3"]}, "--set: gpuz = '3': unknown quantity; did you mean 'gpus'?"),
        ({"set_": ["gpus=-4"]}, "--set: gpus = '-4': gpus must be at least 1"),
        ({"set_": ["gpu=h100-smx"]}, "--set: gpu = 'h100-smx': no such gpu; did you mean 'h100-sxm'?"),
        ({"set_": ["split=tp2"]}, "--set: split = 'tp2': this study has no axis split; set tp, pp, cp or ep instead"),
        ({"set_": ["server_power=5"]}, "--set: server_power = '5': needs a unit of W, such as '5 W'"),
        ({"axis": ["gpus"]}, "--axis gpus: must read name=value"),
        ({"axis": ["gpus=8:64"]}, "--axis: gpus = '8:64': a range reads from:to:step, from:to:log20 or from:to:lin20"),
        ({"axis": ["gpus=[8, -1]"]}, "--axis: gpus[1] = '-1': gpus must be at least 1"),
        (
            {"axis": ["a={zip: {gpus: [8], pue: [1, 2]}}"]},
            "--axis: a.zip: zipped columns must be of one length, here gpus has 1, pue has 2",
        ),
        ({"axis": ["both={zip: {}}"]}, "--axis: both.zip: an axis needs at least one column"),
        ({"axis": ["my axis={zip: {gpus: [8]}}"]}, "--axis: my axis.zip: is not a valid axis name; use one word of letters, digits and _"),
        ({"axis": ["status={zip: {gpus: [8]}}"]}, "--axis: status.zip: is not a valid axis name; use one word of letters, digits and _"),
        ({"set_": ["gpu=all"]}, "--set: gpu = 'all': only an axis takes all of them (axes: {gpu: all})"),
        ({"axis": ["gpus=8", "gpus=9"]}, "--axis: gpus = '9': is the second --axis of this name; one --axis lists all labels"),
        ({"set_": ["gpus=8", "gpus=9"]}, "--set: gpus = '9': is the second --set of this name; --axis sweeps over several values"),
        ({"axis": ["gpus=8,8"]}, "--axis: gpus = '8,8': 8.0 is on this axis twice"),
        ({"axis": ["gpu=h100-sxm,h100-smx"]}, "--axis: gpu = 'h100-smx': no such gpu; did you mean 'h100-sxm'?"),
        ({"axis": ["pue=1:2:0.1"]}, "--axis: axes.pue: no output depends on it; leave it out or add an output that does"),
        ({"outputs": ["it_powr"]}, "unknown quantity 'it_powr'; did you mean 'it_power'?"),
    ],
)
def test_parse_reports_option_of_command_line(mistake, overrides, line):
    assert mistake(PLAIN, **overrides) == line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (None, f"mine.py: no Python file to read equations from ({os.strerror(errno.ENOENT)})"),
        ("def f(:\n", "mine.py:1: SyntaxError: "),
        ("x = 1\ny = x / 0\n", "mine.py:2: ZeroDivisionError: "),
        (OWN.replace('unit="W"', 'unit="Wutt"'), "mine.py:4: study_spare_power: 'Wutt' is not a known unit"),
        (
            OWN + "\n\n@rule(guards=('it_powr',), source='x')\ndef study_rule(gpus):\n    'x.'\n",
            "mine.py:14: study_rule guards 'it_powr', which",
        ),
        (OWN.replace("study_spare_power", "it_power"), "mine.py:4: equation 'it_power' is already defined in "),
    ],
)
def test_user_equations_error_has_file_and_line(mistake, tmp_path, text, line):
    if text is not None:
        (tmp_path / "mine.py").write_text(text)
    assert mistake(PLAIN + "equations: mine.py\n").startswith(line)


@pytest.mark.parametrize(
    ("body", "interpreted"), [("return None", "mine.py:4: TypeError: "), ("return spare * gpus", "mine.py:11: NameError: ")]
)
def test_user_equation_failure_is_one_line(opened, tmp_path, monkeypatch, body, interpreted):
    (tmp_path / "mine.py").write_text(OWN[: OWN.index("    return")] + f"    {body}\n")
    study = opened(PLAIN.replace("[it_power]", "[study_spare_power]") + "equations: mine.py\n")
    for cells, said in ((300_000, interpreted), (-1, "mine.py: an equation cannot be compiled (")):
        monkeypatch.setattr(blocks.program, "__defaults__", (cells,))
        with pytest.raises(SweepError) as found:
            run(study)
        assert str(found.value).startswith(f"{tmp_path}/{said}")
        assert "\n" not in str(found.value)


def test_parse_reports_too_large_study_before_evaluating(opened, tmp_path, mistake):
    axes = {"gpus": "1:10000000:1", "training_duration": "1 d:100000 d:1 d"}
    study = opened({**with_axes(**axes), "select": {"server": "dgx-h100"}})
    with pytest.raises(SweepError) as found:
        run(study, tmp_path / "large.zarr")
    assert "its longest axis is gpus with 10,000,000 labels" in str(found.value)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["study.yaml"]
    with pytest.raises(SweepError, match="too large for memory"):
        run(study)
    assert uncompressed_bytes(plan.make(study)) > 8e12


def test_axis_option_keeps_point_label():
    assert open_study("gpt4", axis=["pue=1.05:1.6:0.05"]).point["pue"] == 3  # 1.2
    assert open_study("gpt4", axis=["pue=1.3:1.6:0.1"]).point["pue"] == 0


def test_user_equation_with_unknown_argument_has_its_place(mistake, tmp_path):
    (tmp_path / "mine.py").write_text(OWN.replace("gpu_tdp", "gpu_tdq"))
    said = mistake(PLAIN + "equations: mine.py\n")
    assert said.startswith("mine.py:4: study_spare_power: unknown quantity 'gpu_tdq'; did you mean 'gpu_tdp'?")


@pytest.mark.parametrize("path", ["../own.py", "/etc/passwd", "/dev/zero", "own.txt", "folder.py"])
def test_user_equations_must_be_beside_study(opened, tmp_path, path):
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(SweepError, match=r"equations = '.*': (must be a Python file \(.py\) in the folder|is no regular file)"):
        opened(PLAIN + f"equations: {path}\n")


@pytest.mark.parametrize("text", ['"\\e[31mred"', '"\\u202eabc"', '"a\\0b"'])
def test_control_characters_of_study_are_escaped(opened, text):
    with pytest.raises(SweepError, match="holds a character that cannot be printed"):
        opened(PLAIN.replace("title: small", f"title: {text}"))


@pytest.mark.parametrize("name", ["n_gpus", "row_of_x", "nan", "valid_1", "range"])
@pytest.mark.usefixtures("forgotten")
def test_user_equation_rejects_reserved_name(opened, tmp_path, name):
    head = "from sweep import equation\n\n\n@equation(unit='1', source='article')\n"
    (tmp_path / "mine.py").write_text(f"{head}def {name}(gpus):\n    'A number.'\n    return gpus\n")
    with pytest.raises(SweepError, match=f"{name!r} is a name that generated code has; take another one"):
        opened(PLAIN + "equations: mine.py\n")


@pytest.mark.parametrize("path", ["x" * 5000, "x" * 254 + "/" + "y" * 254, "/dev/zero", "a\0b"])
def test_open_study_reports_invalid_path_in_one_line(path):
    with pytest.raises(SweepError):
        open_study(path)
