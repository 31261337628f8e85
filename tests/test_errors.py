"""How a mistake names the nearest legal thing."""

from sweep.errors import suggestion


def test_suggestion_is_nearest_name_or_short_list():
    assert suggestion("gpuz", ["gpus", "pue"]) == "; did you mean 'gpus'?"
    assert suggestion("x", ["gpus", "pue"]) == "; there is: gpus, pue"
    assert suggestion("x", [f"n{i:02}" for i in range(20)]) == ""
    assert suggestion("x", []) == ""


def test_suggestion_offers_names_that_hold_the_word_whatever_its_case():
    gpus = [*(f"a{i}" for i in range(20)), "h100-nvl", "h100-pcie", "h100-sxm", "h200-sxm"]
    for word in ("H100", "h100"):
        assert suggestion(word, gpus) == "; did you mean 'h100-nvl' or 'h100-pcie' or 'h100-sxm'?"
    assert suggestion("PUE", ["pue", "part_load_pue"]) == "; did you mean 'pue'?"
    assert suggestion("H200-SXM", gpus) == "; did you mean 'h200-sxm'?"
    assert suggestion("H", gpus) == ""
