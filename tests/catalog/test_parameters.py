"""Parameters and columns of catalogues: what configs/parameters may say, and what is refused."""

import pytest

from sweep.catalog import parameters
from sweep.catalog.document import Node
from sweep.errors import SweepError


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ("unit: W, like: gpu_tpd", "like = 'gpu_tpd': no such column of gpu; did you mean 'gpu_tdp'?"),
        ("unit: W, like: it_power", "like = 'it_power': no such column of gpu"),
        ("unit: W, like: server_host_power", "like = 'server_host_power': is a column of server, not of gpu"),
        ("unit: W, like: pue", "like = 'pue': is a column of datacenter, not of gpu"),
        ("unit: W, like: gpus", "like = 'gpus': is a column of no catalogue, not of gpu"),
        ("unit: J, like: gpu_tdp", "like = 'gpu_tdp': is in W, not in J"),
        ("unit: W, by: precision, like: gpu_tdp", "like = 'gpu_tdp': differs by other choices, or by none"),
        ("unit: FLOP/s, like: peak_rate", "like = 'peak_rate': differs by other choices, or by none"),
        ("unit: FLOP/s, by: recompute, like: peak_rate", "like = 'peak_rate': differs by other choices, or by none"),
        ("unit: FLOP/s, by: precision, like: serving_peak_rate", "like = 'serving_peak_rate': is like peak_rate itself; name that one"),
        ("unit: W, like: gpu_idle_power", "like = 'gpu_idle_power': has a default, which is not shared"),
    ],
)
def test_parameter_rejects_invalid_like(copied, keys, reason):
    path = copied / "parameters" / "gpu.yaml"
    path.write_text(path.read_text(encoding="utf-8") + f"  other: {{meaning: another, {keys}}}\n", encoding="utf-8")
    line = len(path.read_text(encoding="utf-8").splitlines())
    with pytest.raises(SweepError) as refused:
        parameters.parameters()
    assert str(refused.value).startswith(f"configs/parameters/gpu.yaml:{line}: parameters.other.{reason}")


def test_parameter_with_like_rejects_default(copied):
    path = copied / "parameters" / "gpu.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text + "  other:\n    unit: W\n    meaning: another\n    like: gpu_tdp\n    default: {value: 1 W, assumed: x}\n")
    with pytest.raises(SweepError) as refused:
        parameters.parameters()
    line = len(text.splitlines()) + 5
    reason = "takes the figures of gpu_tdp, so it has no default"
    assert str(refused.value) == f"configs/parameters/gpu.yaml:{line}: parameters.other.default: {reason}"


def test_parameter_without_catalogue_rejects_like(copied):
    path = copied / "parameters" / "training.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "  other: {unit: W, meaning: another, like: gpus}\n", encoding="utf-8")
    with pytest.raises(SweepError, match=r"parameters\.other\.like = 'gpus': is for the columns of a catalogue"):
        parameters.parameters()


def test_parameter_rejects_integer_that_no_number_holds():
    count = parameters.Parameter("gpus", "1", "", whole=True)
    assert count.read(Node("9007199254740991", "x.yaml", 3, "gpus")) == 2**53 - 1
    with pytest.raises(SweepError, match=r"^x\.yaml:3: gpus = '9007199254740993': gpus must be below 9,007,199,254,740,992"):
        count.read(Node("9007199254740993", "x.yaml", 3, "gpus"))
