"""A served model computed slowly: one decode step, one prompt, its power and its fleet, at one point with a given concurrency.

Nothing here comes from sweep/ or kernels/. All numbers are SI; `p` holds the inputs by name. Formats count in the order fp32, tf32,
fp16, bf16, fp8, int8, fp4; a prefill placement of 0 reads prompts on the GPUs that write.
"""

import math

from tests.naive import transformer

EIGHT_BITS = 4  # the first format of eight bits or fewer


def hypotenuse(one, other):
    return (one**2 + other**2) ** 0.5


def limited(p, peak):
    """A peak rate at the clock that the power limit leaves."""
    still = p["static_power_fraction"]
    clock = (p["power_cap"] * p["gpu_tdp"] / p["rated_power"] - still) / (1 - still)
    return p[peak] * min(1.0, max(0.0, clock))


def weights(p):
    """Bytes that every step reads, bytes of the experts, and what lies on one GPU."""
    n = transformer.count(p)
    layers = n["total"] - n["experts"] - n["embedding"] - n["head"]
    bits = 16 if p["experts"] > 0 and p["weight_bits"] < 8 else p["weight_bits"]
    dense = layers * bits / 8 + n["embedding"] * 16 / 8
    experts = n["experts"] * p["weight_bits"] / 8
    stages = p["serving_tp"] * p["serving_pp"]
    gpu = (dense + n["head"] * 16 / 8) / stages + experts / (stages * p["serving_dp"])
    return {"layers": layers, "dense": dense, "experts": experts, "gpu": gpu, **{k: n[k] for k in ("visited", "embedding")}}


def sequence(p):
    """What one running sequence keeps and what its next token reads, with the mean number of tokens behind it."""
    context = p["input_tokens"] + p["output_tokens"] / 2 * (1 + p["output_variation"] ** 2)
    kept = state = read = flops = 0
    sparse = p["sparse_attention_tokens"]
    chosen = context if sparse == 0 else min(context, sparse)
    for mixer, _ in transformer.kinds(p):
        if "state" in mixer:
            state += p["state_size"] * p["state_bits"] / 8
        if "full" in mixer:
            width, index = transformer.kept_width(p, "full"), p["indexer_head_size"]
            kept += context * (width + index) * p["kv_bits"] / 8
            read += (chosen * width + context * index) * p["kv_bits"] / 8
            latent = p["kv_lora_rank"]
            scored = p["attention_heads"] * (latent + p["rope_head_size"] + latent) if latent else transformer.score_width(p, "full")
            flops += 2 * chosen * scored + 2 * context * p["indexer_heads"] * index
        if mixer == "window":
            held = min(context, p["attention_window"])
            kept += held * transformer.kept_width(p, "window") * p["kv_bits"] / 8
            read += held * transformer.kept_width(p, "window") * p["kv_bits"] / 8
            flops += 2 * held * transformer.score_width(p, "window")
    return {"context": context, "kept": kept, "state": state, "read": read, "flops": flops}


def exchange(p):
    """Time that one pass waits for exchanges with no data, and the time to send what one token exchanges."""
    tp, dp = p["serving_tp"], p["serving_dp"]
    elsewhere = max(0, tp * dp - p["scaleup_domain"]) / (tp * dp)  # share of the GPUs of a stage in other domains
    copy = p["hidden_size"] * p["activation_bits"] / 8
    wait = time = 0.0
    group = (p["scaleup_bandwidth"] if tp <= p["scaleup_domain"] else p["scaleout_bandwidth"]) * p["link_efficiency"]
    for _, mlp in transformer.kinds(p):
        to_experts = dp > 1 and mlp == "mixture"
        reduces = (tp > 1) + (tp > 1 and not to_experts)
        wait += reduces * p["engine_collective_time"]
        time += reduces * copy * 2 * (tp - 1) / tp / group
        for _ in range(2 if to_experts else 0):
            copies = min(p["experts_per_token"], max(1, p["serving_ep"] - 1)) / tp
            near = copies * (1 - elsewhere) * copy / (p["scaleup_bandwidth"] * p["link_efficiency"])
            far = copies * elsewhere * copy / (p["scaleout_bandwidth"] * p["network_efficiency"]) if elsewhere else 0.0
            time += near if near > far else far
            wait += p["network_dispatch_time"] if elsewhere else p["engine_collective_time"]
    return wait, time * (1 - p["exchange_overlap"])


def busiest(p):
    """Load of the busiest of the groups over which experts are spread, over the mean: sums of gamma variables, nearly normal."""
    groups = p["serving_ep"]
    if p["experts"] == 0 or groups == 1:
        return 1.0
    deviations = [i / 1000 for i in range(-8000, 8001)]
    below = [math.erfc(-x / math.sqrt(2)) / 2 for x in deviations]
    steps = zip(deviations, deviations[1:], below, below[1:], strict=False)
    largest = sum((a + b) / 2 * (high**groups - low**groups) for a, b, low, high in steps)
    return 1 + largest / math.sqrt(2 * p["experts"] / groups)


def prompt(p, shared):
    """Time of the operations of one prompt, and of the whole of it; token by token that is not in the cache."""
    kept = p["prefix_cache_hit"] + p["offload_hit"]
    first, last = round(p["input_tokens"] * kept), round(p["input_tokens"])
    new = last - first
    sparse = p["sparse_attention_tokens"] or last + 1
    flops = 0.0
    for mixer, _ in transformer.kinds(p):
        if "full" in mixer:
            flops += 2 * transformer.score_width(p, "full") * transformer.pairs(first, last, sparse)
            flops += 2 * p["indexer_heads"] * p["indexer_head_size"] * transformer.pairs(first, last, last)
        if mixer == "window":
            flops += 2 * transformer.score_width(p, "window") * transformer.pairs(first, last, p["attention_window"])
    matrices = 2 * new * shared["layers"] / (limited(p, "serving_peak_rate") * p["prefill_efficiency"])
    wasted = p["engine_foreign_rows"] if p["serving_precision"] >= EIGHT_BITS else 0
    visited = shared["visited"] * (busiest(p) * (1 - wasted) + p["serving_ep"] * wasted)
    experts = 2 * new * visited / (limited(p, "serving_peak_rate") * p["prefill_expert_efficiency"])
    attention = flops / (limited(p, "peak_rate_16bit") * p["prefill_efficiency"])
    flops += 2 * new * (shared["layers"] + visited)
    compute = (matrices + experts + attention + flops / p["prefill_rate_limit"]) / shared["gpus"]
    worked = p["serving_time_residual"] * (compute + new * exchange(p)[1] / p["serving_dp"])
    loaded = shared["token_bytes"] * p["input_tokens"] * p["offload_hit"] * shared["copies"] / shared["gpus"]
    return compute, max(worked, loaded / (p["host_bandwidth"] * p["host_link_efficiency"]))


def serving(p):
    """Every quantity of one point that is compared, by the name that it has in the graph."""
    narrow = p["serving_precision"] >= EIGHT_BITS
    tp, pp, dp = p["serving_tp"], p["serving_pp"], p["serving_dp"]
    gpus = tp * pp * dp
    w, s = weights(p), sequence(p)
    # memory, and the batch that runs
    copies = tp if p["kv_lora_rank"] > 0 else tp / min(tp, p["kv_heads"])
    room = max(0.0, p["gpu_memory"] * p["memory_share"] - w["gpu"]) * gpus / copies
    fits = room / (s["kept"] + s["state"])
    batch = min(p["concurrency"], fits, p["sequence_limit"] * dp)
    running = max(1.0, batch)
    # tokens of a step
    drafts = round(p["draft_tokens"])
    width = 1 + drafts + p["draft_tree_tokens"] if drafts else 1
    chances = [p["acceptance"] * p["acceptance_falloff"] ** i for i in range(drafts)]
    accepted = 1 + sum(math.prod(chances[: i + 1]) for i in range(drafts))
    # what does not grow with the batch
    meeting, exchanged = exchange(p)
    launch = 0.0
    for _, mlp in transformer.kinds(p):
        launch += p["engine_layer_time"] + (p["engine_quantize_time"] if narrow else 0.0)
        launch += p["latent_layer_time"] if p["kv_lora_rank"] else 0.0
        fused = p["narrow_expert_share"] if p["weight_bits"] < 8 else 1
        launch += p["engine_expert_layer_time"] * fused if mlp == "mixture" else 0.0
    draft_bytes = p["draft_parameters"] * p["weight_bits"] / 8
    drafted = drafts * (draft_bytes / tp / (p["hbm_bandwidth"] * p["bandwidth_efficiency"]) + p["draft_pass_time"])
    engine = max(p["engine_step_time"], p["engine_drafted_step_time"] if drafts else 0.0)
    fixed = launch + meeting + drafted + engine
    # what each sequence adds outside the matrices
    moved = (s["read"] + s["state"] + s["state"]) * copies / gpus
    reading = moved / (p["hbm_bandwidth"] * p["kv_bandwidth_efficiency"])
    attending = s["flops"] / gpus / (limited(p, "peak_rate_16bit") * p["matmul_efficiency"])
    sampling = width * p["vocabulary_size"] * p["engine_logit_bytes"] / p["hbm_bandwidth"]
    drafting = (width - 1) * 2 * p["draft_parameters"] / gpus / (limited(p, "serving_peak_rate") * p["matmul_efficiency"])
    each = max(reading, width * attending) + (width * exchanged + sampling + width * p["engine_sequence_time"]) / dp + drafting
    # matrices: reading them or multiplying with them, and the experts that the batch touches
    dense_read = w["dense"] / tp / (p["hbm_bandwidth"] * p["bandwidth_efficiency"]) + w["dense"] / tp / p["outstanding_bandwidth"]
    dense_compute = 2 * width * (w["layers"] + w["embedding"]) / gpus / (limited(p, "serving_peak_rate") * p["matmul_efficiency"])
    expert_rate_of_reading = p["hbm_bandwidth"] * p["expert_bandwidth_efficiency"]
    if p["weight_bits"] < 8 and not narrow:
        expert_rate_of_reading = min(expert_rate_of_reading, limited(p, "peak_rate_16bit") / p["unpacking_flops"])
    expert_read = w["experts"] / (tp * dp) / expert_rate_of_reading
    expert_rate = gpus * limited(p, "serving_peak_rate") * p["expert_matmul_efficiency"]
    filling = 2 * p["engine_expert_rows"] * w["experts"] * 8 / p["weight_bits"] / expert_rate if narrow else 0.0
    expert_compute = busiest(p) * 2 * width * w["visited"] / expert_rate
    inactive = 0.0
    if 0 < p["experts_per_token"] < p["experts"]:
        # an expert's visits are spread as the sum of two exponential times is, which leaves it idle with the square of 1 / (1 + mean / 2)
        one = (1 - p["experts_per_token"] / p["experts"]) ** -0.5 - 1
        inactive = (1 / (1 + one * width * running / pp)) ** 2
    activated = 1 - inactive
    matrices = hypotenuse(dense_read, dense_compute * running)
    matrices += hypotenuse(busiest(p) * hypotenuse(expert_read, filling) * activated, expert_compute * running)
    decode = p["serving_time_residual"] * (fixed + running * each + matrices)
    # prompts beside the answers, or on GPUs of their own
    compute, reading_prompt = prompt(p, {**w, "gpus": gpus, "copies": copies, "token_bytes": s["kept"] / s["context"]})
    occupied = reading_prompt + (dp - 1) * p["engine_lockstep"] * reading_prompt
    here = p["prefill_placement"] == 0
    per_step = occupied * accepted / p["output_tokens"]
    interleaved = per_step if here else 0.0
    step = decode + running * interleaved
    latency = reading_prompt * dp
    if not here:
        sent = s["kept"] / s["context"] * p["input_tokens"] + s["state"]
        latency += sent / (gpus * p["scaleout_bandwidth"] * p["link_efficiency"])
        load = p["prefill_load"]
        latency += reading_prompt * load / 2 / (1 - load)  # M/D/1
    first = latency + step + reading_prompt * (running * interleaved / decode) / 2
    together = p["simultaneous_share"] * running * interleaved / 2 / accepted
    first += together * p["output_tokens"]
    token = step / accepted - together
    # power while busy
    idle = p["gpu_idle_power"] if p["gpu_idle_power"] > 0 else p["idle_power_share"] * p["gpu_tdp"]
    busy = decode + running * per_step
    weight_time = (w["dense"] / tp + activated * w["experts"] / (tp * dp)) / p["hbm_bandwidth"]
    memory_time = weight_time + running * moved / p["hbm_bandwidth"] + running * sampling / dp
    work_time = running * (dense_compute + expert_compute + width * attending + compute * accepted / p["output_tokens"])
    work_time += activated * filling
    waiting = engine + running * width * p["engine_sequence_time"] / dp
    above = p["engine_waiting_power"] * waiting + p["kernel_power_share"] * (busy - waiting) + p["compute_power_share"] * work_time
    watts = idle + (p["gpu_tdp"] - idle) * above / busy + p["traffic_energy"] * p["hbm_bandwidth"] * memory_time / busy
    watts = p["serving_power_residual"] * min(p["power_cap"] * p["gpu_tdp"], watts)
    # energy of a token and of a query
    busy_gpu = gpus * busy / (running * accepted)
    share = min(1.0, batch)
    idle_gpu = gpus * step / (running * accepted) * (1 / share - 1)
    if not here:
        idle_gpu += gpus * occupied / p["output_tokens"] * (1 / p["prefill_load"] - 1)
    chip = watts * busy_gpu + idle * idle_gpu
    it = chip + (busy_gpu + idle_gpu) * (p["server_host_power"] / p["gpus_per_server"] + p["serving_network_power"])
    query = it * p["output_tokens"]
    # the fleet
    rate = batch * accepted / step
    requests = rate / p["output_tokens"]
    replicas = max(1, math.ceil(p["queries_per_day"] * p["peak_to_mean_load"] / requests / p["fleet_load_limit"]))
    per_replica = max(gpus, rate * (busy_gpu + idle_gpu))
    servers = math.ceil(replicas * per_replica / p["gpus_per_server"] - 1e-9)
    unused = max(0.0, 1 - p["queries_per_day"] / (replicas * requests)) * (1 - p["idle_switched_off"])
    wait_power = p["gpus_per_server"] * (idle + p["serving_network_power"]) + p["server_host_power"]
    return {
        "weight_bytes_per_gpu": w["gpu"],
        "batch_in_memory": fits,
        "batch": batch,
        "decode_step_time": decode,
        "prefill_compute_time": compute,
        "prefill_time": reading_prompt,
        "time_per_output_token": token,
        "time_to_first_token": first,
        "request_time": first + (p["output_tokens"] - 1) * token,
        "output_rate": rate,
        "busy_gpu_power": watts,
        "chip_energy_per_output_token": chip,
        "energy_per_query": query,
        "fleet_servers": servers,
        "fleet_power": p["queries_per_day"] * query + unused * servers * wait_power,
    }
