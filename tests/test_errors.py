"""How a mistake names the nearest legal thing."""

from sweep.errors import suggestion


def test_suggestion_is_nearest_name_or_short_list():
    assert suggestion("gpuz", ["gpus", "pue"]) == "; did you mean 'gpus'?"
    assert suggestion("x", ["gpus", "pue"]) == "; there is: gpus, pue"
    assert suggestion("x", [f"n{i:02}" for i in range(20)]) == ""
    assert suggestion("x", []) == ""
