"""Exchange between the GPUs of a served model, by hand: counts of collectives, bytes of a ring, and where the fast links end."""

import pytest

from sweep.kernels.serving import communication


@pytest.mark.parametrize(
    ("tensor", "ranks", "bandwidth"), [(8.0, 1.0, 450.0), (4.0, 2.0, 450.0), (4.0, 3.0, 50.0), (8.0, 2.0, 50.0), (1.0, 9.0, 50.0)]
)
def test_serving_link_rate_ends_at_domain(tensor, ranks, bandwidth):
    given = {"scaleup_domain": 8.0, "scaleup_bandwidth": 450.0, "scaleout_bandwidth": 50.0}
    assert communication.serving_bandwidth(serving_tp=tensor, serving_dp=ranks, **given) == bandwidth


@pytest.mark.parametrize(
    ("tensor", "ranks", "bandwidth", "broken"),
    [(8.0, 1.0, 0.0, False), (8.0, 2.0, 0.0, True), (8.0, 2.0, 50.0, False), (4.0, 2.0, 0.0, False)],
)
def test_serving_beyond_domain_requires_network(tensor, ranks, bandwidth, broken):
    run = {"serving_tp": tensor, "serving_dp": ranks, "scaleup_domain": 8.0, "scaleout_bandwidth": bandwidth}
    assert communication.serving_without_network(**run) == broken


@pytest.mark.parametrize(
    ("tensor", "ranks", "count"), [(1, 1, 0), (8, 1, 200), (2, 1, 200), (1, 8, 120), (1, 2, 120), (8, 2, 260), (2, 2, 260)]
)
def test_serving_collectives_of_pass(tensor, ranks, count):
    """100 layers, 60 with experts: two for each layer with tensor parallelism; to and from the experts with ranks of their own."""
    assert communication.collectives_per_pass(layers=100, moe_layers=60, serving_tp=tensor, serving_dp=ranks) == count


LAYERS = {"layers": 10, "moe_layers": 6, "hidden_size": 100, "activation_bits": 16}


@pytest.mark.parametrize(
    ("tensor", "ranks", "groups", "visited", "numbers"),
    [
        (1, 1, 1, 4, 0),  # one GPU exchanges nothing
        (4, 1, 1, 4, 20 * 1.5),  # a ring of 4 sends 2 x 3/4 in each of 20 all-reduces
        (1, 8, 8, 4, 2 * 6 * 4),  # four experts' worth there and back
        (1, 2, 2, 4, 2 * 6 * 1),  # one other group to send to
        (1, 2, 1, 4, 2 * 6 * 1),
        (1, 3, 3, 4, 2 * 6 * 2),
        (2, 4, 8, 4, 14 * 1 + 2 * 6 * 4 / 2),  # all-reduces of attention alone where there are experts
    ],
)
def test_serving_bytes_exchanged_per_token(tensor, ranks, groups, visited, numbers):
    found = communication.exchanged_bytes_per_token(
        **LAYERS, experts_per_token=visited, serving_tp=tensor, serving_dp=ranks, serving_ep=groups
    )
    assert found == pytest.approx(numbers * 100 * 2)


def test_serving_latency_does_not_depend_on_size():
    assert communication.collective_wait(collectives_per_pass=200.0, collective_latency=1e-5) == pytest.approx(2e-3)


def test_serving_exchange_time_is_unhidden_part():
    given = {"serving_bandwidth": 450.0, "link_efficiency": 0.8, "exchange_overlap": 0.25}
    assert communication.exchange_time_per_token(exchanged_bytes_per_token=720.0, **given) == pytest.approx(1.5)
    assert communication.exchange_time_per_token(exchanged_bytes_per_token=0.5, **given) == pytest.approx(0.5 * 0.75 / 360)
    assert communication.exchange_time_per_token(exchanged_bytes_per_token=0.0, **{**given, "link_efficiency": 0.0}) == 0
