"""Yearly payments for capital, against printed tables of the capital recovery factor A/P."""

import pytest

from sweep.kernels.grid import finance

YEAR = 31.536e6
TABLE = [(0.05, 10, 0.1295), (0.08, 20, 0.1019), (0.10, 5, 0.2638), (0.12, 30, 0.1241), (0.20, 1, 1.2)]


@pytest.mark.parametrize(("rate", "years", "printed"), TABLE)
def test_capital_recovery_equals_published_tables(rate, years, printed):
    assert finance.capital_recovery(rate, years) == pytest.approx(printed, abs=5e-5)


def test_capital_recovery_without_interest_is_equal_payments():
    assert finance.capital_recovery(0.0, 8.0) == 0.125


@pytest.mark.parametrize("kind", ["hardware", "building", "generator", "battery"])
@pytest.mark.parametrize(("rate", "years", "printed"), TABLE)
def test_capital_recovery_uses_life_of_each_asset(kind, rate, years, printed):
    given = {"discount_rate": rate, f"{kind}_lifetime": years * YEAR, "year_length": YEAR}
    assert getattr(finance, f"{kind}_recovery")(**given) == pytest.approx(printed, abs=5e-5)
