"""Quantities by name, given or computed."""

import pytest

from sweep.equations import quantities


def test_quantity_names_are_inputs_and_equations():
    assert {"pue", "gpus", "facility_power", "training_energy"} <= quantities.names()
    assert "exceeds_memory" not in quantities.names(), "a rule is no quantity"


@pytest.mark.parametrize(("name", "unit"), [("pue", "1"), ("training_duration", "s"), ("facility_power", "W"), ("training_energy", "J")])
def test_quantity_has_unit_of_parameter_or_equation(name, unit):
    assert quantities.unit_of(name) == quantities.quantity(name).unit == unit
    assert quantities.meaning_of(name) == quantities.quantity(name).meaning


def test_unknown_quantity_is_key_error():
    for function in (quantities.unit_of, quantities.meaning_of, quantities.quantity):
        with pytest.raises(KeyError):
            function("exceeds_memory")
