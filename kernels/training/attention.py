"""The core of attention on one GPU: scores, softmax, weighted values. What belongs here: its work and time, fused or not.

The projections around it are for gemm.py.
"""

from sweep.equations.registry import equation
from sweep.kernels.choices import ATTENTION_FP8, FLASH_1, FLASH_2

ALIGNED = 8  # 16-bit numbers in 16 bytes


@equation(unit="s", source="dao-2023")
def fused_attention_time(
    local_tokens, tp, attention_score_flops, layers, attention_rate, attention_width, hbm_bandwidth, attention_exposure
):
    """Time of the fused (flash) core of one attention layer, forward, for one micro-batch; the mean of all layers.

    t = n F / (L t R) + 2 n w x / (t B)

    local_tokens: n, tokens of one micro-batch on one rank [token]
    tp: t, tensor-parallel size [1]
    attention_score_flops: F, operations of causal scores for one token, all layers [FLOP/token]
    layers: L, transformer layers [1]
    attention_rate: R, rate of the fused core, forward [FLOP/s]
    attention_width: w, columns of query, key, value and context [1]
    hbm_bandwidth: B, memory bandwidth of one GPU [B/s]
    attention_exposure: x, passes over query, key, value and context that do not hide [1]
    """
    work = attention_score_flops / layers
    return local_tokens / tp * (work / attention_rate + 2 * attention_width * attention_exposure / hbm_bandwidth)


@equation(unit="B", source="korthikanti-2022")
def score_traffic(fused_softmax, fused_softmax_bytes, softmax_bytes):
    """Memory traffic of each score of unfused attention, forward.

    c_f where scale, mask and softmax are one kernel, else c

    fused_softmax: 1 where they are one kernel, else 0 [1]
    fused_softmax_bytes: c_f, traffic where they are [B]
    softmax_bytes: c, traffic where each is an operator by itself [B]
    """
    if fused_softmax == 1:
        return fused_softmax_bytes
    return softmax_bytes


@equation(unit="FLOP/s", source="nvidia-matmul")
def score_products_rate(head_size, gemm_rate_16bit, batched_efficiency, vector_rate):
    """Rate of the small batched products of unfused attention.

    e R; that of the vector units, at most, where the rows of a head do not fill whole 16 bytes, which tensor cores read

    head_size: d, width of one query and key head [1]
    gemm_rate_16bit: R, rate of large 16-bit matrix products [FLOP/s]
    batched_efficiency: e, rate of the small batched products over that of large ones [1]
    vector_rate: dense peak rate of the GPU outside its tensor units [FLOP/s]
    """
    if head_size % ALIGNED != 0:
        return min(vector_rate, batched_efficiency * gemm_rate_16bit)
    return batched_efficiency * gemm_rate_16bit


@equation(unit="s", source="korthikanti-2022")
def unfused_attention_time(
    local_tokens,
    tp,
    sequence_length,
    attention_heads,
    head_size,
    value_head_size,
    score_products_rate,
    pointwise_rate,
    score_traffic,
):
    """Time of the core of one attention layer in separate operators, forward, for one micro-batch; nothing is skipped.

    t = n s a / t (2 (d + d_v) / R + c / r)

    local_tokens: n, tokens of one micro-batch on one rank [token]
    tp: t, tensor-parallel size [1]
    sequence_length: s, tokens in one sequence [token]
    attention_heads: a, query heads [1]
    head_size: d, width of one query and key head [1]
    value_head_size: d_v, width of one value head [1]
    score_products_rate: R, rate of the small batched products [FLOP/s]
    pointwise_rate: r, rate of memory-bound operators [B/s]
    score_traffic: c, memory traffic of each score: mask, softmax, dropout and the two products [B]
    """
    work = 2 * (head_size + value_head_size) / score_products_rate
    return local_tokens / tp * sequence_length * attention_heads * (work + score_traffic / pointwise_rate)


@equation(unit="FLOP/s", source="shah-2024")
def attention_rate(
    peak_rate_16bit,
    attention_kernel,
    attention_efficiency,
    flash1_attention_efficiency,
    flash2_attention_efficiency,
    attention_format,
    fp8_attention_speed,
    training_clock,
    sustained_clock,
):
    """Rate of the fused core of attention, forward, in a training loop.

    R = s e c R_16, s = 1 in 16 bits; a kernel of an earlier generation draws too little power to be slowed by its limit

    peak_rate_16bit: R_16, dense peak rate of the GPU in 16-bit formats [FLOP/s]
    attention_kernel: generation of the kernel [1]
    attention_efficiency: e, share of the peak that a kernel written for the GPU's generation reaches, forward [1]
    flash1_attention_efficiency: e, share that FlashAttention reaches; 0 where it is as good or was not measured [1]
    flash2_attention_efficiency: e, share that FlashAttention-2 reaches; 0 likewise [1]
    attention_format: number format of the core [1]
    fp8_attention_speed: s, rate of an 8-bit core over that of one in 16 bits [1]
    training_clock: c, clock kept in a training run at rated power over that of a short burst [1]
    sustained_clock: c, the same under the power limit [1]
    """
    older = 0.0
    if attention_kernel == FLASH_1:
        older = flash1_attention_efficiency
    elif attention_kernel == FLASH_2:
        older = flash2_attention_efficiency
    if older > 0:
        return peak_rate_16bit * older * training_clock
    rate = peak_rate_16bit * attention_efficiency * sustained_clock
    if attention_format == ATTENTION_FP8:
        return fp8_attention_speed * rate
    return rate


@equation(unit="s", source="dao-2023")
def core_attention_time(fused_attention, fused_attention_time, unfused_attention_time):
    """Time of the core of one attention layer, forward, for one micro-batch.

    that of the kernel that is used

    fused_attention: 1 where one fused kernel computes the core, else 0 [1]
    fused_attention_time: its time where fused [s]
    unfused_attention_time: its time in separate operators [s]
    """
    if fused_attention == 1:
        return fused_attention_time
    return unfused_attention_time


@equation(unit="s", source="dao-2023")
def core_attention_backward_time(core_attention_time, fused_attention, attention_backward_ratio):
    """Time of the core of one attention layer, backward, for one micro-batch.

    t_b = r t where fused, which computes the scores again; else 2 t

    core_attention_time: t, its time forward [s]
    fused_attention: 1 where one fused kernel computes the core, else 0 [1]
    attention_backward_ratio: r, backward time of the fused core over its forward time [1]
    """
    if fused_attention == 1:
        return core_attention_time * attention_backward_ratio
    return 2 * core_attention_time
