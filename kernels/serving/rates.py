"""Latencies and rates of a replica in steady state. What belongs here: what a user waits for, and what a replica achieves.

The step of a batch is in batching.py.
"""

from sweep.equations.registry import equation, rule

MIXED = 0


@equation(unit="s", source="agrawal-2024")
def prefill_occupancy(prefill_time, serving_dp, engine_lockstep):
    """Time for which the prefill of one prompt occupies the replica; ranks in lockstep wait where only one of them has a prompt.

    t_o = t_p (1 + (d - 1) k)

    prefill_time: t_p, prefill time of one prompt on the replica, its work shared by all GPUs [s]
    serving_dp: d, ranks with their own sequences [1]
    engine_lockstep: k, share of a prompt's prefill in which the other ranks wait [1]
    """
    return prefill_time * (1 + (serving_dp - 1) * engine_lockstep)


@equation(unit="s", source="agrawal-2024")
def interleaved_prefill_time(prefill_occupancy, output_tokens, accepted_tokens, prefill_placement):
    """Prefill time interleaved with one running sequence's step on the same GPUs: one prefill per response.

    t = t_p n / n_out, or 0 where prefill runs on other GPUs

    prefill_occupancy: t_p, time for which the prefill of one prompt occupies the replica [s]
    output_tokens: n_out, output tokens of one response [token]
    accepted_tokens: n, tokens of one sequence that one step writes [token]
    prefill_placement: whether prefill runs on the same GPUs [1]
    """
    if prefill_placement == MIXED:
        return prefill_occupancy * accepted_tokens / output_tokens
    return 0.0


@equation(unit="s", source="zhong-2024")
def kv_transfer_time(
    prefill_placement,
    kv_bytes_per_sequence,
    state_bytes_per_sequence,
    input_tokens,
    mean_context,
    serving_gpus,
    scaleout_bandwidth,
    link_efficiency,
):
    """Time to send the keys, values and states of one prompt from the prefill GPUs to the decode GPUs.

    t = (K n_in / c + S) / (N b e), or 0 where they are the same

    prefill_placement: whether prefill runs on the same GPUs [1]
    kv_bytes_per_sequence: K, keys and values of one running sequence [B]
    state_bytes_per_sequence: S, its states [B]
    input_tokens: n_in, tokens of one prompt [token]
    mean_context: c, tokens that a running sequence has behind it [token]
    serving_gpus: N, GPUs of one replica [1]
    scaleout_bandwidth: b, bandwidth of one GPU into the network, one direction [B/s]
    link_efficiency: e, share of it that a transfer reaches [1]
    """
    if prefill_placement == MIXED:
        return 0.0
    sent = kv_bytes_per_sequence * input_tokens / mean_context + state_bytes_per_sequence
    return sent / (serving_gpus * scaleout_bandwidth * link_efficiency)


@rule(guards=("kv_transfer_time",), source="zhong-2024")
def transfer_without_network(prefill_placement, scaleout_bandwidth):
    """Prefill runs on other GPUs, and there is no figure for the network to them (scaleout_bandwidth).

    prefill_placement: whether prefill runs on the same GPUs [1]
    scaleout_bandwidth: b, bandwidth of one GPU into the network, one direction [B/s]
    """
    return prefill_placement != MIXED and scaleout_bandwidth <= 0


@equation(unit="s", source="zhong-2024")
def prefill_latency(prefill_time, serving_dp, kv_transfer_time, prefill_placement, prefill_load):
    """Time from the arrival of a prompt to the end of its prefill, where no running sequence delays it; prompts of a prefill pool queue.

    t = t_p d + t_k + t_p r / (2 (1 - r)), the last for a pool of its own

    prefill_time: t_p, prefill time of one prompt on the replica [s]
    serving_dp: d, ranks of which one prefills the prompt [1]
    kv_transfer_time: t_k, time to send its keys and values on [s]
    prefill_placement: whether prefill runs on the same GPUs [1]
    prefill_load: r, share of the time that prefill GPUs are busy [1]
    """
    alone = prefill_time * serving_dp + kv_transfer_time
    if prefill_placement == MIXED:
        return alone
    return alone + prefill_time * prefill_load / (2 * (1 - prefill_load))


@equation(unit="s", source="agrawal-2024")
def serving_step_time(decode_step_time, running_sequences, interleaved_prefill_time):
    """Time of one step with the prefill interleaved on the same GPUs.

    T = t + B t_p

    decode_step_time: t, time of one step without prefill [s]
    running_sequences: B, sequences of one step [1]
    interleaved_prefill_time: t_p, prefill time interleaved on the same GPUs, for each sequence of a step [s]
    """
    return decode_step_time + running_sequences * interleaved_prefill_time


@equation(unit="s", source="zhong-2024")
def time_per_output_token(serving_step_time, running_sequences, interleaved_prefill_time, simultaneous_share, accepted_tokens):
    """Mean time between two output tokens of one response; of prompts that start together half the prefill comes before the first token.

    t = (T - s B x / 2) / n

    serving_step_time: T, time of one step with its prefill [s]
    running_sequences: B, sequences of one step [1]
    interleaved_prefill_time: x, prefill time interleaved on the same GPUs, for each sequence of a step [s]
    simultaneous_share: s, share of the requests in flight that start together [1]
    accepted_tokens: n, tokens of one sequence that one step writes [token]
    """
    return (serving_step_time - simultaneous_share * running_sequences * interleaved_prefill_time / 2) / accepted_tokens


@equation(unit="1", source="zhong-2024")
def prefill_pool_load(
    prefill_load, prefill_gpus, batch, serving_gpus, prefill_occupancy, accepted_tokens, serving_step_time, output_tokens
):
    """Share of the time that prefill GPUs are busy: the one that they are as many for, or that of a pool of a given size.

    r = B n N t_p / (T n_out n_p)

    prefill_load: share of the time that prefill GPUs are busy, where they are as many as prompts need [1]
    prefill_gpus: n_p, GPUs of the prefill pool for each replica, 0 for as many as its prompts need [1]
    batch: B, sequences that one replica has running, mean over time [1]
    serving_gpus: N, GPUs of one replica [1]
    prefill_occupancy: t_p, time for which the prefill of one prompt would occupy the replica [s]
    accepted_tokens: n, tokens of one sequence that one step writes [token]
    serving_step_time: T, time of one step [s]
    output_tokens: n_out, output tokens of one response [token]
    """
    if prefill_gpus <= 0:
        return prefill_load
    return batch * accepted_tokens * serving_gpus * prefill_occupancy / (serving_step_time * output_tokens * prefill_gpus)


@rule(guards=("output_rate",), source="zhong-2024")
def prompts_exceed_prefill_pool(prefill_placement, prefill_pool_load):
    """More prompts come than the prefill pool can work through.

    prefill_placement: whether prefill runs on the same GPUs [1]
    prefill_pool_load: share of the time that prefill GPUs are busy [1]
    """
    return prefill_placement != MIXED and prefill_pool_load > 1 + 1e-6


@equation(unit="token/s", source="little-1961")
def output_rate(batch, accepted_tokens, serving_step_time):
    """Tokens that one replica writes in a second, mean.

    R = B n / T

    batch: B, sequences that one replica has running, mean over time [1]
    accepted_tokens: n, tokens of one sequence that one step writes [token]
    serving_step_time: T, time of one step with its prefill [s]
    """
    return batch * accepted_tokens / serving_step_time


@equation(unit="s", source="agrawal-2024")
def time_to_first_token(
    prefill_latency,
    serving_step_time,
    prefill_time,
    running_sequences,
    interleaved_prefill_time,
    decode_step_time,
    simultaneous_share,
    output_tokens,
    accepted_tokens,
):
    """Mean time from the admission of a request until its first token; prompts that arrive at random or together queue.

    t = t_l + T + t_p B x / (2 t_d) + s B x n_out / (2 n)

    prefill_latency: t_l, time to the end of the prefill, where no running sequence delays it [s]
    serving_step_time: T, time of one step with its prefill [s]
    prefill_time: t_p, prefill time of one prompt on the replica [s]
    running_sequences: B, sequences of one step [1]
    interleaved_prefill_time: x, prefill time interleaved on the same GPUs, for each sequence of a step [s]
    decode_step_time: t_d, time of one step without prefill [s]
    simultaneous_share: s, share of the requests in flight that start together [1]
    output_tokens: n_out, output tokens of one response [token]
    accepted_tokens: n, tokens of one sequence that one step writes [token]
    """
    prompts = running_sequences * interleaved_prefill_time
    wait = prefill_time * prompts / (2 * decode_step_time)
    together = simultaneous_share * prompts * output_tokens / (2 * accepted_tokens)
    return prefill_latency + serving_step_time + wait + together


@equation(unit="s", source="little-1961")
def request_time(time_to_first_token, output_tokens, time_per_output_token):
    """Mean time from the admission of a request until its response is complete.

    t = t_f + (n_out - 1) t_o

    time_to_first_token: t_f, mean time until the first token [s]
    output_tokens: n_out, output tokens of one response [token]
    time_per_output_token: t_o, mean time between two output tokens of one response [s]
    """
    return time_to_first_token + (output_tokens - 1) * time_per_output_token


@equation(unit="token/s", source="deepseek-infra-index")
def output_rate_per_server(output_rate, serving_gpus, gpus_per_server):
    """Tokens that the GPUs of one server write in a second.

    R_s = R n / N

    output_rate: R, tokens that one replica writes in a second [token/s]
    serving_gpus: N, GPUs of one replica [1]
    gpus_per_server: n, GPUs of one server [1]
    """
    return output_rate * gpus_per_server / serving_gpus


@equation(unit="token/s", source="little-1961")
def output_rate_per_gpu(output_rate, serving_gpus):
    """Tokens that one GPU of a replica writes in a second.

    R_g = R / N

    output_rate: R, tokens that one replica writes in a second [token/s]
    serving_gpus: N, GPUs of one replica [1]
    """
    return output_rate / serving_gpus


@equation(unit="token/s", source="little-1961")
def output_rate_per_user(time_per_output_token):
    """Output tokens per second of each user, mean.

    r = 1 / t

    time_per_output_token: t, mean time between two output tokens of one response [s]
    """
    return 1.0 / time_per_output_token


@equation(unit="1/s", source="little-1961")
def requests_per_second(output_rate, output_tokens):
    """Requests that one replica completes per second, mean.

    q = R / n_out

    output_rate: R, tokens that one replica writes in a second [token/s]
    output_tokens: n_out, output tokens of one response [token]
    """
    return output_rate / output_tokens
