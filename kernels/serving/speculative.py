"""Speculative decoding. What belongs here: what a draft costs per step and how many tokens a step then writes.

The wider step itself is in decode.py and batching.py, through step_width.
"""

from sweep.equations.registry import equation, rule


@equation(unit="1", source="leviathan-2023")
def step_width(draft_tokens, draft_tree_tokens):
    """Tokens of one sequence that one pass of the model checks.

    w = g + h + 1, or 1 without a draft

    draft_tokens: g, tokens in a row that a draft proposes in one step [token]
    draft_tree_tokens: h, tokens of other branches of its tree that the pass checks [token]
    """
    if draft_tokens <= 0:
        return 1.0
    return draft_tokens + draft_tree_tokens + 1


@equation(unit="token", source="leviathan-2023")
def accepted_tokens(draft_tokens, acceptance, acceptance_falloff):
    """Tokens of one sequence that one step writes, mean.

    n = 1 + a + a^2 f + a^3 f^3 + ..., g + 1 terms, the last a^g f^(g (g - 1) / 2)

    draft_tokens: g, tokens in a row that a draft proposes in one step [token]
    acceptance: a, probability that the first proposed token is accepted [1]
    acceptance_falloff: f, probability at one position over that at the position before, where all before it were accepted [1]
    """
    written, reached, chance = 1.0, 1.0, acceptance
    for _ in range(int(draft_tokens)):
        reached = reached * chance
        written = written + reached
        chance = chance * acceptance_falloff
    return written


@equation(unit="s", source="leviathan-2023")
def engine_wait(draft_tokens, engine_step_time, engine_drafted_step_time):
    """Time of a step in which the GPUs wait for the engine; what follows a draft depends on what is accepted and is not prepared before.

    t = t_s, or max(t_s, t_u) with a draft

    draft_tokens: tokens in a row that a draft proposes in one step [token]
    engine_step_time: t_s, time in which the GPUs wait for the engine, the next step being prepared while they work [s]
    engine_drafted_step_time: t_u, the same where the engine drafts [s]
    """
    if draft_tokens <= 0:
        return engine_step_time
    return max(engine_step_time, engine_drafted_step_time)


@equation(unit="s", source="leviathan-2023")
def draft_time(draft_tokens, draft_pass_time, draft_parameters, weight_bits, serving_tp, hbm_bandwidth, bandwidth_efficiency):
    """Time of the draft's passes, one after another for each token in a row: their kernels, and reading its weights.

    t = g (t_d + P_d b / 8 / (t b_m e))

    draft_tokens: g, tokens in a row that a draft proposes in one step [token]
    draft_pass_time: t_d, time of one pass of the draft that has no data to move [s]
    draft_parameters: P_d, parameters that the draft reads for one token [1]
    weight_bits: b, bits of one stored weight [1]
    serving_tp: t, tensor-parallel size [1]
    hbm_bandwidth: b_m, memory bandwidth of one GPU [B/s]
    bandwidth_efficiency: e, share of it that reading weights reaches [1]
    """
    read = draft_parameters * weight_bits / 8 / (serving_tp * hbm_bandwidth * bandwidth_efficiency)
    return draft_tokens * (draft_pass_time + read)


@equation(unit="s", source="leviathan-2023")
def draft_compute_time(step_width, draft_parameters, serving_gpus, serving_rate, matmul_efficiency):
    """Time of the draft's operations for one sequence and step.

    t = 2 (w - 1) P_d / (N r e)

    step_width: w, tokens of one sequence that one pass of the model checks, all but one of them proposed [1]
    draft_parameters: P_d, parameters that the draft reads for one token [1]
    serving_gpus: N, GPUs of one replica [1]
    serving_rate: r, dense peak rate of one GPU under its power limit [FLOP/s]
    matmul_efficiency: e, share of it that matrix multiplications reach [1]
    """
    return 2 * (step_width - 1) * draft_parameters / (serving_gpus * serving_rate * matmul_efficiency)


@rule(guards=("accepted_tokens",), source="leviathan-2023")
def draft_longer_than_output(draft_tokens, output_tokens):
    """A draft proposes more tokens than the response has.

    draft_tokens: tokens that a draft proposes in one step [token]
    output_tokens: output tokens of one response [token]
    """
    return draft_tokens >= output_tokens and draft_tokens > 0
