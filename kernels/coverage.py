"""What the training model covers. What belongs here: formats that a GPU lacks, and points beyond what the model was compared with."""

from sweep.registry import rule


@rule(guards=("step_time",), source="epoch")
def precision_not_supported(peak_rate):
    """The GPU has no tensor unit for this number format, or its rate is not known.

    peak_rate: dense peak rate of the GPU in the format [FLOP/s]
    """
    return peak_rate != peak_rate


@rule(source="megascale")
def beyond_calibrated_cluster(gpus, largest_calibrated_cluster):
    """The cluster is larger than any whose step time the model was compared with (a warning).

    gpus: N, GPUs of the cluster [1]
    largest_calibrated_cluster: GPUs of the largest cluster among the published runs [1]
    """
    return gpus > largest_calibrated_cluster


@rule(source="aiconfigurator-core")
def gpu_not_calibrated(calibrated):
    """The efficiencies of this GPU are those of other GPUs, not measured on its kind (a warning).

    calibrated: 1 where tables of measured products or published runs of this kind of GPU were fitted [1]
    """
    return calibrated == 0


@rule(source="dao-2023")
def beyond_calibrated_sequence(sequence_length, longest_calibrated_sequence):
    """The sequence is longer than any whose step time the model was compared with (a warning).

    sequence_length: s, tokens in one sequence [token]
    longest_calibrated_sequence: tokens of the longest sequence among the published runs [token]
    """
    return sequence_length > longest_calibrated_sequence
