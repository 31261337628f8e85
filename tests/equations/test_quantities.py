"""Quantities by name, given or computed."""

import pytest

from sweep.equations import quantities


def test_names_are_those_of_inputs_and_of_computed_quantities():
    assert {"pue", "gpus", "facility_power", "training_energy"} <= quantities.names()
    assert "exceeds_memory" not in quantities.names(), "a rule is no quantity"


@pytest.mark.parametrize(("name", "unit"), [("pue", "1"), ("training_duration", "s"), ("facility_power", "W"), ("training_energy", "J")])
def test_a_quantity_has_the_unit_of_its_parameter_or_its_equation(name, unit):
    assert quantities.unit_of(name) == quantities.quantity(name).unit == unit
    assert quantities.meaning_of(name) == quantities.quantity(name).meaning


def test_a_name_that_is_no_quantity_is_a_key_error():
    for function in (quantities.unit_of, quantities.meaning_of, quantities.quantity):
        with pytest.raises(KeyError):
            function("exceeds_memory")
