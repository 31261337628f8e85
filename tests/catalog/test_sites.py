"""The catalogues of sites and data centers are whole."""

from sweep.catalog import entries
from tests.at_point import names_of


def test_sites_cover_documented_regions():
    assert len(names_of("site", "us-")) == 51
    assert len(names_of("site", "cn-")) == 30
    assert len(names_of("site", "zone-")) == 106
    assert len([e for e in names_of("site") if not e.startswith(("us-", "cn-", "zone-")) and e != "world"]) == 29
    assert len([e for e in names_of("datacenter") if e.startswith(("aws-", "google-", "azure-")) and e.count("-") > 0]) >= 44


def test_sites_cover_all_price_zones_of_a_country():
    assert names_of("site", "zone-se-") == [f"zone-se-se{i}" for i in range(1, 5)]
    assert names_of("site", "zone-no-") == [f"zone-no-no{i}" for i in range(1, 6)]
    assert names_of("site", "zone-dk-") == ["zone-dk-dk1", "zone-dk-dk2"]
    assert names_of("site", "zone-it-") == [f"zone-it-{area}" for area in ("cno", "cso", "no", "sar", "sic", "so")]
    assert len(names_of("site", "zone-jp-")) == 10
    assert len(names_of("site", "zone-in-")) == 5
    assert len(names_of("site", "zone-br-")) == 4
    assert len(names_of("site", "zone-au-")) == 6


def test_site_carbon_intensity_states_year_and_boundary():
    for name in names_of("site"):
        for (column, _), figure in entries.entry("site", name).figures.items():
            if column in ("grid_carbon_intensity", "grid_electricity_price") and not figure.assumed:
                assert "20" in figure.basis, name
                assert figure.source, name


def test_carbon_ranges_end_at_the_figure_of_the_zone_that_they_name():
    found = 0
    for name in names_of("site"):
        for (column, kind), figure in entries.entry("site", name).figures.items():
            if column == "grid_carbon_intensity" and figure.range.startswith("zone-") and kind != "as-published":
                zone = entries.entry("site", figure.range.split()[0]).figures[column, kind]
                assert (figure.low, figure.high) == (min(figure.value, zone.value), max(figure.value, zone.value)), name
                found += 1
    assert found == 21


def test_us_states_have_both_tariff_classes():
    for state in names_of("site", "us-"):
        figures = entries.entry("site", state).figures
        classes = {choice for column, choice in figures if column == "grid_electricity_price"}
        assert classes == ({"industrial", "commercial"} if state != "us-wy" else set())  # no price of Wyoming was found
