"""Power and energy of a served model. What belongs here: watts of a GPU by what it does, and joules of the GPUs per token.

What servers and buildings add is in serving_energy.py.
"""

import math

from sweep.equations.registry import equation

MIXED = 0


@equation(unit="W", source="epoch")
def idle_power_per_gpu(gpu_idle_power, gpu_tdp, idle_power_share):
    """Power of one GPU that waits with a model loaded: measured where the catalogue has it, else a share of its design power.

    P_0 = P_idle, or s P_tdp

    gpu_idle_power: P_idle, measured power of one GPU that waits, 0 where nobody published it [W]
    gpu_tdp: P_tdp, thermal design power of one GPU [W]
    idle_power_share: s, the usual share [1]
    """
    if gpu_idle_power > 0:
        return gpu_idle_power
    return idle_power_share * gpu_tdp


@equation(unit="s", source="pope-2022")
def weight_traffic_time(dense_weight_bytes, expert_weight_bytes, activated_experts, serving_tp, serving_dp, hbm_bandwidth):
    """Time that the weights of one step would take at the memory's full bandwidth.

    t = (W_d / t + s W_x / (t d)) / b

    dense_weight_bytes: W_d, weights outside the experts [B]
    expert_weight_bytes: W_x, weights of the experts [B]
    activated_experts: s, share of the experts that a step reads [1]
    serving_tp: t, tensor-parallel size of attention [1]
    serving_dp: d, ranks with their own sequences [1]
    hbm_bandwidth: b, memory bandwidth of one GPU [B/s]
    """
    return (dense_weight_bytes + activated_experts * expert_weight_bytes / serving_dp) / (serving_tp * hbm_bandwidth)


@equation(unit="s", source="williams-2009")
def padding_work_time(expert_padding_time, activated_experts):
    """Time for which a step's rows of filling keep the units of computing at work.

    t = s t_p

    expert_padding_time: t_p, time of the rows that fill up the products of all experts [s]
    activated_experts: s, share of the experts that a step reads [1]
    """
    return activated_experts * expert_padding_time


@equation(unit="s", source="williams-2009")
def sequence_work_time(
    dense_compute_time,
    expert_compute_time,
    step_width,
    attention_compute_time,
    prefill_compute_time,
    accepted_tokens,
    output_tokens,
    serving_time_residual,
):
    """Time for which one running sequence's step, its share of a prefill included, keeps the units of computing at work.

    t = (t_c + t_x) / z + w t_a + n t_p / n_out; products that are small, grouped or padded keep them at work for longer than at peak rate

    dense_compute_time: t_c, time to multiply one sequence's tokens with the weights outside the experts [s]
    expert_compute_time: t_x, time to multiply them with the experts that they visit [s]
    step_width: w, tokens of one sequence that a pass checks [1]
    attention_compute_time: t_a, time of attention's operations for one new token [s]
    prefill_compute_time: t_p, compute time of the prefill of one prompt [s]
    accepted_tokens: n, tokens of one sequence that one step writes [token]
    output_tokens: n_out, output tokens of one response [token]
    serving_time_residual: z, measured over predicted time of serving, for which these units wait rather than work [1]
    """
    prompt = prefill_compute_time * accepted_tokens / output_tokens
    return (dense_compute_time + expert_compute_time) / serving_time_residual + step_width * attention_compute_time + prompt


@equation(unit="s", source="zhong-2024")
def busy_step_time(decode_step_time, running_sequences, prefill_occupancy, accepted_tokens, output_tokens):
    """Time of one step and of its prefill, on whichever GPUs it runs.

    t = t_d + B t_p n / n_out

    decode_step_time: t_d, time of one step without prefill [s]
    running_sequences: B, sequences of one step [1]
    prefill_occupancy: t_p, time for which the prefill of one prompt occupies a replica [s]
    accepted_tokens: n, tokens of one sequence that one step writes [token]
    output_tokens: n_out, output tokens of one response [token]
    """
    return decode_step_time + running_sequences * prefill_occupancy * accepted_tokens / output_tokens


@equation(unit="W", source="ml-energy-v3")
def busy_gpu_power(
    gpu_tdp,
    power_cap,
    idle_power_per_gpu,
    busy_step_time,
    running_sequences,
    weight_traffic_time,
    kv_read_time,
    kv_bandwidth_efficiency,
    sampling_time,
    sequence_work_time,
    padding_work_time,
    engine_wait,
    engine_sequence_time,
    step_width,
    serving_dp,
    engine_waiting_power,
    hbm_bandwidth,
    traffic_energy,
    kernel_power_share,
    compute_power_share,
    serving_power_residual,
):
    """Mean power of one GPU while it serves: awake while kernels run, and more the more it reads and computes, up to its power limit.

    P = z min(k P_tdp, P_0 + ((P_tdp - P_0) (p_w t_e + p_a (t - t_e) + p_c t_c) + j b t_m) / t),
    t_e = t_s + B w t_o / d, t_m = t_w + B (e t_kv + t_l / d), t_c = B t_q + t_f

    gpu_tdp: P_tdp, thermal design power of one GPU [W]
    power_cap: k, power limit that is set on the GPU over its thermal design power [1]
    idle_power_per_gpu: P_0, power of one idle GPU [W]
    busy_step_time: t, time of one step and of its prefill [s]
    running_sequences: B, sequences of one step [1]
    weight_traffic_time: t_w, time of the weights at full bandwidth [s]
    kv_read_time: t_kv, time to read the keys and values of one sequence [s]
    kv_bandwidth_efficiency: e, share of the bandwidth that this reading reaches [1]
    sampling_time: t_l, time to choose one sequence's next tokens at full bandwidth [s]
    sequence_work_time: t_q, time for which one sequence's step keeps the units of computing at work [s]
    padding_work_time: t_f, the same for the rows that fill up the products of experts [s]
    engine_wait: t_s, time of a step in which the GPUs wait for the engine [s]
    engine_sequence_time: t_o, the same for each token that a sequence of a rank checks [s]
    step_width: w, tokens of one sequence that a pass checks [1]
    serving_dp: d, ranks with their own sequences [1]
    engine_waiting_power: p_w, share of the range from idle to design power that a GPU takes while it waits for the engine [1]
    hbm_bandwidth: b, memory bandwidth of one GPU [B/s]
    traffic_energy: j, energy of bringing one byte from memory to the units [J/B]
    kernel_power_share: p_a, share that running kernels take, however little they do [1]
    compute_power_share: p_c, share that computing adds [1]
    serving_power_residual: z, measured over predicted power of serving [1]
    """
    memory = weight_traffic_time + running_sequences * (kv_bandwidth_efficiency * kv_read_time + sampling_time / serving_dp)
    compute = running_sequences * sequence_work_time + padding_work_time
    waiting = engine_wait + running_sequences * step_width * engine_sequence_time / serving_dp
    load = engine_waiting_power * waiting + kernel_power_share * (busy_step_time - waiting) + compute_power_share * compute
    work = (gpu_tdp - idle_power_per_gpu) * load + hbm_bandwidth * traffic_energy * memory
    return serving_power_residual * min(power_cap * gpu_tdp, idle_power_per_gpu + work / busy_step_time)


@equation(unit="s/token", source="zhong-2024")
def busy_time_per_output_token(busy_step_time, running_sequences, accepted_tokens, serving_gpus):
    """Time of busy GPUs that one output token takes, its share of the prefill included.

    t = N t_b / (B n)

    busy_step_time: t_b, time of one step and of its prefill [s]
    running_sequences: B, sequences of one step [1]
    accepted_tokens: n, tokens of one sequence that one step writes [token]
    serving_gpus: N, GPUs of one replica [1]
    """
    return serving_gpus * busy_step_time / (running_sequences * accepted_tokens)


@equation(unit="s/token", source="zhong-2024")
def idle_time_per_output_token(
    serving_step_time,
    running_sequences,
    accepted_tokens,
    serving_gpus,
    replica_busy_share,
    prefill_placement,
    prefill_occupancy,
    output_tokens,
    prefill_pool_load,
):
    """Time of GPUs that wait for requests, for each written token: replicas without a sequence, and a prefill pool below its full load.

    t = N (T / (B n) (1 / u - 1) + t_p / n_out (1 / r - 1)), the last for a pool of its own

    serving_step_time: T, time of one step with the prefill on the same GPUs [s]
    running_sequences: B, sequences of one step [1]
    accepted_tokens: n, tokens of one sequence that one step writes [token]
    serving_gpus: N, GPUs of one replica [1]
    replica_busy_share: u, share of the time in which a replica runs a sequence [1]
    prefill_placement: whether prefill runs on the same GPUs [1]
    prefill_occupancy: t_p, time for which the prefill of one prompt occupies a replica [s]
    output_tokens: n_out, output tokens of one response [token]
    prefill_pool_load: r, share of the time that prefill GPUs are busy [1]
    """
    if replica_busy_share <= 0:
        return math.inf
    waiting = serving_step_time / (running_sequences * accepted_tokens) * (1 / replica_busy_share - 1)
    if prefill_placement != MIXED:
        waiting = waiting + prefill_occupancy / output_tokens * (1 / prefill_pool_load - 1)
    return serving_gpus * waiting


@equation(unit="J/token", source="ml-energy-v3")
def chip_energy_per_output_token(busy_gpu_power, busy_time_per_output_token, idle_power_per_gpu, idle_time_per_output_token):
    """Energy of the GPUs for one output token, its share of the prefill included.

    e = P t_b + P_0 t_i

    busy_gpu_power: P, mean power of one GPU while it serves [W]
    busy_time_per_output_token: t_b, time of busy GPUs for one output token [s/token]
    idle_power_per_gpu: P_0, power of one idle GPU [W]
    idle_time_per_output_token: t_i, time of idle GPUs for one output token [s/token]
    """
    if math.isinf(idle_time_per_output_token):
        return math.nan
    return busy_gpu_power * busy_time_per_output_token + idle_power_per_gpu * idle_time_per_output_token


@equation(unit="s/token", source="zhong-2024")
def gpu_time_per_output_token(busy_time_per_output_token, idle_time_per_output_token):
    """Time of GPUs, busy or idle, for one output token.

    t = t_b + t_i

    busy_time_per_output_token: t_b, time of busy GPUs for one output token [s/token]
    idle_time_per_output_token: t_i, time of idle GPUs for one output token [s/token]
    """
    return busy_time_per_output_token + idle_time_per_output_token


@equation(unit="W", source="ml-energy-v3")
def serving_gpu_power(busy_gpu_power, idle_power_per_gpu, busy_time_per_output_token, gpu_time_per_output_token):
    """Mean power of one GPU that serves, waiting included.

    P = P_0 + (P_b - P_0) t_b / t

    busy_gpu_power: P_b, mean power of one GPU while it serves [W]
    idle_power_per_gpu: P_0, power of one idle GPU [W]
    busy_time_per_output_token: t_b, time of busy GPUs for one output token [s/token]
    gpu_time_per_output_token: t, time of GPUs, busy or waiting [s/token]
    """
    return idle_power_per_gpu + (busy_gpu_power - idle_power_per_gpu) * busy_time_per_output_token / gpu_time_per_output_token
