"""How the parts may lean on each other, read from the syntax tree; and what every equation must say of itself."""

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from sweep.catalog.entries import entry, entry_names
from sweep.catalog.parameters import catalogues, parameters
from sweep.catalog.sources import sources
from sweep.catalog.units import factor
from sweep.equations import quantities, registry
from sweep.kernels import choices
from sweep.study import hours

ROOT = Path(__file__).parents[2]
LONGEST = 300

# data flows down this table: a room imports only what stands above it, and each module only what stands above it in its room
ROOMS = {
    "errors": (),
    "catalog": (
        "document",
        "units",
        "calendar",
        "parameters",
        "model_layers",
        "model_config",
        "hub",
        "entries",
        "egrid",
        "sources",
        "accuracy",
        "digest",
    ),
    "equations": ("registry", "quantities", "graph", "interpret"),
    "supply": ("weather", "weather_files", "place", "traces", "mix", "inputs"),
    "study": ("sampling", "ranges", "axes", "conditions", "regimes", "definition", "hours", "named_files", "parse", "shares"),
    "engine": ("plan", "nests", "cache", "strips", "remainder", "defined", "lower", "native", "compile", "quantiles", "blocks"),
    "bounds": ("intervals", "interpreter", "boxes"),
    "cube": ("coordinates", "dataset", "compute", "virtual"),
    "store": (
        "place",
        "disk",
        "objects",
        "journal",
        "layout",
        "estimate",
        "verify",
        "store",
        "arrays",
        "reading",
        "growing",
        "cluster",
        "run",
    ),
    "query": ("text", "selection", "part", "export"),
    "uncertainty": ("bands", "origins", "sensitivity", "calibrate"),
    "analysis": (
        "scan",
        "optimum",
        "ranking",
        "cells",
        "infeasible",
        "search",
        "pareto",
        "solve",
        "compare",
        "explain",
        "describe",
        "own_files",
    ),
    "plot": ("style", "view", "lines", "heatmap", "sitemap", "compare", "pareto", "sensitivity"),
    "serve": ("keys", "explorer", "app"),
    "cli": ("options", "rows", "answers", "compare", "cubes", "facts", "pictures", "points", "serve", "studies", "supply", "uncertain"),
}
# an equation reads quantities of its own room and of those above it
KERNEL_ROOMS = ("transformer", "training", "training_run", "serving", "facility", "grid", "planning")
FLOW = [f"{room}.{module}" if module else room for room, modules in ROOMS.items() for module in modules or ("",)]
MOST_FILES = 13
MODULES = sorted(path for path in (ROOT / "sweep").rglob("*.py") if not {"kernels", "configs"} & set(path.relative_to(ROOT).parts))
KERNELS = sorted((ROOT / "kernels").rglob("*.py"))
EQUIVALENT = yaml.safe_load((ROOT / "tests" / "equivalent_mutants.yaml").read_text(encoding="utf-8"))
registry.load()
DECLARED: list[registry.Equation | registry.Rule] = [*registry.EQUATIONS.values(), *registry.RULES.values()]


def shown(path):
    return path.relative_to(ROOT).as_posix()


def name_of(path):
    """The dotted name of a module, without the package that holds all of them."""
    return ".".join(path.relative_to(ROOT / "sweep").with_suffix("").parts)


def kernel_room(declared):
    """The room of kernels/ that an equation or a rule stands in."""
    return declared.function.__module__.split(".")[2]


def imports(path):
    """Every module that a file imports, wherever in the file, as dotted names."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def test_rooms_name_all_modules():
    assert {name_of(path) for path in MODULES if path.stem not in ("__init__", "__main__")} == set(FLOW)


@pytest.mark.parametrize("path", MODULES, ids=shown)
def test_modules_import_only_earlier_rooms(path):
    here = name_of(path)
    if path.stem in ("__init__", "__main__"):  # doors: of the package, and of the command line
        return
    above = set(FLOW[: FLOW.index(here)])
    used = {name.removeprefix("sweep.") for name in imports(path) if name.startswith("sweep.")} & set(FLOW)
    assert used <= above, f"{shown(path)} must not import {sorted(used - above)}"


@pytest.mark.parametrize("folder", [ROOT / top for top in ("sweep", "kernels", "tests", "benchmarks")], ids=shown)
def test_folders_hold_few_modules(folder):
    for inner in [folder, *(path for path in folder.rglob("*") if path.is_dir() and path.name != "__pycache__")]:
        assert len([path for path in inner.glob("*.py") if path.stem not in ("__init__", "conftest")]) <= MOST_FILES, shown(inner)


@pytest.mark.parametrize("declared", DECLARED, ids=lambda d: d.name)
def test_equations_read_only_earlier_rooms(declared):
    here = KERNEL_ROOMS.index(kernel_room(declared))
    for name in declared.arguments:
        if name in registry.EQUATIONS:
            assert KERNEL_ROOMS.index(kernel_room(registry.EQUATIONS[name])) <= here, name


def test_choice_constants_follow_order_of_words():
    groups = {}
    for line in (ROOT / "kernels" / "choices.py").read_text(encoding="utf-8").splitlines():
        if found := re.match(r"^([A-Z0-9_, ]+) = range\(\d+\)  # (.+)$", line):
            groups[found[1]] = found[2].split(", ")
    assert groups
    for names, parameters_of in groups.items():
        for parameter in parameters_of:
            words = parameters()[parameter].choices
            constants = names.split(", ")
            assert len(constants) == len(words)
            for place, (constant, word) in enumerate(zip(constants, words, strict=True)):
                assert getattr(choices, constant) == place
                plain = re.sub("[^a-z0-9]+", "_", word).upper()
                assert plain.removeprefix("NONE") in constant, f"{constant} stands where {parameter} has {word!r}"


@pytest.mark.parametrize("path", MODULES, ids=shown)
def test_imports_are_absolute(path):
    found = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.ImportFrom) and node.level]
    assert not found


@pytest.mark.parametrize("path", KERNELS, ids=shown)
def test_kernels_import_only_math_and_registry(path):
    assert all(name == "math" or name.startswith(("sweep.equations.registry", "sweep.kernels.choices")) for name in imports(path))


@pytest.mark.parametrize("path", [*MODULES, *KERNELS], ids=shown)
def test_modules_have_docstring_and_are_short(path):
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), f"{shown(path)} does not say what belongs in it"
    assert len(text.splitlines()) <= LONGEST


@pytest.mark.parametrize("path", [*MODULES, *KERNELS], ids=shown)
def test_modules_have_test_file(path):
    if path.stem in ("__init__", "__main__"):
        return
    room = path.parent.relative_to(ROOT).as_posix().removeprefix("sweep").strip("/")
    assert (ROOT / "tests" / room / f"test_{path.name}").exists()


@pytest.mark.parametrize("file", EQUIVALENT)
def test_equivalent_mutants_name_existing_lines_and_reasons(file):
    lines = {re.sub(r"\s+", " ", line.strip()) for line in (ROOT / file).read_text(encoding="utf-8").splitlines()}
    for change in EQUIVALENT[file]:
        assert change["was"] in lines
        assert change["why"]
        assert change["was"] not in change["becomes"]


def test_top_level_kernels_is_not_imported():
    assert "kernels" not in sys.modules


@pytest.mark.parametrize(
    "arguments", [["--help"], ["point", "configs/studies/article.yaml", "--json"], ["explain", "facility_energy"]], ids=lambda a: a[0]
)
def test_small_commands_import_no_heavy_packages(arguments):
    heavy = ("numba", "xarray", "zarr", "pandas", "matplotlib", "kernels")
    code = f"""
import sys
from sweep.cli import main
sys.argv = ["sweep", *{arguments!r}]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print("LOADED", [name for name in {heavy!r} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "LOADED []"


@pytest.mark.parametrize("declared", DECLARED, ids=lambda d: d.name)
def test_equation_arguments_are_documented_with_unit(declared):
    said = {argument.name: argument.unit for argument in declared.documented}
    assert set(said) == set(declared.arguments)
    assert len(said) == len(declared.documented), "an argument is documented twice"
    assert said == {name: quantities.unit_of(name) for name in declared.arguments}


@pytest.mark.parametrize("declared", DECLARED, ids=lambda d: d.name)
def test_equation_sources_resolve(declared):
    assert declared.source in sources()


@pytest.mark.parametrize("equation", registry.EQUATIONS.values(), ids=lambda e: e.name)
def test_equations_have_formula_unit_and_unique_name(equation):
    assert equation.formula or equation.selects
    assert quantities.unit_of(equation.name) == equation.unit
    assert equation.name not in parameters()
    assert equation.name not in registry.RULES
    assert factor(equation.unit, equation.unit) == 1.0


@pytest.mark.parametrize("rule", registry.RULES.values(), ids=lambda r: r.name)
def test_rules_guard_computed_quantities(rule):
    assert set(rule.guards) <= set(registry.EQUATIONS)
    assert rule.name not in parameters()


@pytest.mark.parametrize("equation", [e for e in registry.EQUATIONS.values() if e.selects], ids=lambda e: e.name)
def test_selecting_equations_have_alternative_for_each_choice(equation):
    assert equation.arguments[0] == equation.selects
    assert len(equation.arguments) - 1 == len(parameters()[equation.selects].choices)


@pytest.mark.parametrize("name", sorted(name for name, parameter in parameters().items() if parameter.catalogue is None))
def test_study_parameters_are_used(name):
    used = {argument for declared in DECLARED for argument in declared.arguments} | {e.selects for e in registry.EQUATIONS.values()}
    used |= {p.by for p in parameters().values()}
    used |= {argument for of_file in hours.GIVES.values() for template in of_file for argument in inspect.signature(template).parameters}
    assert name in used


@pytest.mark.parametrize("catalogue", catalogues())
def test_figures_have_source_or_reason(catalogue):
    for name in entry_names(catalogue):
        for key, figure in entry(catalogue, name).figures.items():
            place = f"{figure.file}:{figure.line} {key}"
            assert figure.source or figure.assumed or figure.derived, place
            assert not figure.source or figure.source in sources(), place


def test_defaults_have_source_or_reason():
    for parameter in parameters().values():
        if parameter.default:
            figure = parameter.default
            assert figure.source in sources() or (not figure.source and (figure.assumed or figure.derived)), parameter.name
