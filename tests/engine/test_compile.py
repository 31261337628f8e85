"""What is compiled is what is written now: the digest, the cache on disk, and compiled nests against interpreted ones."""

import math
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sweep.catalog import digest, parameters
from sweep.engine import blocks, compile, nests, plan
from sweep.equations import registry
from sweep.errors import SweepError
from sweep.study.parse import open_study

ROOT = Path(__file__).parents[2]
OWN = '''import math

from sweep import equation

FACTOR = 3.0


def stretched(x):
    """A helper that the equation calls."""
    return x * FACTOR


@equation(unit="1", source="article")
def compile_own(gpus, tp):
    """A number.

    gpus: N, GPUs of the cluster [1]
    tp: t, tensor-parallel size [1]
    """
    return stretched(gpus) / tp + math.log(gpus)
'''
STUDY = """title: x
equations: own.py
axes:
  gpus: [8, 16, 32]
  tp: [1, 2]
outputs: [compile_own]
"""


@pytest.fixture
def no_memory():
    """The digest of the shipped equations is taken anew, before the test's edit is seen and after it is gone."""
    compile._shipped_digest.cache_clear()
    yield compile._shipped_digest.cache_clear
    compile._shipped_digest.cache_clear()


@pytest.mark.parametrize("path", registry.kernel_files(), ids=lambda p: f"{p.parent.name}/{p.name}")
def test_kernel_digest_changes_with_each_file(path, tmp_path, monkeypatch, no_memory):
    edited = tmp_path / "kernels" / path.relative_to(registry.kernel_folder())
    shutil.copytree(registry.kernel_folder(), tmp_path / "kernels")
    monkeypatch.setattr(registry, "kernel_folder", lambda: tmp_path / "kernels")
    before = compile.equations_digest(), compile.kernel_digest()
    edited.write_text(edited.read_text() + "# a word more\n")
    no_memory()
    after = compile.equations_digest(), compile.kernel_digest()
    assert before[0] != after[0]
    assert before[1] != after[1]


def test_kernel_digest_covers_all_files():
    registry.load()
    every: list[registry.Equation | registry.Rule] = [*registry.EQUATIONS.values(), *registry.RULES.values()]
    declared = [e for e in every if e.function.__module__.startswith("sweep.kernels.")]
    files = {path.resolve() for path in registry.kernel_files()}
    assert {Path(e.function.__code__.co_filename).resolve() for e in declared} <= files
    assert files == {path.resolve() for path in (ROOT / "kernels").rglob("*.py")}


def test_catalogue_digest_changes_with_each_file(tmp_path, monkeypatch):
    shutil.copytree(parameters.folder(), tmp_path / "configs")
    monkeypatch.setattr(digest, "folder", lambda: tmp_path / "configs")
    seen = {digest.catalogue_digest()}
    files = [p for kind in ("gpus", "models", "parameters") for p in sorted((tmp_path / "configs" / kind).iterdir())[:4]]
    for count, path in enumerate([*files, tmp_path / "configs" / "units.txt", tmp_path / "configs" / "sources.yaml"], 2):
        path.write_bytes(path.read_bytes().replace(b"0", b"1", 1) + b"\n")
        digest._digest.cache_clear()  # another process would read the facts again
        seen.add(digest.catalogue_digest())
        assert len(seen) == count, path
    (tmp_path / "configs" / "gpus" / "new.yaml").write_text("title: new\n")
    digest._digest.cache_clear()
    assert digest.catalogue_digest() not in seen


def test_code_digest_changes_with_compiler_version(monkeypatch):
    before = compile.equations_digest(), compile.kernel_digest()
    monkeypatch.setattr(compile, "version", lambda package: "9.9")
    assert compile.equations_digest() == before[0]
    assert compile.kernel_digest() != before[1]


RUN = """
import sys
import numpy as np
from sweep.engine import blocks, compile, plan
from sweep.study.parse import open_study
made = plan.make(open_study(sys.argv[1]))
worker = blocks.Worker(blocks.program(made, budget=-1))
block, = blocks.blocks(made)
print(compile.kernel_digest(made.study.equations), *worker.compute(block)["compile_own"].reshape(-1).tolist())
"""


NESTED = """
import sweep
from sweep.engine import blocks, plan
study = sweep.open_study("study.yaml")
made = plan.make(study)
block, = blocks.blocks(made)
print(*blocks.Worker(blocks.program(made, budget=-1)).compute(block)["matmul_flops"].tolist())
"""


def test_compile_notices_edited_kernel_in_next_process(tmp_path):
    shutil.copytree(ROOT / "sweep", tmp_path / "sweep", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "study.yaml").write_text("title: x\naxes: {matmul_m: [1, 2]}\nset: {matmul_n: 1, matmul_k: 1}\noutputs: [matmul_flops]\n")
    kernel = tmp_path / "sweep" / "kernels" / "transformer" / "matmul.py"
    environment = {**os.environ, "WATTSWEEP_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}

    def values():
        command = [sys.executable, "-c", NESTED]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True, timeout=120)
        return [float(number) for number in done.stdout.split()]

    assert values() == [2, 4]
    text = kernel.read_text(encoding="utf-8")
    assert "return 2 * matmul_m" in text
    kernel.write_text(text.replace("return 2 * matmul_m", "return 3 * matmul_m"), encoding="utf-8")
    assert values() == [3, 6]


def test_compile_notices_edited_helper_and_reuses_unchanged_code(tmp_path):
    cache = tmp_path / "cache"
    environment = {**os.environ, "WATTSWEEP_CACHE": str(cache), "PYTHONPATH": str(ROOT)}
    (tmp_path / "study.yaml").write_text(STUDY)

    def values(factor):
        (tmp_path / "own.py").write_text(OWN.replace("FACTOR = 3.0", f"FACTOR = {factor}"))
        command = [sys.executable, "-c", RUN, str(tmp_path / "study.yaml")]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=120)
        digest, *numbers = done.stdout.split()
        return digest, sorted(float(number) for number in numbers)

    def expected(factor):
        return sorted(float(np.float32(gpus * factor / tp + math.log(gpus))) for gpus in (8, 16, 32) for tp in (1, 2))

    one = values("3.0")
    assert one[1] == expected(3.0)
    kept = {path: path.stat().st_mtime_ns for path in cache.rglob("*.o")}
    assert kept, "compiled code is kept on disk"
    other = values("5.0")
    assert other[1] == expected(5.0)
    assert other[0] != one[0]
    assert values("3.0") == one
    assert {path: path.stat().st_mtime_ns for path in kept} == kept, "what was compiled before is read"
    assert len(list(cache.iterdir())) == 2


def test_compile_shares_code_of_equal_equation_files(tmp_path):
    environment = {**os.environ, "WATTSWEEP_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}
    found = []
    for folder, file in (("one", "own.py"), ("two", "other.py")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / file).write_text(OWN)
        (tmp_path / folder / "study.yaml").write_text(STUDY.replace("own.py", file))
        command = [sys.executable, "-c", RUN, str(tmp_path / folder / "study.yaml")]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        found.append(done.stdout)
    assert found[0] == found[1]


@pytest.mark.usefixtures("forgotten")
def test_compile_notices_edited_user_equations_in_same_process(tmp_path, monkeypatch):
    (tmp_path / "study.yaml").write_text(STUDY)
    digests = []
    for factor in (3.0, 5.0):
        (tmp_path / "own.py").write_text(OWN.replace("FACTOR = 3.0", f"FACTOR = {factor}"))
        made = plan.make(open_study(tmp_path / "study.yaml"))
        digests.append(compile.kernel_digest(made.study.equations))
        worker = blocks.Worker(blocks.program(made, budget=math.inf))
        (block,) = blocks.blocks(made)
        found = worker.compute(block)["compile_own"]
        assert found.flat[0] == np.float32(8 * factor + math.log(8))
    assert digests[0] != digests[1]


def test_compile_reports_unwritable_cache_in_one_line(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("WATTSWEEP_CACHE", str(tmp_path / "file" / "cache"))
    made = plan.make(open_study("article"))
    nest = made.output_nests[0]
    with pytest.raises(SweepError, match=r"compiled code cannot be kept there .*; set WATTSWEEP_CACHE to a folder of your own"):
        compile.compiled([nests.source(made, nest, nest.outputs, "outputs")])


def test_compile_rewrites_damaged_source(tmp_path, monkeypatch):
    monkeypatch.setenv("WATTSWEEP_CACHE", str(tmp_path))
    made = plan.make(open_study("article"))
    nest = made.output_nests[0]
    functions = [replace(nests.source(made, nest, nest.outputs, "outputs"), native=False)]
    for _ in range(2):
        assert set(compile.compiled(functions)) == {functions[0].name}
        (file,) = tmp_path.rglob("loops_*.py")
        assert file.read_text() == compile.text(functions)
        del sys.modules[file.stem]
        file.write_text("def (")


REDUCED = (
    "gpus=3840,24960,96000",
    "split={tp: [2, 8], pp: [8, 15, 60], ep: [16]}",
    "training_duration=30 d,90 d",
    "queries_per_day=5e8 query/d,1e10 query/d",
    "pue=1.02,1.2,1.5",
)


def whole(program):
    """Every output of a plan, by its blocks."""
    worker, made = blocks.Worker(program), program.plan
    found = {}
    for block in blocks.blocks(made):
        for name, values in worker.compute(block).items():
            dims = made.nests[block.nest].dims
            shape = tuple(made.sizes[dim] for dim in dims)
            found.setdefault(name, np.empty(shape, values.dtype))[block.region(dims)] = values
    return found


def test_compiled_equals_interpreted_for_demo_study():
    made = plan.make(open_study("gpt4", axis=REDUCED))
    mixed = blocks.program(made)
    mixed.__dict__["interpreted"] = blocks.program(plan.make(open_study("gpt4"))).interpreted  # those that the whole study interprets
    assert len(mixed.compiled) > 5
    compiled, interpreted = whole(mixed), whole(blocks.program(made, budget=math.inf))
    assert set(compiled) == set(interpreted) == {*made.study.outputs, plan.STATUS}
    for name, values in compiled.items():
        np.testing.assert_allclose(values, interpreted[name], rtol=2.4e-7, atol=0, err_msg=name)
    np.testing.assert_array_equal(compiled[plan.STATUS], interpreted[plan.STATUS])
    assert np.isfinite(compiled["time_to_train"]).any()
    assert np.isnan(compiled["time_to_train"]).any()
