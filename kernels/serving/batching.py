"""One step of a batch, and the batch that a latency or a load allows. What belongs here: a step as a function of the batch.

The parts of a step come from decode.py and prefill.py; which batch runs is chosen in operating_point.py. A batch that is solved for
takes the same few steps at every point, without a branch or a call, so that the compiler makes vector code of the loop around it.
"""

import math

from sweep.equations.registry import equation

TRIALS = 4  # all of 400,000 random points were then within 1e-6 of their targets
FOREVER = 1e15  # s, as long as no target: its square is still a number
MOST_VISITS = 1e9  # of an expert by one sequence: no share of experts is inactive beside it
INTERCEPT, SLOPE = 1 / 2, 1 / 8  # of the tangent of 1 - (1 + y / 2)^-2 at y = 2
TINY = 1e-300  # what a model does not have is not divided by


def passed_over(running, visits):
    """1 / (1 + u B / 2), whose square is the share of experts that no token of a step visits."""
    return 1 / (1 + running * min(visits, MOST_VISITS) / 2)


def active_share(running, visits):
    passed = passed_over(running, visits)
    return 1 - passed * passed


def joint(read, compute):
    return math.sqrt(read * read + compute * compute + TINY)


def step_seconds(running, activated, fixed, per_sequence, dense_read, dense_compute, expert_pass, expert_compute):
    matrices = joint(dense_read, dense_compute * running) + joint(expert_pass * activated, expert_compute * running)
    return fixed + running * per_sequence + matrices


def steepest(room, base, less, more, less_share, more_share):
    """Largest quotient that a tangent of 1 - (1 + y / 2)^-2 gives, of those at y = 0, 2 and without end."""
    return max(room / (base + more), (room - less_share * less) / (base + more_share * more), (room - less) / base)


def move(gap, slope, bend):
    """Halley's step over a gap, at most three times as long as Newton's: g s / (s^2 + g b / 2)."""
    return gap * slope / max(slope * slope + gap * bend / 2, slope * slope / 3 + TINY)


def nearer(running, limit, level, other, pace, wait, visits, fixed, per_sequence, dense_read, dense_compute, expert_pass, expert_compute):
    """A batch nearer to where t + p B is at one level or t + p B + w B / t at another, t being the step of B: the shorter step."""
    passed = passed_over(running, visits)
    read = expert_pass * (1 - passed * passed)
    read_slope = visits * expert_pass * passed * passed * passed
    read_bend = -3 * visits * passed * read_slope / 2
    dense = joint(dense_read, dense_compute * running)
    expert = joint(read, expert_compute * running)
    step = fixed + running * per_sequence + dense + expert
    dense_slope = dense_compute * dense_compute * running / dense
    expert_slope = (read * read_slope + expert_compute * expert_compute * running) / expert
    slope = per_sequence + dense_slope + expert_slope
    dense_bend = (dense_compute * dense_compute - dense_slope * dense_slope) / dense
    expert_bend = (read_slope * read_slope + read * read_bend + expert_compute * expert_compute - expert_slope * expert_slope) / expert
    bend = dense_bend + expert_bend
    per_step = 1 / step
    spread = running * per_step
    spread_slope = (1 - spread * slope) * per_step
    spread_bend = -(2 * spread_slope * slope + spread * bend) * per_step
    gap = level - step - running * pace
    first_gap = other - step - running * pace - wait * spread
    by_first = move(first_gap, slope + pace + wait * spread_slope, bend + wait * spread_bend)
    return min(limit, max(1.0, running + min(move(gap, slope + pace, bend), by_first)))


@equation(unit="1", source="fedus-2021")
def activated_experts(running_sequences, expert_visits):
    """Share of a layer's experts that a step reads; the rest is visited by no token of the batch.

    s = 1 - (1 + u B / 2)^-2, the mean of 1 - exp(-v B) over experts whose visits v have a gamma distribution of shape 2: some are popular

    running_sequences: B, sequences of one step [1]
    expert_visits: u, mean visits of one expert by one sequence in a step [1]
    """
    return active_share(running_sequences, expert_visits)


@equation(unit="s", source="pope-2022")
def decode_step_time(
    running_sequences,
    activated_experts,
    fixed_step_time,
    sequence_step_time,
    dense_read_time,
    dense_compute_time,
    expert_pass_time,
    expert_compute_time,
):
    """Time of one step in which every running sequence decodes, without prefill.

    t = t_f + B t_q + sqrt(t_r^2 + (B t_c)^2) + the same for the experts, of which a share s is read

    running_sequences: B, sequences of one step [1]
    activated_experts: s, share of the experts that a step reads [1]
    fixed_step_time: t_f, part of a step that does not grow with the batch [s]
    sequence_step_time: t_q, part that each running sequence adds [s]
    dense_read_time: t_r, time to read the weights outside the experts [s]
    dense_compute_time: t_c, time to multiply one sequence's tokens with them [s]
    expert_pass_time: time to pass through all routed experts [s]
    expert_compute_time: time to multiply them with the experts that they visit [s]
    """
    return step_seconds(
        running_sequences, activated_experts,
        fixed_step_time, sequence_step_time, dense_read_time, dense_compute_time, expert_pass_time, expert_compute_time
    )


@equation(unit="s", source="pope-2022")
def shortest_step_time(
    interleaved_prefill_time,
    expert_visits,
    fixed_step_time,
    sequence_step_time,
    dense_read_time,
    dense_compute_time,
    expert_pass_time,
    expert_compute_time,
):
    """Time of a step of one sequence, the fastest of the replica.

    T(1) = t(1) + x

    interleaved_prefill_time: x, prefill time interleaved on the same GPUs, for each sequence of a step [s]
    expert_visits: mean visits of one expert by one sequence in a step [1]
    fixed_step_time: part of a step that does not grow with the batch [s]
    sequence_step_time: part that each running sequence adds [s]
    dense_read_time: time to read the weights outside the experts [s]
    dense_compute_time: time to multiply one sequence's tokens with them [s]
    expert_pass_time: time to pass through all routed experts [s]
    expert_compute_time: time to multiply them with the experts that they visit [s]
    """
    return interleaved_prefill_time + step_seconds(
        1.0, active_share(1.0, expert_visits),
        fixed_step_time, sequence_step_time, dense_read_time, dense_compute_time, expert_pass_time, expert_compute_time
    )


@equation(unit="1/s", source="little-1961")
def request_capacity(
    batch_limit,
    output_tokens,
    accepted_tokens,
    interleaved_prefill_time,
    expert_visits,
    fixed_step_time,
    sequence_step_time,
    dense_read_time,
    dense_compute_time,
    expert_pass_time,
    expert_compute_time,
):
    """Requests that one replica can serve per second, with the largest batch.

    q = B n / (n_out T(B)), T(B) = t(B) + B x

    batch_limit: B, most sequences that one replica runs at a time [1]
    output_tokens: n_out, output tokens of one response [token]
    accepted_tokens: n, tokens of one sequence that one step writes [token]
    interleaved_prefill_time: x, prefill time interleaved on the same GPUs, for each sequence of a step [s]
    expert_visits: mean visits of one expert by one sequence in a step [1]
    fixed_step_time: part of a step that does not grow with the batch [s]
    sequence_step_time: part that each running sequence adds [s]
    dense_read_time: time to read the weights outside the experts [s]
    dense_compute_time: time to multiply one sequence's tokens with them [s]
    expert_pass_time: time to pass through all routed experts [s]
    expert_compute_time: time to multiply them with the experts that they visit [s]
    """
    step = batch_limit * interleaved_prefill_time + step_seconds(
        batch_limit, active_share(batch_limit, expert_visits),
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
    expert_visits,
    fixed_step_time,
    sequence_step_time,
    dense_read_time,
    dense_compute_time,
    expert_pass_time,
    expert_compute_time,
):
    """Largest batch whose mean latencies stay within both targets, found by Halley's method.

    max B <= B_max with T / n <= t_1 and t_l + T + t_p B x / (2 t) <= t_2, where t is the step of B and T = t + B x that with its prompts

    batch_limit: B_max, most sequences that one replica runs at a time [1]
    target_time_per_output_token: t_1, longest mean time between two output tokens of one response [s]
    target_time_to_first_token: t_2, longest mean time to the first token [s]
    accepted_tokens: n, tokens of one sequence that one step writes [token]
    interleaved_prefill_time: x, prefill time interleaved on the same GPUs, for each sequence of a step [s]
    prefill_time: t_p, prefill time of one prompt on the replica [s]
    prefill_latency: t_l, time from the arrival of a prompt to the end of its prefill, where no running sequence delays it [s]
    expert_visits: mean visits of one expert by one sequence in a step [1]
    fixed_step_time: part of a step that does not grow with the batch [s]
    sequence_step_time: part that each running sequence adds [s]
    dense_read_time: time to read the weights outside the experts [s]
    dense_compute_time: time to multiply one sequence's tokens with them [s]
    expert_pass_time: time to pass through all routed experts [s]
    expert_compute_time: time to multiply them with the experts that they visit [s]
    """
    token_target = min(FOREVER, target_time_per_output_token * accepted_tokens)
    first_target = min(FOREVER, target_time_to_first_token - prefill_latency)
    wait = prefill_time * interleaved_prefill_time / 2
    visits = min(expert_visits, MOST_VISITS)
    least = fixed_step_time + dense_read_time + TINY
    growth = sequence_step_time + interleaved_prefill_time + wait / least + TINY
    room = min(token_target, first_target) - least
    start = steepest(room, growth, expert_pass_time, visits * expert_pass_time, INTERCEPT, SLOPE)
    running = min(batch_limit, max(1.0, start))
    for _ in range(TRIALS):
        running = nearer(
            running, batch_limit, token_target, first_target, interleaved_prefill_time, wait, visits,
            fixed_step_time, sequence_step_time, dense_read_time, dense_compute_time, expert_pass_time, expert_compute_time
        )
    return running


@equation(unit="1", source="little-1961")
def batch_by_arrival(
    request_rate,
    output_tokens,
    batch_limit,
    accepted_tokens,
    shortest_step_time,
    interleaved_prefill_time,
    expert_visits,
    fixed_step_time,
    sequence_step_time,
    dense_read_time,
    dense_compute_time,
    expert_pass_time,
    expert_compute_time,
):
    """Mean number of sequences that arriving requests keep running, by Little's law; below one the replica waits at times.

    B n = q n_out T(max(1, B)), T(B) = t(B) + B x, found by Halley's method

    request_rate: q, requests that come to one replica [1/s]
    output_tokens: n_out, output tokens of one response [token]
    batch_limit: most sequences that one replica runs at a time [1]
    accepted_tokens: n, tokens of one sequence that one step writes [token]
    shortest_step_time: T(1), time of a step of one sequence with its prefill [s]
    interleaved_prefill_time: x, prefill time interleaved on the same GPUs, for each sequence of a step [s]
    expert_visits: mean visits of one expert by one sequence in a step [1]
    fixed_step_time: part of a step that does not grow with the batch [s]
    sequence_step_time: part that each running sequence adds [s]
    dense_read_time: time to read the weights outside the experts [s]
    dense_compute_time: time to multiply one sequence's tokens with them [s]
    expert_pass_time: time to pass through all routed experts [s]
    expert_compute_time: time to multiply them with the experts that they visit [s]
    """
    steps_per_second = request_rate * output_tokens / accepted_tokens
    alone = steps_per_second * shortest_step_time
    pace = 1 / max(steps_per_second, TINY) - interleaved_prefill_time
    visits = min(expert_visits, MOST_VISITS)
    least = fixed_step_time + dense_read_time + TINY
    room = pace - sequence_step_time - dense_compute_time - expert_compute_time
    start = steepest(room, least, visits * expert_pass_time, expert_pass_time, SLOPE, INTERCEPT)
    running = max(1.0, 1 / max(1 / batch_limit, start))
    for _ in range(TRIALS):
        running = nearer(
            running, batch_limit, 0.0, 0.0, -pace, 0.0, visits,
            fixed_step_time, sequence_step_time, dense_read_time, dense_compute_time, expert_pass_time, expert_compute_time
        )
    return alone if alone <= 1 else running
