"""How a mistake names the nearest legal thing."""

from sweep.errors import suggestion


def test_a_suggestion_is_the_nearest_name_or_all_there_are_where_they_are_few():
    assert suggestion("gpuz", ["gpus", "pue"]) == "; did you mean 'gpus'?"
    assert suggestion("x", ["gpus", "pue"]) == "; there is: gpus, pue"
    assert suggestion("x", [f"n{i:02}" for i in range(20)]) == ""
    assert suggestion("x", []) == ""
