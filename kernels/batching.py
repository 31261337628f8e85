"""One step of a batch, and the batch that a latency or a load allows. What belongs here: a step as a function of the batch.

The parts of a step come from decode.py and prefill.py; which batch runs is chosen in operating_point.py.
"""

import math

from sweep.registry import equation

TRIALS = 60
CLOSE = 1e-8


def touched_share(running, untouched_log):
    return 1 - math.exp(untouched_log * running)


def step_seconds(running, touched, fixed, per_sequence, dense_read, dense_compute, expert_pass, expert_compute):
    dense = dense_compute * running
    visited = expert_pass * touched
    expert = expert_compute * running
    matrices = math.sqrt(dense_read * dense_read + dense * dense) + math.sqrt(visited * visited + expert * expert)
    return fixed + running * per_sequence + matrices


def latency_excess(
    running, prompt, prefill, latency, step_target, first_target, log, fixed, per_sequence, dense_read, dense_compute, expert_pass, expert
):
    prompts = running * prompt
    step = step_seconds(running, touched_share(running, log), fixed, per_sequence, dense_read, dense_compute, expert_pass, expert)
    first = latency + step + prompts + prefill * prompts / (2 * step)
    return max((step + prompts) / step_target, first / first_target) - 1


def arrival_excess(mean, steps_per_second, prompt, log, fixed, per_sequence, dense_read, dense_compute, expert_pass, expert):
    running = max(1.0, mean)
    step = step_seconds(running, touched_share(running, log), fixed, per_sequence, dense_read, dense_compute, expert_pass, expert)
    return mean / (step + running * prompt) / steps_per_second - 1


@equation(unit="1", source="fedus-2021")
def touched_experts(running_sequences, untouched_log):
    """Share of a layer's experts that a step reads; the rest is visited by no token of the batch.

    s = 1 - (1 - k / E)^(w B / p)

    running_sequences: B, sequences of one step [1]
    untouched_log: w / p ln(1 - k / E), logarithm of the chance that one sequence leaves an expert untouched [1]
    """
    return touched_share(running_sequences, untouched_log)


@equation(unit="s", source="pope-2022")
def decode_step_time(
    running_sequences,
    touched_experts,
    fixed_step_time,
    sequence_step_time,
    dense_read_time,
    dense_compute_time,
    expert_pass_time,
    expert_compute_time,
):
    """Time of one step in which every running sequence writes, without prompts.

    t = t_f + B t_q + sqrt(t_r^2 + (B t_c)^2) + the same for the experts, of which a share s is read

    running_sequences: B, sequences of one step [1]
    touched_experts: s, share of the experts that a step reads [1]
    fixed_step_time: t_f, part of a step that does not grow with the batch [s]
    sequence_step_time: t_q, part that each running sequence adds [s]
    dense_read_time: t_r, time to read the weights outside the experts [s]
    dense_compute_time: t_c, time to multiply one sequence's tokens with them [s]
    expert_pass_time: time to pass through all routed experts [s]
    expert_compute_time: time to multiply them with the experts that they visit [s]
    """
    return step_seconds(
        running_sequences, touched_experts,
        fixed_step_time, sequence_step_time, dense_read_time, dense_compute_time, expert_pass_time, expert_compute_time
    )


@equation(unit="s", source="pope-2022")
def shortest_step_time(
    interleaved_prefill_time,
    untouched_log,
    fixed_step_time,
    sequence_step_time,
    dense_read_time,
    dense_compute_time,
    expert_pass_time,
    expert_compute_time,
):
    """Time of a step of one sequence, the fastest that the replica can write.

    T(1) = t(1) + x

    interleaved_prefill_time: x, time of reading prompts on the same GPUs, for each sequence of a step [s]
    untouched_log: logarithm of the chance that one sequence leaves an expert untouched [1]
    fixed_step_time: part of a step that does not grow with the batch [s]
    sequence_step_time: part that each running sequence adds [s]
    dense_read_time: time to read the weights outside the experts [s]
    dense_compute_time: time to multiply one sequence's tokens with them [s]
    expert_pass_time: time to pass through all routed experts [s]
    expert_compute_time: time to multiply them with the experts that they visit [s]
    """
    return interleaved_prefill_time + step_seconds(
        1.0, touched_share(1.0, untouched_log),
        fixed_step_time, sequence_step_time, dense_read_time, dense_compute_time, expert_pass_time, expert_compute_time
    )


@equation(unit="1/s", source="little-1961")
def request_capacity(
    batch_limit,
    output_tokens,
    accepted_tokens,
    interleaved_prefill_time,
    untouched_log,
    fixed_step_time,
    sequence_step_time,
    dense_read_time,
    dense_compute_time,
    expert_pass_time,
    expert_compute_time,
):
    """Requests that one replica can answer in a second, with the largest batch.

    q = B n / (n_out T(B)), T(B) = t(B) + B x

    batch_limit: B, most sequences that one replica runs at a time [1]
    output_tokens: n_out, tokens of one answer [token]
    accepted_tokens: n, tokens of one sequence that one step writes [token]
    interleaved_prefill_time: x, time of reading prompts on the same GPUs, for each sequence of a step [s]
    untouched_log: logarithm of the chance that one sequence leaves an expert untouched [1]
    fixed_step_time: part of a step that does not grow with the batch [s]
    sequence_step_time: part that each running sequence adds [s]
    dense_read_time: time to read the weights outside the experts [s]
    dense_compute_time: time to multiply one sequence's tokens with them [s]
    expert_pass_time: time to pass through all routed experts [s]
    expert_compute_time: time to multiply them with the experts that they visit [s]
    """
    step = batch_limit * interleaved_prefill_time + step_seconds(
        batch_limit, touched_share(batch_limit, untouched_log),
        fixed_step_time, sequence_step_time, dense_read_time, dense_compute_time, expert_pass_time, expert_compute_time
    )
    return batch_limit * accepted_tokens / (output_tokens * step)


@equation(unit="1", source="agrawal-2024")
def batch_by_latency(
    batch_limit,
    target_time_per_output_token,
    target_time_to_first_token,
    accepted_tokens,
    interleaved_prefill_time,
    prefill_time,
    prefill_latency,
    untouched_log,
    fixed_step_time,
    sequence_step_time,
    dense_read_time,
    dense_compute_time,
    expert_pass_time,
    expert_compute_time,
):
    """Largest batch whose mean latencies stay within both targets, found by the Illinois method.

    max B <= B_max with T / n <= t_1 and t_l + T + t_p B x / (2 t) <= t_2, where t is the step of B and T = t + B x that with its prompts

    batch_limit: B_max, most sequences that one replica runs at a time [1]
    target_time_per_output_token: t_1, longest mean time between two tokens of one answer [s]
    target_time_to_first_token: t_2, longest mean time until an answer starts [s]
    accepted_tokens: n, tokens of one sequence that one step writes [token]
    interleaved_prefill_time: x, time of reading prompts on the same GPUs, for each sequence of a step [s]
    prefill_time: t_p, time that one prompt takes of the replica [s]
    prefill_latency: t_l, time from the arrival of a prompt until it is read, where no answers hold it up [s]
    untouched_log: logarithm of the chance that one sequence leaves an expert untouched [1]
    fixed_step_time: part of a step that does not grow with the batch [s]
    sequence_step_time: part that each running sequence adds [s]
    dense_read_time: time to read the weights outside the experts [s]
    dense_compute_time: time to multiply one sequence's tokens with them [s]
    expert_pass_time: time to pass through all routed experts [s]
    expert_compute_time: time to multiply them with the experts that they visit [s]
    """
    step_target = target_time_per_output_token * accepted_tokens
    low, high, middle = 1.0, batch_limit, batch_limit
    below, above, side = -1.0, 1.0, 0.0
    for _ in range(TRIALS):
        excess = latency_excess(
            middle, interleaved_prefill_time, prefill_time, prefill_latency, step_target, target_time_to_first_token, untouched_log,
            fixed_step_time, sequence_step_time, dense_read_time, dense_compute_time, expert_pass_time, expert_compute_time
        )
        if excess > 0:
            below = below / 2 if side > 0 else below
            high, above, side = middle, excess, 1.0
        else:
            if excess > -CLOSE or middle == high:
                return middle
            above = above / 2 if side < 0 else above
            low, below, side = middle, excess, -1.0
        middle = (low * above - high * below) / (above - below)
    return low


@equation(unit="1", source="little-1961")
def batch_by_arrival(
    arrival_rate,
    output_tokens,
    batch_limit,
    accepted_tokens,
    interleaved_prefill_time,
    untouched_log,
    fixed_step_time,
    sequence_step_time,
    dense_read_time,
    dense_compute_time,
    expert_pass_time,
    expert_compute_time,
):
    """Mean number of sequences that arriving requests keep running, by Little's law; below one the replica waits at times.

    B n = q n_out T(max(1, B)), T(B) = t(B) + B x, found by the Illinois method

    arrival_rate: q, requests that arrive at one replica [1/s]
    output_tokens: n_out, tokens of one answer [token]
    batch_limit: most sequences that one replica runs at a time [1]
    accepted_tokens: n, tokens of one sequence that one step writes [token]
    interleaved_prefill_time: x, time of reading prompts on the same GPUs, for each sequence of a step [s]
    untouched_log: logarithm of the chance that one sequence leaves an expert untouched [1]
    fixed_step_time: part of a step that does not grow with the batch [s]
    sequence_step_time: part that each running sequence adds [s]
    dense_read_time: time to read the weights outside the experts [s]
    dense_compute_time: time to multiply one sequence's tokens with them [s]
    expert_pass_time: time to pass through all routed experts [s]
    expert_compute_time: time to multiply them with the experts that they visit [s]
    """
    steps_per_second = arrival_rate * output_tokens / accepted_tokens
    if steps_per_second <= 0:
        return 0.0
    low, high, middle = 0.0, batch_limit, batch_limit
    below, above, side = -1.0, 1.0, 0.0
    for _ in range(TRIALS):
        excess = arrival_excess(
            middle, steps_per_second, interleaved_prefill_time, untouched_log,
            fixed_step_time, sequence_step_time, dense_read_time, dense_compute_time, expert_pass_time, expert_compute_time
        )
        if excess > 0:
            below = below / 2 if side > 0 else below
            high, above, side = middle, excess, 1.0
        else:
            if excess > -CLOSE or middle == high:
                return middle
            above = above / 2 if side < 0 else above
            low, below, side = middle, excess, -1.0
        middle = (low * above - high * below) / (above - below)
    return low
