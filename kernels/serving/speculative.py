"""Speculative decoding. What belongs here: what a draft costs per step and how many tokens a step then writes.

The wider step itself is in decode.py and batching.py, through step_width.
"""

from sweep.equations.registry import equation, rule


@equation(unit="1", source="leviathan-2023")
def step_width(draft_tokens):
    """Tokens of one sequence that one pass of the model checks.

    w = g + 1

    draft_tokens: g, tokens that a draft proposes in one step [token]
    """
    return draft_tokens + 1


@equation(unit="token", source="leviathan-2023")
def accepted_tokens(draft_tokens, acceptance):
    """Tokens of one sequence that one step writes, mean.

    n = (1 - a^(g + 1)) / (1 - a)

    draft_tokens: g, tokens that a draft proposes in one step [token]
    acceptance: a, probability that a proposed token is accepted [1]
    """
    if draft_tokens <= 0:
        return 1.0
    if acceptance >= 1:
        return draft_tokens + 1
    return (1 - acceptance ** (draft_tokens + 1)) / (1 - acceptance)


@equation(unit="s", source="leviathan-2023")
def draft_read_time(draft_tokens, draft_parameters, weight_bits, serving_tp, hbm_bandwidth, bandwidth_efficiency):
    """Time to read the draft's weights, once for each token that it proposes.

    t = g P_d b / 8 / (t b_m e)

    draft_tokens: g, tokens that a draft proposes in one step [token]
    draft_parameters: P_d, parameters that the draft reads for one token [1]
    weight_bits: b, bits of one stored weight [1]
    serving_tp: t, tensor-parallel size [1]
    hbm_bandwidth: b_m, memory bandwidth of one GPU [B/s]
    bandwidth_efficiency: e, share of it that reading weights reaches [1]
    """
    return draft_tokens * draft_parameters * weight_bits / 8 / (serving_tp * hbm_bandwidth * bandwidth_efficiency)


@equation(unit="s", source="leviathan-2023")
def draft_compute_time(draft_tokens, draft_parameters, serving_gpus, serving_peak_rate, matmul_efficiency):
    """Time of the draft's operations for one sequence and step.

    t = 2 g P_d / (N r e)

    draft_tokens: g, tokens that a draft proposes in one step [token]
    draft_parameters: P_d, parameters that the draft reads for one token [1]
    serving_gpus: N, GPUs of one replica [1]
    serving_peak_rate: r, dense peak rate of one GPU [FLOP/s]
    matmul_efficiency: e, share of it that matrix multiplications reach [1]
    """
    return 2 * draft_tokens * draft_parameters / (serving_gpus * serving_peak_rate * matmul_efficiency)


@rule(guards=("accepted_tokens",), source="leviathan-2023")
def draft_longer_than_output(draft_tokens, output_tokens):
    """A draft proposes more tokens than the response has.

    draft_tokens: tokens that a draft proposes in one step [token]
    output_tokens: output tokens of one response [token]
    """
    return draft_tokens >= output_tokens and draft_tokens > 0
