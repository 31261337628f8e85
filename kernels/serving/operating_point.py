"""The operating point of a replica. What belongs here: which batch runs, and the rules that say that none can.

How a step depends on the batch is in batching.py.
"""

from sweep.equations.registry import equation, rule

CONCURRENCY, LATENCY_TARGET = 0, 1
MIXED = 0


@equation(unit="1", source="kwon-2023")
def batch_limit(batch_in_memory, sequence_limit, serving_dp):
    """Most sequences that one replica runs at a time: what fits in memory and what the engine of each rank admits.

    B_max = min(M / K, S d)

    batch_in_memory: M / K, running sequences whose keys and values fit [1]
    sequence_limit: S, most sequences that the engine of one rank runs [1]
    serving_dp: d, ranks with their own sequences [1]
    """
    return min(batch_in_memory, sequence_limit * serving_dp)


@equation(unit="1", source="kwon-2023")
def held_sequences(concurrency, batch_limit):
    """Sequences that run where a number of requests is kept in flight and none waits for its prefill; those beyond the limit wait.

    B = min(C, B_max)

    concurrency: C, requests kept in flight in one replica [1]
    batch_limit: B_max, most sequences that one replica runs at a time [1]
    """
    return min(concurrency, batch_limit)


@equation(unit="1/s", source="zhong-2024")
def request_rate(operating_point, arrival_rate, prefill_gpus, serving_gpus, prefill_occupancy, request_capacity):
    """Requests that come to one replica: those that arrive, or as many as a prefill pool of a given size sends on.

    q = q_a where requests arrive at a rate, else min(q_max, n / (N t_p))

    operating_point: requests in flight, latency targets or arrivals [1]
    arrival_rate: q_a, requests that arrive at one replica [1/s]
    prefill_gpus: n, GPUs of the prefill pool for each replica, 0 for as many as its prompts need [1]
    serving_gpus: N, GPUs of one replica [1]
    prefill_occupancy: t_p, time for which the prefill of one prompt would occupy the replica [s]
    request_capacity: q_max, requests that one replica can serve per second [1/s]
    """
    if operating_point != CONCURRENCY and operating_point != LATENCY_TARGET:
        return arrival_rate
    if prefill_gpus <= 0 or prefill_occupancy <= 0:
        return request_capacity
    return min(request_capacity, prefill_gpus / (serving_gpus * prefill_occupancy))


@equation(unit="1", source="zhong-2024")
def pooled_sequences(held_sequences, batch_by_arrival, prefill_gpus):
    """Sequences that run where a number of requests is kept in flight behind a prefill pool, which may send on too few.

    B = min(B_h, B_q), or B_h where the pool is as large as prompts need

    held_sequences: B_h, sequences that run where none waits for its prefill [1]
    batch_by_arrival: B_q, sequences that the pool's requests keep running [1]
    prefill_gpus: GPUs of the prefill pool for each replica, 0 for as many as its prompts need [1]
    """
    if prefill_gpus <= 0:
        return held_sequences
    return min(held_sequences, batch_by_arrival)


@equation(unit="1", source="kwon-2023", selects="prefill_placement")
def batch_by_concurrency(prefill_placement, held_sequences, pooled_sequences):
    """Running sequences where a number of requests is kept in flight.

    B = that without or with a prefill pool

    prefill_placement: whether prefill runs on the same GPUs [1]
    held_sequences: sequences that run where none waits for its prefill [1]
    pooled_sequences: sequences that run behind a prefill pool [1]
    """
    if prefill_placement == MIXED:
        return held_sequences
    return pooled_sequences


@equation(unit="1", source="kwon-2023", selects="operating_point")
def batch(operating_point, batch_by_concurrency, batch_by_latency, batch_by_arrival):
    """Sequences that one replica has running, mean over time.

    B = that of the chosen operating point

    operating_point: requests in flight, latency targets or arrivals [1]
    batch_by_concurrency: batch where a number of requests is kept in flight [1]
    batch_by_latency: largest batch within the latency targets [1]
    batch_by_arrival: batch where requests arrive at a rate [1]
    """
    if operating_point == CONCURRENCY:
        return batch_by_concurrency
    if operating_point == LATENCY_TARGET:
        return batch_by_latency
    return batch_by_arrival


@equation(unit="1", source="little-1961")
def running_sequences(batch):
    """Sequences of one step, while there are any.

    B_r = max(1, B)

    batch: B, sequences that one replica has running, mean over time [1]
    """
    return max(1.0, batch)


@equation(unit="1", source="little-1961")
def replica_busy_share(batch):
    """Share of the time in which a replica runs at least one sequence.

    u = min(1, B)

    batch: B, sequences that one replica has running, mean over time [1]
    """
    return min(1.0, batch)


@rule(guards=("running_sequences",), source="kwon-2023")
def batch_exceeds_memory(batch, batch_in_memory):
    """The keys and values of the batch do not fit in the memory of one replica.

    batch: sequences that one replica has running [1]
    batch_in_memory: running sequences whose keys and values fit [1]
    """
    return batch > batch_in_memory * (1 + 1e-9)


@rule(guards=("batch_by_latency",), source="agrawal-2024")
def latency_target_missed(shortest_step_time, accepted_tokens, prefill_latency, target_time_per_output_token, target_time_to_first_token):
    """No batch meets the latency targets: one sequence alone is slower.

    shortest_step_time: time of a step of one sequence [s]
    accepted_tokens: tokens of one sequence that one step writes [token]
    prefill_latency: time to the end of a prefill, where no running sequence delays it [s]
    target_time_per_output_token: longest mean time between two output tokens of one response [s]
    target_time_to_first_token: longest mean time to the first token [s]
    """
    if shortest_step_time > target_time_per_output_token * accepted_tokens:
        return True
    return prefill_latency + shortest_step_time > target_time_to_first_token


@rule(guards=("batch_by_arrival",), source="little-1961")
def arrivals_exceed_capacity(request_rate, request_capacity):
    """More requests arrive at one replica than it can serve.

    request_rate: requests that come to one replica [1/s]
    request_capacity: requests that it can serve per second [1/s]
    """
    return request_rate > request_capacity
