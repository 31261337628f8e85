"""A case of supply from the catalogues: prices and the load."""

import numpy as np
import pytest

from sweep.errors import SweepError
from sweep.supply import inputs

MW, MWH = 1e6, 3.6e9
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of pandas, in pvlib and PyPSA


def test_prices_are_read_from_catalogues():
    prices = inputs.prices("us-tx")
    assert prices.grid * MWH == pytest.approx(66.0)
    assert prices.gas_unit == pytest.approx(384e6)
    assert prices.gas_carbon * 3.6e9 == pytest.approx(482.9, rel=1e-3)
    dearer = inputs.prices("us-tx", settings={"gas_price": "7.32 USD/MMBtu"})
    fuel = 3.66 / 1055.05585e6 * 1.108 / 0.41
    assert dearer.gas_running - prices.gas_running == pytest.approx(fuel, rel=1e-6)
    for call, words in (
        (lambda: inputs.prices("us-tx", settings={"carbon_kind": "average-lifecycle"}), "there is: as-published, average-direct"),
        (lambda: inputs.prices("us-wy"), "us-wy: states no grid_electricity_price of the kind industrial"),
        (lambda: inputs.prices("us-tx", gas="gas-7ha2"), "did you mean 'gas-7ha02'?"),
        (lambda: inputs.prices("us-tx", settings={"gas_prise": "1"}), "did you mean 'gas_price'?"),
    ):
        with pytest.raises(SweepError) as error:
            call()
        assert words in str(error.value)


def test_daily_load_has_peak_and_swing():
    load = inputs.daily_load(100 * MW, 0.4)
    assert load.shape == (8760,)
    assert load.max() == pytest.approx(100 * MW)
    assert load.min() == pytest.approx(60 * MW)
    assert np.argmin(load[:24]) == 4
