"""What the training model does not cover has a name."""

from at_point import evaluate

RUN = {"gpus": 64, "global_batch": 64, "sequence_length": 4096, "gpu_memory": 1e12}


def test_a_format_that_the_gpu_lacks():
    found, flags = evaluate("step_time", {"gpu": "a100-sxm-80gb", "model": "llama-3.1-8b"}, precision="fp8", **RUN)
    assert found != found
    assert "precision_not_supported" in flags


def test_a_gpu_without_measurements_is_a_warning():
    found, flags = evaluate("step_time", {"gpu": "mi300x", "model": "llama-3.1-8b"}, **RUN)
    assert found > 0
    assert "gpu_not_calibrated" in flags


def test_a_cluster_beyond_all_published_runs_is_a_warning():
    big = {**RUN, "gpus": 65536, "global_batch": 65536}
    _, flags = evaluate("step_time", {"gpu": "h100-sxm", "model": "llama-3.1-8b"}, **big)
    assert "stragglers_extrapolated" in flags
    _, flags = evaluate("step_time", {"gpu": "h100-sxm", "model": "llama-3.1-8b"}, **RUN)
    assert flags == set()
