"""`sweep plot` draws a study or a cube, and refuses what it cannot before it computes."""

import pytest
from click.testing import CliRunner

from sweep.cli import main
from tests.commands import SMALL, refused, sweep


def test_plot_draws_a_study_and_its_cube_alike(tmp_path):
    sweep("run", SMALL, "-o", tmp_path / "a.zarr")
    for subject in (SMALL, tmp_path / "a.zarr"):
        printed = sweep("plot", subject, "it_power", "--x", "gpus", "-o", tmp_path / "a.svg")
        assert printed == f"{tmp_path / 'a.svg'}: it_power over gpus\n"
        text = (tmp_path / "a.svg").read_text(encoding="utf-8")
        (tmp_path / "a.svg").unlink()
        assert "it power [" in text


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--x", "gpus", "-o", "a.pdf"), "a picture ends in .png or .svg"),
        (("--x", "gpu", "-o", "a.png"), "did you mean 'gpus'"),
        (("--x", "gpus", "--sel", "pue", "-o", "a.png"), "must read axis=label"),
    ],
)
def test_plot_refuses_what_it_cannot_draw(options, said):
    assert said in refused("plot", SMALL, "it_power", *options)


def test_plot_draws_sites_on_a_map_and_says_which_it_omits(tmp_path):
    sites = "site=united-states,france,cn-anhui"
    drawn = ("annual_carbon", "--x", "site", "--map", "-o", str(tmp_path / "map.svg"))
    options = ("--axis", sites, "--set", "carbon_kind=as-published")
    done = CliRunner().invoke(main, ["plot", "where-to-build-1gw", *drawn, *options])
    assert done.exit_code == 0, done.output
    assert done.stdout == f"{tmp_path / 'map.svg'}: annual_carbon over site\n"
    assert "omitted, for no latitude and longitude is known of them: cn-anhui" in done.stderr
    assert "annual carbon [" in (tmp_path / "map.svg").read_text(encoding="utf-8")


def test_plot_draws_no_map_of_what_has_no_place():
    assert "none of its labels has a latitude" in refused("plot", SMALL, "it_power", "--x", "gpus", "--map", "-o", "a.png")


def test_plot_takes_a_heat_map_or_lines():
    done = CliRunner().invoke(main, ["plot", SMALL, "it_power", "--x", "gpus", "--y", "pue", "--by", "pue", "-o", "a.png"])
    assert done.exit_code == 2
    assert "not two of them" in done.stderr
