"""Measured errors by regime, as configs/accuracy.yaml says them."""

from sweep.catalog.accuracy import Regime, accuracy, percent
from sweep.catalog.parameters import parameters


def test_regime_text_has_error_and_results():
    assert str(Regime("dense models", "experts == 0", "", 4.84, 122.4, 30, 7)) == (
        "median error 4.8 %, 90th percentile 122 % (dense models, n = 30 in 7 families)"
    )
    assert (percent(99.4), percent(99.6)) == ("99 %", "100 %")


def test_regimes_of_residuals_have_ranges_and_cover_all_points():
    known = {p.residual_of for p in parameters().values() if p.residual_of}
    assert len(known) == 4
    for name in known:
        assert all(0 < one.low <= 1 <= one.high and 0 <= one.family + one.job <= 1 <= one.tail for one in accuracy()[name])
        last = [one.when for one in accuracy()[name]]
        assert last[-1] == "" or {"experts == 0", "experts > 0"} <= set(last)


def test_accuracy_is_in_percent():
    assert all(0 < one.median < one.p90 < 1000 and one.rows >= one.families for some in accuracy().values() for one in some)
