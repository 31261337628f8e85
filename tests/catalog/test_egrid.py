"""eGRID as it is downloaded, and as one of its sheets saved as CSV."""

import pytest
import yaml

from sweep.catalog import egrid
from sweep.catalog.entries import own_entry
from sweep.errors import SweepError

CODES = ["YEAR", "SUBRGN", "SRNAME", "SRCO2RTA", "SRC2ERTA"]
ROWS = [
    ["Data Year", "eGRID subregion acronym", "name", "CO2 rate (lb/MWh)", "CO2e rate (lb/MWh)"],
    CODES,
    [2023, "CAMX", "WECC California", 428.464, 429.983],
    [2023, "ERCT", "ERCOT All", 733.9, "1,736.6"],
]
STATES = [["Data Year", "State", "rate"], ["YEAR", "PSTATABB", "STC2ERTA"], [2023, "TX", 771.1], [2023, "VT", "-"], ["?", "WY", 1.0]]
POUND = 0.45359237 / 3.6e9  # kg/J of one lb/MWh


@pytest.fixture
def sheet(tmp_path):
    path = tmp_path / "srl23.csv"
    path.write_text("\n".join(",".join(f'"{cell}"' for cell in row) for row in ROWS) + "\n")
    return path


@pytest.fixture
def book(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    made = openpyxl.Workbook()
    made.active.title = "Contents"
    for title, rows in (("PLNT23", [["YEAR", "SUBRGN", "SRC2ERTA"], [2023, "CAMX", 1]]), ("SRL23", ROWS), ("ST23", STATES)):
        for row in rows:
            (made[title] if title in made.sheetnames else made.create_sheet(title)).append(row)
    made.save(tmp_path / "egrid2023.xlsx")
    return tmp_path / "egrid2023.xlsx"


def test_region_of_csv_has_year_name_and_rates(sheet):
    found = egrid.read_region(sheet, "CAMX")
    assert (found.name, found.year) == ("WECC California", 2023)
    assert found.rates == {"average-direct": ("SRC2ERTA", 429.983), "average-direct-co2": ("SRCO2RTA", 428.464)}
    assert egrid.read_region(sheet, "ERCT").rates["average-direct"] == ("SRC2ERTA", 1736.6)


def test_region_of_workbook_is_a_subregion_or_a_state(book):
    assert egrid.read_region(book, "CAMX").rates["average-direct"][1] == 429.983
    assert egrid.read_region(book, "TX").rates == {"average-direct": ("STC2ERTA", 771.1)}


def test_entry_of_region_is_a_site_that_says_its_year(sheet, tmp_path):
    text = egrid.entry_text(egrid.read_region(sheet, "CAMX"), "srl23.csv")
    assert yaml.safe_load(text)["title"] == "WECC California (eGRID CAMX, 2023)"
    (tmp_path / "camx.yaml").write_text(text)
    figures = own_entry("site", tmp_path / "camx.yaml", "camx.yaml").figures
    assert figures["grid_carbon_intensity", "average-direct"].value == pytest.approx(429.983 * POUND)
    assert figures["grid_carbon_intensity", "as-published"].value == pytest.approx(429.983 * POUND)
    assert figures["grid_carbon_intensity", "average-direct-co2"].basis == "CO2 alone, generation in the region, 2023"
    assert figures["grid_carbon_intensity", "average-direct"].derived == "SRC2ERTA of CAMX in srl23.csv"


@pytest.mark.parametrize(
    ("code", "words"), [("CAMZ", "no region 'CAMZ' in eGRID; did you mean 'CAMX'"), ("VT", "STC2ERTA of VT is '-'"), ("WY", "no year")]
)
def test_region_that_cannot_be_read_says_why(book, code, words):
    with pytest.raises(SweepError, match=words):
        egrid.read_region(book, code)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [("a.csv", "x,y\n1,2\n", "holds no table of eGRID"), ("a.xlsx", "x", "is no workbook"), ("b.csv", None, "cannot be read")],
)
def test_file_that_is_not_of_egrid_says_so(tmp_path, name, content, words):
    if name == "a.xlsx":
        pytest.importorskip("openpyxl")
    if content:
        (tmp_path / name).write_text(content)
    with pytest.raises(SweepError, match=words):
        egrid.read_region(tmp_path / name, "CAMX")
