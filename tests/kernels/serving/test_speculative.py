"""Speculative decoding, against the worked example of its paper and sums by hand."""

import pytest

from sweep.kernels.serving import speculative


def test_speculative_tokens_per_step_equal_leviathan_2023():
    """Its formula (1): with acceptance 0.8 and 4 or 9 proposed tokens, 3.36 and 4.46 tokens a step; each term is one more accepted."""
    assert speculative.step_width(draft_tokens=4.0, draft_tree_tokens=0.0) == 5
    for drafted, printed in ((4.0, 3.36), (9.0, 4.46)):
        assert speculative.accepted_tokens(draft_tokens=drafted, acceptance=0.8, acceptance_falloff=1.0) == pytest.approx(printed, abs=5e-3)


@pytest.mark.parametrize("acceptance", [0.0, 0.25, 0.75, 1.0])
@pytest.mark.parametrize("drafted", [1, 2, 6])
def test_speculative_tokens_per_step_equal_sum_of_powers(drafted, acceptance):
    assert speculative.accepted_tokens(draft_tokens=drafted, acceptance=acceptance, acceptance_falloff=1.0) == pytest.approx(
        sum(acceptance**i for i in range(drafted + 1))
    )


def test_speculative_acceptance_that_falls_gives_the_tokens_of_eagle_in_vllm():
    """Pull request 16035 of vLLM: 1.89 tokens a step with 2 drafted and 2.08 with 4."""
    for drafted, printed in ((2.0, 1.89), (4.0, 2.08)):
        found = speculative.accepted_tokens(draft_tokens=drafted, acceptance=0.59, acceptance_falloff=0.87)
        assert found == pytest.approx(printed, abs=0.01)


def test_speculative_tree_is_checked_whole():
    assert speculative.step_width(draft_tokens=4.0, draft_tree_tokens=11.0) == 16
    assert speculative.step_width(draft_tokens=0.0, draft_tree_tokens=11.0) == 1
    assert speculative.step_width(draft_tokens=1.0, draft_tree_tokens=0.0) == 2


def test_speculative_step_without_draft_is_one_token():
    assert speculative.accepted_tokens(draft_tokens=0.0, acceptance=0.5, acceptance_falloff=0.5) == 1
    assert speculative.accepted_tokens(draft_tokens=0.0, acceptance=1.0, acceptance_falloff=1.0) == 1


def test_speculative_draft_reads_weights_per_token():
    """Four times a billion weights of 8 bits over two GPUs of 2 TB/s at 80 %, and four passes of 0.5 ms: 1.25 + 2 ms."""
    given = {"draft_parameters": 1e9, "weight_bits": 8.0, "serving_tp": 2.0, "hbm_bandwidth": 2e12, "bandwidth_efficiency": 0.8}
    assert speculative.draft_time(draft_tokens=4.0, draft_pass_time=5e-4, **given) == pytest.approx(3.25e-3)


@pytest.mark.parametrize(
    ("drafted", "own", "seconds"), [(0, 0.5e-3, 0.5e-3), (1, 0.5e-3, 2e-3), (4, 0.5e-3, 2e-3), (4, 9e-3, 9e-3), (0, 9e-3, 9e-3)]
)
def test_speculative_step_waits_for_engine(drafted, own, seconds):
    assert speculative.engine_wait(draft_tokens=drafted, engine_step_time=own, engine_drafted_step_time=2e-3) == seconds


def test_speculative_draft_flops_are_two_per_weight():
    found = speculative.draft_compute_time(
        step_width=5.0, draft_parameters=1e9, serving_gpus=2.0, serving_rate=1e15, matmul_efficiency=0.5
    )
    assert found == pytest.approx(8e-6)


@pytest.mark.parametrize(
    ("drafted", "written", "longer"), [(0, 0, False), (0, 5, False), (1, 1, True), (4, 5, False), (5, 5, True), (6, 5, True)]
)
def test_speculative_draft_is_shorter_than_response(drafted, written, longer):
    assert speculative.draft_longer_than_output(draft_tokens=drafted, output_tokens=written) is longer
