"""What is installed from the wheel is the whole program: it runs a study where no checkout is near."""

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SMALL = ROOT / "tests" / "data" / "small.yaml"
READS_A_STUDY = """
import sys
import sweep
study = sweep.open_study(sys.argv[1])
cube = sweep.run(study)
print(sweep.__file__)
at = {"gpus": 25000, "training_duration": 90 * 86400}
print(float(cube.training_energy.sel(at)))
import xarray
lazy = xarray.open_dataset(sys.argv[1], engine="wattsweep")
assert float(lazy.training_energy.sel(at)) == float(cube.training_energy.sel(at))
assert "kernels" not in sys.modules and "configs" not in sys.modules
"""


def run(*command, cwd=ROOT):
    clean = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}
    done = subprocess.run([str(part) for part in command], cwd=cwd, env=clean, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def shipped():
    """The equations and facts of the checkout, as paths below it."""
    files = [path for folder in ("kernels", "configs") for path in (ROOT / folder).rglob("*") if path.is_file()]
    return {path.relative_to(ROOT).as_posix() for path in files if "__pycache__" not in path.parts}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The sdist of the checkout, and the wheel that is built from this sdist and not from the checkout."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT)
    return next(folder.glob("*.tar.gz")), next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory):
    """The Python of an environment that holds the wheel, and sees the packages it needs in the one that runs the tests."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", built[1])
    site = next(folder.glob("lib/python*/site-packages"))
    (site / "needed.pth").write_text("\n".join(path for path in sys.path if Path(path).name == "site-packages"))
    return python


def test_sdist_holds_each_file_once(built):
    with tarfile.open(built[0]) as archive:
        names = [name.split("/", 1)[1] for name in archive.getnames()]
    assert {name for name in names if name.startswith(("kernels/", "configs/"))} == shipped()
    assert not [name for name in names if name.startswith(("sweep/kernels", "sweep/configs"))]
    assert {"LICENSE", "README.md", "Makefile", "tests/naive/small.py"} <= set(names)


def test_wheel_holds_kernels_and_configs(built):
    with zipfile.ZipFile(built[1]) as archive:
        names = set(archive.namelist())
    assert {f"sweep/{name}" for name in shipped()} <= names
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"sweep"}
    assert "sweep/py.typed" in names


def test_wheel_runs_study_outside_checkout(installed, tmp_path):
    study = tmp_path / "small.yaml"
    study.write_text(SMALL.read_text())
    where, energy = run(installed, "-c", READS_A_STUDY, study, cwd=tmp_path).split()
    assert Path(where).is_relative_to(installed.parent.parent)
    assert float(energy) == pytest.approx(20.3125e6 * 60 * 86400, rel=1e-6)


def test_wheel_runs_command_outside_checkout(installed, tmp_path):
    sweep = installed.parent / "sweep"
    assert "sweep point" in run(sweep, "--help", cwd=tmp_path)
    printed = run(sweep, "point", "article", "--json", cwd=tmp_path)
    assert '"overtake_days"' in printed
