"""The linear layers of a transformer on one GPU. What belongs here: their weights, and how long their matrix products take.

A product takes its operations at the rate that large products reach, plus the part of its operand traffic that does not
hide behind them, plus a start. That is linear, so that the products of a layer add up and small products are slow by themselves.
"""

from sweep.equations.registry import equation, rule
from sweep.kernels.choices import FP4, FP8


@equation(unit="1", source="aiconfigurator-core")
def format_efficiency(precision, fp8_efficiency, fp4_efficiency):
    """Efficiency of products in a narrow number format relative to products in a 16-bit format.

    1 in 16 bits and wider

    precision: number format of the products [1]
    fp8_efficiency: efficiency of 8-bit products over that of 16-bit products [1]
    fp4_efficiency: efficiency of 4-bit products over that of 16-bit products [1]
    """
    if precision == FP4:
        return fp4_efficiency
    if precision >= FP8:
        return fp8_efficiency
    return 1.0


@equation(unit="1", source="latif-2024")
def limited_clock(gpu_tdp, power_cap, rated_power, static_power_fraction):
    """Clock that the tensor units keep under the power limit over their clock at rated power.

    c = min(1, (k P / P_r - f) / (1 - f)), as dynamic power grows with the clock

    gpu_tdp: P, thermal design power of the GPU [W]
    power_cap: k, power limit that is set on the GPU over its thermal design power [1]
    rated_power: P_r, power limit at which its efficiencies were measured [W]
    static_power_fraction: f, share of the rated power that does not depend on the clock [1]
    """
    dynamic = (power_cap * gpu_tdp / rated_power - static_power_fraction) / (1 - static_power_fraction)
    return max(0.0, min(1.0, dynamic))


@equation(unit="1", source="latif-2024")
def sustained_clock(training_clock, limited_clock):
    """Clock that the tensor units keep in a training run over their clock in a short burst at rated power.

    c = c_t c_l

    training_clock: c_t, rate kept in a training run at rated power over that of a short burst [1]
    limited_clock: c_l, clock under the power limit over that at rated power [1]
    """
    return training_clock * limited_clock


@equation(unit="1", source="aiconfigurator-core")
def burst_efficiency(gemm_efficiency, typical_gemm_efficiency):
    """Share of the peak that large 16-bit products reach in a short burst: measured, or that of a typical GPU.

    e where measured, else e_t

    gemm_efficiency: e, share of the peak as measured; 0 where nothing was [1]
    typical_gemm_efficiency: e_t, that of a typical GPU [1]
    """
    if gemm_efficiency > 0:
        return gemm_efficiency
    return typical_gemm_efficiency


@equation(unit="FLOP/s", source="aiconfigurator-core")
def gemm_rate(peak_rate, burst_efficiency, format_efficiency, sustained_clock, precision, wide_format_clock):
    """Rate of large matrix products in a training loop.

    R = e f c R_peak, and w times that in 16 bits and wider

    peak_rate: R_peak, dense peak rate of the GPU in the format of the products [FLOP/s]
    burst_efficiency: e, share of the peak that large 16-bit products reach in a short burst [1]
    format_efficiency: f, efficiency of the format over that of 16 bits [1]
    sustained_clock: c, clock that the GPU keeps under its power limit over the clock of a short burst [1]
    precision: number format of the products [1]
    wide_format_clock: w, clock kept in 16 bits over that kept in narrower formats [1]
    """
    rate = peak_rate * burst_efficiency * format_efficiency * sustained_clock
    return rate if precision >= FP8 else wide_format_clock * rate


@equation(unit="B/s", source="aiconfigurator-core")
def operand_rate(hbm_bandwidth, operand_exposure):
    """Rate at which the operands of a product seem to arrive, since most of their traffic hides behind the operations.

    r = B / x

    hbm_bandwidth: B, memory bandwidth of one GPU [B/s]
    operand_exposure: x, share of the operand traffic that does not hide [1]
    """
    return hbm_bandwidth / operand_exposure


@equation(unit="1", source="deepseek-v3")
def attention_weights(mixing_parameters, layers):
    """Elements of the matrices that mix tokens in one layer, the mean of all layers: query, key, value, output, and those of states.

    w = P / L

    mixing_parameters: P, what mixes tokens in all layers [1]
    layers: L, transformer layers [1]
    """
    return mixing_parameters / layers


@equation(unit="1", source="korthikanti-2022")
def attention_width(
    full_attention_layers,
    score_width,
    kv_heads,
    head_size,
    value_head_size,
    windowed_layers,
    window_score_width,
    window_kv_width,
    state_layers,
    state_parameters,
    hidden_size,
    layers,
):
    """Columns of query, key, value and context that tensor parallelism divides, for one token; the mean of all layers.

    (L_f (w_f + k (d + d_v)) + L_w (w_w + k_w) + L_s P_s / h) / L, a state having as many as its matrices have columns

    full_attention_layers: L_f, layers in which a token attends to all before it [1]
    score_width: w_f, columns of query and context in one of them [1]
    kv_heads: k, key and value heads [1]
    head_size: d, width of one query and key head [1]
    value_head_size: d_v, width of one value head [1]
    windowed_layers: L_w, layers with windowed attention [1]
    window_score_width: w_w, columns of query and context in one of them [1]
    window_kv_width: k_w, columns of key and value in one of them [1]
    state_layers: L_s, layers that keep a state [1]
    state_parameters: P_s, parameters of the mixing of one of them [1]
    hidden_size: h, width of the residual stream [1]
    layers: L, transformer layers [1]
    """
    full = full_attention_layers * (score_width + kv_heads * (head_size + value_head_size))
    windowed = windowed_layers * (window_score_width + window_kv_width)
    return (full + windowed + state_layers * state_parameters / hidden_size) / layers


@equation(unit="s", source="aiconfigurator-core")
def attention_products_time(local_tokens, tp, attention_weights, attention_width, hidden_size, gemm_rate, operand_rate, gemm_start_time):
    """Time of the projections of one attention layer, forward, for one micro-batch.

    t = 2 n w / (t R) + 2 (n (2 h + a / t) + w / t) / r + 2 t_0

    local_tokens: n, tokens of one micro-batch on one rank [token]
    tp: t, tensor-parallel size [1]
    attention_weights: w, elements of the projection matrices [1]
    attention_width: a, columns that tensor parallelism divides [1]
    hidden_size: h, width of the residual stream [1]
    gemm_rate: R, rate of large matrix products [FLOP/s]
    operand_rate: r, rate at which operands seem to arrive [B/s]
    gemm_start_time: t_0, time of a product beyond its work [s]
    """
    operands = local_tokens * (2 * hidden_size + attention_width / tp) + attention_weights / tp
    return 2 * local_tokens * attention_weights / (tp * gemm_rate) + 2 * operands / operand_rate + 2 * gemm_start_time


@equation(unit="s", source="aiconfigurator-core")
def mlp_products_time(local_tokens, tp, ffn_hidden_size, mlp_matrices, hidden_size, gemm_rate, operand_rate, gemm_start_time):
    """Time of the matrix products of one dense MLP, forward, for one micro-batch.

    t = 2 n k h f / (t R) + 2 (n (2 h + k f / t) + k h f / t) / r + 2 t_0

    local_tokens: n, tokens of one micro-batch on one rank [token]
    tp: t, tensor-parallel size [1]
    ffn_hidden_size: f, inner width [1]
    mlp_matrices: k, matrices: 3 gated, 2 not [1]
    hidden_size: h, width of the residual stream [1]
    gemm_rate: R, rate of large matrix products [FLOP/s]
    operand_rate: r, rate at which operands seem to arrive [B/s]
    gemm_start_time: t_0, time of a product beyond its work [s]
    """
    width = mlp_matrices * ffn_hidden_size / tp
    operands = local_tokens * (2 * hidden_size + width) + width * hidden_size
    return 2 * local_tokens * width * hidden_size / gemm_rate + 2 * operands / operand_rate + 2 * gemm_start_time


@equation(unit="s", source="aiconfigurator-core")
def loss_time(local_tokens, tp, vocabulary_size, pointwise_rate, loss_bytes, operator_passes):
    """Time of the loss, forward and backward, for one micro-batch.

    t = e n V c / (t r)

    local_tokens: n, tokens of one micro-batch on one rank [token]
    tp: t, tensor-parallel size [1]
    vocabulary_size: V, rows of the embedding [1]
    pointwise_rate: r, rate of memory-bound operators [B/s]
    loss_bytes: c, memory traffic of the loss for each logit, forward and backward [B]
    operator_passes: e, traffic over what it is where neighbouring operators are fused [1]
    """
    return operator_passes * local_tokens * vocabulary_size / tp * loss_bytes / pointwise_rate


@equation(unit="s", source="aiconfigurator-core")
def head_time(local_tokens, tp, vocabulary_size, hidden_size, gemm_rate_16bit, operand_rate, loss_time, trained_fraction):
    """Time of the output head and the loss, forward and backward, for one micro-batch.

    t = (2 + f) (2 n h V / (t R) + 2 (n h + n V / t + h V / t) / r) + t_l

    local_tokens: n, tokens of one micro-batch on one rank [token]
    tp: t, tensor-parallel size [1]
    vocabulary_size: V, rows of the embedding [1]
    hidden_size: h, width of the residual stream [1]
    gemm_rate_16bit: R, rate of large matrix products in 16 bits, in which the head is computed [FLOP/s]
    operand_rate: r, rate at which operands seem to arrive [B/s]
    loss_time: t_l, loss [s]
    trained_fraction: f, share of the parameters that are trained [1]
    """
    share = vocabulary_size / tp
    operands = local_tokens * (hidden_size + share) + hidden_size * share
    products = 2 * local_tokens * hidden_size * share / gemm_rate_16bit + 2 * operands / operand_rate
    return (2 + trained_fraction) * products + loss_time


@equation(unit="FLOP/s", source="aiconfigurator-core")
def gemm_rate_16bit(peak_rate_16bit, burst_efficiency, sustained_clock, wide_format_clock):
    """Rate of large 16-bit matrix products in a training loop, whatever the format of the linear layers.

    R = e c w R_16

    peak_rate_16bit: R_16, dense peak rate of the GPU in 16-bit formats [FLOP/s]
    burst_efficiency: e, share of the peak that large products reach in a short burst [1]
    sustained_clock: c, clock that the GPU keeps under its power limit over the clock of a short burst [1]
    wide_format_clock: w, clock kept in 16 bits over that kept in narrower formats [1]
    """
    return peak_rate_16bit * burst_efficiency * sustained_clock * wide_format_clock


@equation(unit="s", source="narayanan-2021")
def gradient_accumulation_time(
    layer_dense_weights, layer_expert_weights, tp, ep, etp, accumulation_bytes, pointwise_rate, trained_fraction
):
    """Time in which one layer's weight gradients are added to those of earlier micro-batches.

    t = f c (w / t + w_e / (e t_e)) / r

    layer_dense_weights: w, parameters of one layer outside the routed experts [1]
    layer_expert_weights: w_e, parameters of the routed experts of one layer [1]
    tp: t, tensor-parallel size [1]
    ep: e, expert-parallel size [1]
    etp: t_e, expert-tensor-parallel size [1]
    accumulation_bytes: c, memory traffic for each parameter [B]
    pointwise_rate: r, rate of memory-bound operators [B/s]
    trained_fraction: f, share of the parameters that are trained [1]
    """
    return trained_fraction * accumulation_bytes * (layer_dense_weights / tp + layer_expert_weights / (ep * etp)) / pointwise_rate


@rule(guards=("step_time", "required_mfu"), source="epoch")
def precision_not_supported(peak_rate):
    """The GPU has no tensor unit for this number format, or its rate is not known.

    peak_rate: dense peak rate of the GPU in the format [FLOP/s]
    """
    return peak_rate != peak_rate


@rule(source="aiconfigurator-core")
def gpu_not_calibrated(gemm_efficiency):
    """The efficiencies of this GPU are those of other GPUs, not measured on its kind (a warning).

    gemm_efficiency: share of the peak that products reach, as measured; 0 where nothing was [1]
    """
    return gemm_efficiency == 0
