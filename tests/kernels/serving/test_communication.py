"""Exchange between the GPUs of a served model, by hand: counts of exchanges, bytes of a ring, and where the fast links end."""

import pytest

from sweep.kernels.serving import communication


@pytest.mark.parametrize(("tensor", "bandwidth"), [(1.0, 450.0), (8.0, 450.0), (9.0, 50.0), (16.0, 50.0)])
def test_serving_link_rate_ends_at_domain(tensor, bandwidth):
    given = {"scaleup_domain": 8.0, "scaleup_bandwidth": 450.0, "scaleout_bandwidth": 50.0}
    assert communication.serving_bandwidth(serving_tp=tensor, **given) == bandwidth


@pytest.mark.parametrize(("tensor", "ranks", "share"), [(1, 8, 0), (2, 4, 0), (4, 4, 0.5), (1, 32, 0.75), (1, 64, 0.875), (1, 2, 0)])
def test_serving_experts_lie_in_other_domains(tensor, ranks, share):
    assert communication.expert_network_share(serving_tp=tensor, serving_dp=ranks, scaleup_domain=8) == share


@pytest.mark.parametrize(
    ("tensor", "ranks", "bandwidth", "broken"),
    [(8.0, 1.0, 0.0, False), (8.0, 2.0, 0.0, True), (8.0, 2.0, 50.0, False), (8.0, 2.0, 0.5, False), (4.0, 2.0, 0.0, False)],
)
def test_serving_beyond_domain_requires_network(tensor, ranks, bandwidth, broken):
    run = {"serving_tp": tensor, "serving_dp": ranks, "scaleup_domain": 8.0, "scaleout_bandwidth": bandwidth}
    assert communication.serving_without_network(**run) == broken


@pytest.mark.parametrize(
    ("tensor", "ranks", "reduces", "dispatches"),
    [(1, 1, 0, 0), (8, 1, 200, 0), (2, 1, 200, 0), (1, 8, 0, 120), (1, 2, 0, 120), (8, 2, 140, 120), (2, 2, 140, 120)],
)
def test_serving_exchanges_of_pass(tensor, ranks, reduces, dispatches):
    """100 layers, 60 with experts: two for each layer with tensor parallelism; to and from the experts with ranks of their own."""
    assert communication.reduces_per_pass(layers=100, moe_layers=60, serving_tp=tensor, serving_dp=ranks) == reduces
    assert communication.dispatches_per_pass(moe_layers=60, serving_dp=ranks) == dispatches


@pytest.mark.parametrize(("tensor", "numbers"), [(1, 0), (2, 20 * 1), (4, 20 * 1.5)])
def test_serving_ring_sends_twice_nearly_all(tensor, numbers):
    """A ring of 4 sends 2 x 3/4 of 100 numbers of 2 bytes in each of 20 all-reduces."""
    found = communication.reduced_bytes_per_token(reduces_per_pass=20, hidden_size=100, activation_bits=16, serving_tp=tensor)
    assert found == pytest.approx(numbers * 100 * 2)


@pytest.mark.parametrize(("tensor", "groups", "copies"), [(1, 8, 4), (1, 2, 1), (1, 1, 1), (1, 3, 2), (2, 8, 2), (1, 100, 4)])
def test_serving_dispatch_sends_copy_to_each_expert(tensor, groups, copies):
    """A token visits 4 experts, or as many as there are other groups; 12 exchanges of 100 numbers of 2 bytes."""
    found = communication.dispatched_bytes_per_token(
        dispatches_per_pass=12, hidden_size=100, experts_per_token=4, activation_bits=16, serving_tp=tensor, serving_ep=groups
    )
    assert found == pytest.approx(12 * copies * 100 * 2)


@pytest.mark.parametrize(("share", "seconds"), [(0.0, 300 * 1e-5), (0.5, 200 * 1e-5 + 100 * 4e-5)])
def test_serving_latency_is_longer_over_network(share, seconds):
    found = communication.collective_wait(
        reduces_per_pass=200.0, dispatches_per_pass=100.0, engine_collective_time=1e-5, expert_network_share=share,
        network_dispatch_time=4e-5,
    )
    assert found == pytest.approx(seconds)


LINKS = {"serving_bandwidth": 450.0, "scaleup_bandwidth": 900.0, "link_efficiency": 0.8}
NETWORK = {"scaleout_bandwidth": 50.0, "network_efficiency": 0.9}


@pytest.mark.parametrize(
    ("reduced", "dispatched", "share", "overlap", "seconds"),
    [
        (720.0, 0.0, 0.0, 0.25, 1.5),
        (0.0, 1440.0, 0.0, 0.0, 2.0),
        (720.0, 1440.0, 0.0, 0.5, 2.0),
        (0.0, 1440.0, 0.5, 0.0, 16.0),  # 720 over the network, and 720 inside meanwhile
        (0.0, 1440.0, 0.01, 0.0, 1.98),  # little over the network, which is done first
        (0.36, 0.72, 0.0, 0.5, 0.001),  # half a byte takes its time, too
        (0.0, 0.72, 0.5, 0.0, 0.008),
    ],
)
def test_serving_exchange_time_is_unhidden_part_of_slower_link(reduced, dispatched, share, overlap, seconds):
    found = communication.exchange_time_per_token(
        reduced_bytes_per_token=reduced, dispatched_bytes_per_token=dispatched, expert_network_share=share, exchange_overlap=overlap,
        **LINKS, **NETWORK,
    )
    assert found == pytest.approx(seconds)


def test_serving_dispatch_inside_domain_requires_no_network():
    found = communication.exchange_time_per_token(
        reduced_bytes_per_token=0.0, dispatched_bytes_per_token=1440.0, expert_network_share=0.0, exchange_overlap=0.0,
        **LINKS, **NETWORK | {"scaleout_bandwidth": 0.0},
    )
    assert found == pytest.approx(1440 / (900 * 0.8))


def test_serving_exchange_of_nothing_requires_no_link():
    found = communication.exchange_time_per_token(
        reduced_bytes_per_token=0.0, dispatched_bytes_per_token=0.0, expert_network_share=0.5, exchange_overlap=0.0,
        **LINKS | {"link_efficiency": 0.0}, **NETWORK | {"scaleout_bandwidth": 0.0},
    )
    assert found == 0


def test_serving_combine_over_network_takes_measured_time():
    """DeepEP on H100 at 450 and 50 GB/s: 128 tokens of 7168 numbers to 8 experts over 2, 4, 8 servers, 188, 266, 306 us in tables."""
    for servers, measured in ((2, 188.2e-6), (4, 266.0e-6), (8, 305.7e-6)):
        token = communication.exchange_time_per_token(
            reduced_bytes_per_token=0.0, dispatched_bytes_per_token=8 * 7168 * 2.0, expert_network_share=1 - 1 / servers,
            serving_bandwidth=450e9, scaleup_bandwidth=450e9, link_efficiency=0.485, scaleout_bandwidth=50e9, network_efficiency=0.92,
            exchange_overlap=0.0,
        )
        assert 128 * token + 36e-6 == pytest.approx(measured, rel=0.05)
