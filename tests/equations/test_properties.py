"""What must hold for any study: hypothesis draws small ones over the article's equations and over a user's awkward ones."""

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from sweep.engine import blocks, plan
from sweep.equations import interpret, registry
from sweep.equations.graph import resolve
from sweep.errors import SweepError
from sweep.study.parse import open_study

OWN = Path(__file__).parents[1] / "data" / "own_equations.py"
FLOAT32 = 2.4e-7  # two of its last bits
FIXED = {
    "precision": "bf16",
    "gpus_per_server": "8",
    "gpu_tdp": "700 W",
    "peak_rate_16bit": "989 TFLOP/s",
    "hbm_bandwidth": "3.35 TB/s",
    "server_power": "10.2 kW",
    "training_flops": "2e25 FLOP",
    "time_to_train": "60 d",
    "training_duration": "90 d",
    "energy_per_query": "0.3 Wh/query",
}
OUTPUTS = (
    "replicas",
    "training_energy",
    "facility_energy",
    "total_facility_energy",
    "overtake_days",
    "serving_share",
    "required_mfu",
    "matmul_time",
    "own_left_over",
    "own_hops",
    "own_pause",
    "own_root",
    "own_kept",
)
PRODUCTS = st.tuples(*[st.sampled_from((1, 777, 8192, 100_000))] * 3)


def some(values, largest=4):
    return st.lists(values, min_size=1, max_size=largest, unique=True)


AXES = {
    "gpus": some(st.integers(1, 100_000)),
    "split": st.fixed_dictionaries({"tp": some(st.sampled_from((1, 2, 8)), 2), "pp": some(st.sampled_from((1, 3, 15)), 2)}),
    "training_duration": some(st.integers(0, 400).map("{} d".format)),
    "queries_per_day": some(st.sampled_from(("0 query/d", "1 query/s", "2.5e9 query/d", "1e12 query/d"))),
    "pue": some(st.floats(1.0, 2.0, allow_nan=False).map(lambda value: f"{value:.17g}")),
    "precision": some(st.sampled_from(("fp32", "bf16", "fp16"))),
    "gpu": some(st.sampled_from(("a100-sxm-80gb", "h100-sxm", "h100-pcie", "v100-sxm2-32gb"))),
    "recompute": some(st.sampled_from(("none", "selective", "full"))),
    "product": some(PRODUCTS, 3).map(
        lambda rows: {"zip": dict(zip(("matmul_m", "matmul_n", "matmul_k"), map(list, zip(*rows, strict=True)), strict=True))}
    ),
}
COLUMNS = {
    "split": {"tp", "pp"},
    "gpu": {"gpu_tdp", "hbm_bandwidth", "peak_rate", "peak_rate_16bit"},
    "product": {"matmul_m", "matmul_n", "matmul_k"},
}


@st.composite
def studies(draw):
    """The text of a small study: each of its axes matters to one of its outputs."""
    registry.load_file(OWN)
    outputs = draw(some(st.sampled_from(OUTPUTS), len(OUTPUTS)))
    matters = {name for choice in range(3) for name in resolve(outputs, set(FIXED), {"recompute": choice, "precision": 3.0}).inputs}
    if "own_kept" in outputs:
        matters |= {"recompute"}
    if "matmul_time" in outputs:
        matters |= {"precision"}
    fitting = [name for name in AXES if COLUMNS.get(name, {name}) & matters]
    chosen = draw(some(st.sampled_from(fitting), len(fitting)))
    axes = {name: draw(AXES[name]) for name in chosen}
    if "recompute" in fitting and "recompute" not in axes:
        fixed = {"recompute": draw(st.sampled_from(("none", "selective", "full")))}
    else:
        fixed = {}
    fixed |= {name: value for name, value in FIXED.items() if name not in axes}
    selected = {} if "gpu" in axes else {"select": {"gpu": "h100-sxm"}}
    if "gpu" in axes:
        fixed = {name: value for name, value in fixed.items() if name not in COLUMNS["gpu"]}
    return {"title": "drawn", "equations": OWN.name, **selected, "set": fixed, "axes": axes, "outputs": outputs}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("studies")
    (folder / OWN.name).write_bytes(OWN.read_bytes())
    return folder


def planned(folder, written):
    path = folder / "drawn.yaml"
    path.write_text(yaml.safe_dump(written, sort_keys=False))
    try:
        return plan.make(open_study(path))
    except SweepError as error:  # a split that no GPU count of the draw allows is said when the study is read
        assume("combinations is possible" not in str(error))
        raise


def cube(made, interpret):
    """Every output of a plan, put together from its blocks: name -> (dims, values)."""
    worker = blocks.Worker(blocks.program(made, budget=math.inf if interpret else -1))
    found = {}
    for block in blocks.blocks(made):
        nest = made.nests[block.nest]
        for name, values in worker.compute(block).items():
            shape = tuple(made.sizes[dim] for dim in nest.dims)
            whole = found.setdefault(name, (nest.dims, np.full(shape, -7, blocks.dtype_of(made, name))))[1]
            whole[block.region(nest.dims)] = values
    return found


def assert_equal(one, other, tolerance=0.0):
    assert {name: dims for name, (dims, _) in one.items()} == {name: dims for name, (dims, _) in other.items()}
    for name, (_, values) in one.items():
        np.testing.assert_allclose(values, other[name][1], rtol=tolerance, atol=0, err_msg=name)


def expected(made, place):
    """What the interpreter says of one point of the grid: its values, and the flags of the rules that it breaks."""
    found = interpret.compute_point(made.graph, made.study.inputs_at(place))
    return found.values, sum(1 << made.graph.rules.index(rule) for rule in found.broken)


@settings(max_examples=60, deadline=None)
@given(written=studies())
def test_cube_cells_equal_interpreted_points(folder, written):
    made = planned(folder, written)
    whole = cube(made, interpret=True)
    for place in itertools.islice(itertools.product(*(range(made.sizes[dim]) for dim in made.order)), 200):
        at = dict(zip(made.order, place, strict=True))
        values, status = expected(made, at)
        for name, (dims, cells) in whole.items():
            here = cells[tuple(at[dim] for dim in dims)]
            if name == "status":
                assert here == status
            elif name in made.graph.needs:
                assert here == np.float32(values[name]) or (math.isnan(here) and math.isnan(values[name]))


@settings(max_examples=60, deadline=None)
@given(written=studies(), chunk=st.integers(1, 40), block=st.integers(1, 90))
def test_cube_is_same_for_any_blocks(folder, written, chunk, block):
    made = planned(folder, written)
    whole = cube(made, interpret=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "CHUNK_CELLS", chunk)
        patch.setattr(blocks, "BLOCK_CELLS", block)
        assert_equal(cube(made, interpret=True), whole)


@settings(max_examples=60, deadline=None)
@given(written=studies(), seed=st.randoms(use_true_random=False))
def test_cube_is_same_for_any_axis_order(folder, written, seed):
    one = planned(folder, written)
    names = list(written["axes"])
    seed.shuffle(names)
    other = planned(folder, {**written, "axes": {name: written["axes"][name] for name in names}})
    turned = {}
    for name, (dims, values) in cube(other, interpret=True).items():
        target = next(nest.dims for nest in one.output_nests if name in nest.outputs)
        assert set(dims) == set(target)
        turned[name] = (target, values.transpose([dims.index(dim) for dim in target]))
    assert_equal(cube(one, interpret=True), turned)


def by_name(made, status):
    """Of each rule that is broken somewhere, where it is."""
    flags = {rule.name: (status & (1 << bit)) != 0 for bit, rule in enumerate(made.graph.rules)}
    return {name: flag for name, flag in flags.items() if flag.any()}


@settings(max_examples=60, deadline=None)
@given(written=studies())
def test_cube_without_axis_equals_slice(folder, written):
    made = planned(folder, written)
    whole = cube(made, interpret=True)
    name = next(iter(written["axes"]))
    try:
        other = plan.make(made.study.without(name))
    except SweepError as error:  # a label without a figure is a flag on an axis, and an error where it is the only one
        assume("has no such figure" not in str(error))
        raise
    part = cube(other, interpret=True)
    for output, (dims, values) in whole.items():
        sliced = values[tuple(made.study.point[dim] if dim == name else slice(None) for dim in dims)]
        left = tuple(dim for dim in dims if dim != name)
        if output == "status" and output not in part:  # only the axis had gaps, and none where it is held
            assert not by_name(made, sliced)
            continue
        mine, cells = part[output]
        turned = cells.transpose([mine.index(dim) for dim in left if dim in mine])
        if output == "status":  # each cube numbers the rules that it has, and knows the axes that these depend on
            turned = np.broadcast_to(turned[tuple(slice(None) if dim in mine else None for dim in left)], sliced.shape)
            turned, sliced = by_name(other, turned), by_name(made, sliced)
        np.testing.assert_equal(turned, sliced)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(written=studies(), chunk=st.sampled_from((3, 1 << 18)))
def test_compiled_nests_equal_interpreted_nests(folder, written, chunk):
    made = planned(folder, written)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "CHUNK_CELLS", chunk)
        assert_equal(cube(made, interpret=False), cube(made, interpret=True), FLOAT32)
