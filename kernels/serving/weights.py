"""Weights of a served model. What belongs here: how many there are of each kind, their bytes, and what a batch reads of them.

How many parameters a model has is in transformer.py; the time to read them is in decode.py.
"""

import math

from sweep.equations.registry import equation, rule


@equation(unit="1", source="fedus-2021")
def expert_weights(moe_layers, experts, expert_parameters):
    """Parameters of all routed experts.

    X = l_x E p

    moe_layers: l_x, layers whose MLP is a mixture of experts [1]
    experts: E, routed experts of one of them [1]
    expert_parameters: p, parameters of one routed expert [1]
    """
    return moe_layers * experts * expert_parameters


@equation(unit="1", source="fedus-2021")
def dense_weights(total_parameters, expert_weights, embedding_parameters, head_parameters):
    """Parameters that every token reads in the layers: attention, dense MLPs, shared experts, routers.

    D = P - X - V - V_h

    total_parameters: P, parameters of the model [1]
    expert_weights: X, parameters of all routed experts [1]
    embedding_parameters: V, parameters of the embedding [1]
    head_parameters: V_h, parameters of the output head that are not those of the embedding [1]
    """
    return total_parameters - expert_weights - embedding_parameters - head_parameters


@equation(unit="1", source="fedus-2021")
def expert_weights_per_token(expert_weights, experts, experts_per_token):
    """Parameters of the routed experts that one token visits.

    x = X k / E

    expert_weights: X, parameters of all routed experts [1]
    experts: E, routed experts of a layer [1]
    experts_per_token: k, experts that a token visits [1]
    """
    if experts <= 0:
        return 0.0
    return expert_weights * experts_per_token / experts


@equation(unit="1", source="gpt-oss-2025")
def dense_weight_bits(weight_bits, experts):
    """Bits of one weight outside the routed experts; a mixture in 4 bits keeps the others in 16.

    b_d = b, or 16 where b < 8 and E > 0

    weight_bits: b, bits of one stored weight [1]
    experts: E, routed experts of a layer [1]
    """
    if experts > 0 and weight_bits < 8:
        return 16.0
    return weight_bits


@equation(unit="B", source="gpt-oss-2025")
def dense_weight_bytes(dense_weights, dense_weight_bits, embedding_parameters):
    """Bytes that every step reads: the weights of all layers outside the experts, and the head in 16 bits.

    W_d = D b_d / 8 + 2 V

    dense_weights: D, parameters that every token reads in the layers [1]
    dense_weight_bits: b_d, bits of one of them [1]
    embedding_parameters: V, parameters of the output head, as many as of the embedding [1]
    """
    return dense_weights * dense_weight_bits / 8 + 2 * embedding_parameters


@equation(unit="B", source="gpt-oss-2025")
def expert_weight_bytes(expert_weights, weight_bits):
    """Bytes of all routed experts.

    W_x = X b / 8

    expert_weights: X, parameters of all routed experts [1]
    weight_bits: b, bits of one stored weight [1]
    """
    return expert_weights * weight_bits / 8


@equation(unit="1", source="pope-2022")
def serving_gpus(serving_tp, serving_pp, serving_dp):
    """GPUs of one replica.

    N = t p d

    serving_tp: t, tensor-parallel size of attention [1]
    serving_pp: p, pipeline stages [1]
    serving_dp: d, ranks with their own sequences [1]
    """
    return serving_tp * serving_pp * serving_dp


@equation(unit="B", source="pope-2022")
def weight_bytes_per_gpu(dense_weight_bytes, expert_weight_bytes, head_parameters, serving_tp, serving_pp, serving_gpus):
    """Bytes of weights on one GPU; data-parallel ranks hold copies of all but the experts.

    W = (W_d + 2 V_h) / (t p) + W_x / N

    dense_weight_bytes: W_d, weights outside the experts, with the head [B]
    expert_weight_bytes: W_x, weights of the experts [B]
    head_parameters: V_h, parameters of an output head that is not the embedding, both of which are kept [1]
    serving_tp: t, tensor-parallel size of attention [1]
    serving_pp: p, pipeline stages [1]
    serving_gpus: N, GPUs of one replica [1]
    """
    return (dense_weight_bytes + 2 * head_parameters) / (serving_tp * serving_pp) + expert_weight_bytes / serving_gpus


@equation(unit="1", source="aiconfigurator-core")
def expert_visits(experts, experts_per_token, step_width, serving_pp):
    """Mean visits of one expert by the tokens of one sequence in a step, such that one token reads k experts of E.

    u = 2 ((1 - k / E)^(-1/2) - 1) w / p

    experts: E, routed experts of a layer [1]
    experts_per_token: k, experts that a token visits [1]
    step_width: w, tokens of one sequence that a pass checks [1]
    serving_pp: p, pipeline stages, each with its part of the batch [1]
    """
    if experts <= 0 or experts_per_token >= experts:
        return math.inf
    return 2 * (1 / math.sqrt(1 - experts_per_token / experts) - 1) * step_width / serving_pp


def largest_of(count):
    """Mean of the largest of so many numbers of a standard normal distribution, by midpoints in steps of 1 / 8 up to 6."""
    found = 0.0
    for place in range(48):
        below = (1 + math.erf((place + 1 / 2) / (8 * math.sqrt(2)))) / 2
        found = found + 1 - below**count - (1 - below) ** count
    return found / 8


@equation(unit="1", source="fedus-2021")
def expert_group_imbalance(experts, serving_ep):
    """Load of the busiest group of experts over the mean, where experts are spread and popular ones lie in some groups.

    m = 1 + z(g) (g / (2 E))^(1/2), z(g) the mean largest of g normal deviations: popularity has, by assumption, a gamma distribution of
    shape 2. Compared with 16 and more experts to a group; with fewer, or where an engine keeps copies of popular ones, m may be less

    experts: E, routed experts of a layer [1]
    serving_ep: g, groups of GPUs over which they are spread [1]
    """
    if experts <= 0 or serving_ep <= 1:
        return 1.0
    return 1 + largest_of(serving_ep) * math.sqrt(serving_ep / (2 * experts))


@rule(guards=("serving_gpus",), source="shoeybi-2019")
def heads_not_divisible_by_serving_tp(attention_heads, serving_tp):
    """The tensor-parallel size of serving does not divide the attention heads.

    attention_heads: query heads of a layer [1]
    serving_tp: tensor-parallel size of attention [1]
    """
    return attention_heads % serving_tp != 0


@rule(guards=("serving_gpus",), source="pope-2022")
def expert_groups_exceed_gpus(serving_ep, serving_tp, serving_dp):
    """The experts are spread over more groups than a pipeline stage has GPUs.

    serving_ep: groups of GPUs over which the experts are spread [1]
    serving_tp: tensor-parallel size of attention [1]
    serving_dp: ranks with their own sequences [1]
    """
    return serving_ep > serving_tp * serving_dp


@rule(guards=("dense_weight_bytes",), source="epoch")
def serving_precision_not_supported(serving_peak_rate):
    """The GPU has no tensor unit for the number format of serving, or its rate is not known.

    serving_peak_rate: dense peak rate of the GPU in the format [FLOP/s]
    """
    return serving_peak_rate != serving_peak_rate


@equation(unit="FLOP/s", source="latif-2024")
def serving_rate(serving_peak_rate, limited_clock):
    """Dense peak rate of one GPU in the precision of serving under its power limit.

    r = R c

    serving_peak_rate: R, dense peak rate of the GPU in the format [FLOP/s]
    limited_clock: c, clock under the power limit over that at rated power [1]
    """
    return serving_peak_rate * limited_clock


@equation(unit="FLOP/s", source="latif-2024")
def serving_rate_16bit(peak_rate_16bit, limited_clock):
    """Dense peak rate of one GPU in 16-bit formats under its power limit.

    r = R c

    peak_rate_16bit: R, dense peak rate of the GPU in 16-bit formats [FLOP/s]
    limited_clock: c, clock under the power limit over that at rated power [1]
    """
    return peak_rate_16bit * limited_clock
