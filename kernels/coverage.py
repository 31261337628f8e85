"""What the training model covers. What belongs here: formats that a GPU lacks, and points beyond what the model was compared with."""

from sweep.registry import rule


@rule(guards=("step_time",), source="epoch")
def precision_not_supported(peak_rate):
    """The GPU has no tensor unit for this number format, or its rate is not known.

    peak_rate: dense peak rate of the GPU in the format [FLOP/s]
    """
    return peak_rate != peak_rate


@rule(source="megascale")
def stragglers_extrapolated(gpus, straggler_growth):
    """The assumed loss to stragglers exceeds a sixteenth, in a cluster larger than any among the published runs (a warning).

    gpus: N, GPUs of the cluster [1]
    straggler_growth: g, growth of the step time with each GPU [1]
    """
    return 16 * straggler_growth * gpus > 1


@rule(source="aiconfigurator-core")
def gpu_not_calibrated(gemm_efficiency):
    """The efficiencies of this GPU are those of other GPUs, not measured on its kind (a warning).

    gemm_efficiency: share of the peak that products reach, as fitted; 0 where nothing was measured [1]
    """
    return gemm_efficiency == 0
