"""Latency that most requests stay within, where they arrive at random. What belongs here: the quantiles of what a user waits for.

The mean latencies are in serving/rates.py. Prompts queue for their prefill, and requests for a place among those that run.
"""

import math

from sweep.equations.registry import equation, rule

MIXED = 0


def normal_quantile(share):
    """The point below which a share of the standard normal distribution lies, within 5e-4: Abramowitz and Stegun 26.2.23."""
    tail = min(share, 1 - share)
    if tail <= 0.0:
        return math.copysign(math.inf, share - 0.5)
    t = math.sqrt(-2 * math.log(tail))
    z = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)))
    return z if share >= 0.5 else -z


def exponential_wait(chance, mean, quantile):
    """Quantile of a wait that happens with a chance and is then exponential with a mean."""
    if chance <= 1 - quantile:
        return 0.0
    return math.log(chance / (1 - quantile)) * mean


def slot_chance(batch, batch_limit):
    """Chance that a request finds no free slot among those of its replica."""
    return min(1.0, batch / batch_limit) ** (math.sqrt(2 * (batch_limit + 1)) - 1)


def slot_wait(room, output_variation):
    """Mean of the wait for a slot of those that find none; room: requests that could be served per second beyond those that are."""
    return (1 + output_variation * output_variation) / (2 * room)


@equation(unit="1", source="agrawal-2024")
def prefill_queue_load(prefill_placement, prefill_load, running_sequences, interleaved_prefill_time, serving_step_time):
    """Share of the time in which prompts are at their prefill, so that one that arrives has to queue.

    r = B x / T on the GPUs that decode, else the load of the prefill GPUs

    prefill_placement: whether prefill runs on the same GPUs [1]
    prefill_load: share of the time that prefill GPUs are busy [1]
    running_sequences: B, sequences of one step [1]
    interleaved_prefill_time: x, prefill time interleaved on the same GPUs, for each sequence of a step [s]
    serving_step_time: T, time of one step with its prefill [s]
    """
    if prefill_placement == MIXED:
        return running_sequences * interleaved_prefill_time / serving_step_time
    return prefill_load


@equation(unit="1", source="sakasegawa-1977")
def admission_wait_probability(batch, batch_limit):
    """Probability that an arriving request has to wait for a free slot of its replica.

    C = (B / B_max)^(sqrt(2 (B_max + 1)) - 1)

    batch: B, sequences that one replica has running, mean over time [1]
    batch_limit: B_max, most sequences that it runs at a time [1]
    """
    return slot_chance(batch, batch_limit)


@equation(unit="s", source="sakasegawa-1977")
def admission_wait_quantile(latency_quantile, admission_wait_probability, requests_per_second, request_capacity, output_variation):
    """Quantile of the time that a request waits for a free slot.

    w = ln(C / (1 - p)) (1 + v^2) / (2 (q_max - q)), at least 0

    latency_quantile: p, share of the requests that stay within [1]
    admission_wait_probability: C, chance that a request finds no place [1]
    requests_per_second: q, requests that one replica completes per second, as many as arrive [1/s]
    request_capacity: q_max, requests that it can serve per second [1/s]
    output_variation: v, standard deviation of the output length over its mean [1]
    """
    mean = slot_wait(request_capacity - requests_per_second, output_variation)
    return exponential_wait(admission_wait_probability, mean, latency_quantile)


@rule(guards=("admission_wait_quantile",), source="little-1961")
def replica_saturated(batch, batch_limit):
    """All slots of the replica stay occupied, so that the wait for one is unbounded.

    batch: sequences that one replica has running, mean over time [1]
    batch_limit: most sequences that it runs at a time [1]
    """
    return batch > batch_limit * (1 - 1e-6)


@equation(unit="s", source="kingman-1962")
def time_to_first_token_quantile(
    latency_quantile, prefill_time, serving_dp, kv_transfer_time, decode_step_time, prefill_queue_load, admission_wait_quantile
):
    """Time from the arrival of a request within which the given share of the requests has its first token.

    t = t_p d + t_k + t_d + w_p + w, w_p = ln(r / (1 - p)) t_p / (2 (1 - r)), at least 0

    latency_quantile: p, share of the requests that stay within [1]
    prefill_time: t_p, prefill time of one prompt on the replica [s]
    serving_dp: d, ranks of which one prefills the prompt [1]
    kv_transfer_time: t_k, time to send its keys and values on [s]
    decode_step_time: t_d, time of the step that runs when the prompt arrives [s]
    prefill_queue_load: r, share of the time in which prompts are at their prefill [1]
    admission_wait_quantile: w, time that the share waits at most for a place [s]
    """
    queue = exponential_wait(prefill_queue_load, prefill_time / (2 * (1 - prefill_queue_load)), latency_quantile)
    return prefill_time * serving_dp + kv_transfer_time + decode_step_time + queue + admission_wait_quantile


@equation(unit="s", source="little-1961")
def time_per_output_token_quantile(
    latency_quantile,
    time_per_output_token,
    batch,
    running_sequences,
    serving_step_time,
    shortest_step_time,
    interleaved_prefill_time,
    accepted_tokens,
):
    """Time between two output tokens, mean over a response, within which the given share of the responses stays.

    t = t_o + (b + z_p sqrt(B) (x + sqrt(2 / 3) (b - x)) / (1 - B b / T)) / n, b the growth of a step per sequence

    A response meets its own sequence beside the B of the mean. While it is written B prompts arrive, give or take sqrt(B), and the
    sequences that run spread by sqrt(2 B / 3) in its mean; slower steps keep more of them running, which the last factor counts.

    latency_quantile: p, share of the responses that stay within [1]
    time_per_output_token: t_o, mean time between two output tokens [s]
    batch: B, sequences that one replica has running, mean over time [1]
    running_sequences: sequences of one step [1]
    serving_step_time: T, time of one step with its prefill [s]
    shortest_step_time: time of a step of one sequence, with its prefill [s]
    interleaved_prefill_time: x, prefill time interleaved on the same GPUs, for each sequence of a step [s]
    accepted_tokens: n, tokens of one sequence that one step writes [token]
    """
    growth = interleaved_prefill_time
    if running_sequences > 1:
        growth = (serving_step_time - shortest_step_time) / (running_sequences - 1)
    spread = interleaved_prefill_time + math.sqrt(2 / 3) * (growth - interleaved_prefill_time)
    feedback = 1 - batch * growth / serving_step_time
    if feedback <= 0:
        return math.nan
    return time_per_output_token + (growth + normal_quantile(latency_quantile) * math.sqrt(batch) * spread / feedback) / accepted_tokens


@equation(unit="s", source="kingman-1962")
def hour_wait_quantile(
    latency_quantile,
    hour_replica_load,
    prefill_queue_load,
    prefill_time,
    batch,
    batch_limit,
    requests_per_second,
    request_capacity,
    output_variation,
):
    """Time that the given share of one hour's requests waits at most for prefill and a free slot, on the replicas that the hour needs.

    w_h = w_p + w, with the queue of prompts r l_r, the sequences B l_r and the requests q_1 l_r of a replica

    latency_quantile: p, share of the requests that wait no longer [1]
    hour_replica_load: l_r, load of a replica over that which it is planned for [1]
    prefill_queue_load: r, share of the time in which prompts are at their prefill [1]
    prefill_time: t_p, prefill time of one prompt on the replica [s]
    batch: B, sequences that one replica has running, mean over time [1]
    batch_limit: B_max, most sequences that it runs at a time [1]
    requests_per_second: q_1, requests that one replica completes per second [1/s]
    request_capacity: q_max, requests that it can serve per second [1/s]
    output_variation: v, standard deviation of the output length over its mean [1]
    """
    queue = prefill_queue_load * hour_replica_load
    room = request_capacity - requests_per_second * hour_replica_load
    if queue >= 1 or room <= 0:
        return math.nan
    chance = slot_chance(batch * hour_replica_load, batch_limit)
    slot = exponential_wait(chance, slot_wait(room, output_variation), latency_quantile)
    return exponential_wait(queue, prefill_time / (2 * (1 - queue)), latency_quantile) + slot
