"""A training step computed slowly: time, memory and power of one GPU at one point, layer by layer and rank by rank.

Nothing here comes from sweep/ or kernels/. All numbers are SI; `p` holds the inputs by name. Choices count from 0 in the order of their
words: formats fp32, tf32, fp16, bf16, fp8, int8, fp4; recomputation none, selective, full; launches eager, partial graph, whole graph;
dispatchers all-gather, all-to-all, DeepEP, HybridEP; attention in 16 bits, in 8.
"""

import math

from tests.naive import transformer

FP8, FP4 = 4, 6
SELECTIVE, FULL = 1, 2


def mean(p, of):
    """The mean over all layers of what a function says of one."""
    layers = transformer.kinds(p)
    return sum(of(*layer) for layer in layers) / len(layers)


def rates(p):
    """Rates of products in the format of training and in 16 bits, of the core of attention, of operands and of memory."""
    dynamic = (p["power_cap"] * p["gpu_tdp"] / p["rated_power"] - p["static_power_fraction"]) / (1 - p["static_power_fraction"])
    clock = p["training_clock"] * max(0.0, min(1.0, dynamic))
    burst = p["gemm_efficiency"] or p["typical_gemm_efficiency"]
    narrow = p["fp4_efficiency"] if p["precision"] == FP4 else p["fp8_efficiency"] if p["precision"] >= FP8 else 1.0
    core = p["peak_rate_16bit"] * p["attention_efficiency"] * clock * (p["fp8_attention_speed"] if p["attention_format"] else 1.0)
    older = {0: p["flash1_attention_efficiency"], 1: p["flash2_attention_efficiency"]}.get(round(p["attention_kernel"]), 0)
    if older > 0:
        core = p["peak_rate_16bit"] * older * p["training_clock"]
    return {
        "format": p["peak_rate"] * burst * narrow * clock * (1.0 if p["precision"] >= FP8 else p["wide_format_clock"]),
        "half": p["peak_rate_16bit"] * burst * clock * p["wide_format_clock"],
        "core": core,
        "operands": p["hbm_bandwidth"] / p["operand_exposure"],
        "memory": p["hbm_bandwidth"] * p["hbm_efficiency"],
        "up": p["scaleup_bandwidth"] * p["scaleup_efficiency"],
        "out": p["scaleout_bandwidth"] * p["scaleout_efficiency"],
    }


def ring(p, r, members, stride):
    """Rate of a ring over ranks so far apart, and how long its steps wait for the network."""
    if members * stride <= p["scaleup_domain"]:
        return r["up"], 0.0
    cards = max(1, min(members, p["scaleup_domain"] / stride))
    return min(r["up"], cards * r["out"]), (members - 1) * p["scaleout_hop_time"]


def half_exchange(p, r, elements_bytes, members, stride):
    """Time of a gather or a scatter of a buffer over a ring: each rank receives all parts but its own."""
    if members <= 1:
        return 0.0
    rate, wait = ring(p, r, members, stride)
    return elements_bytes / members * (members - 1) / rate + p["collective_start_time"] + wait


def product(tokens, width, inner, r, start):
    """Time of the products between a stream and an inner width, there and back: operations, 2-byte operands, two starts."""
    flops = 2 * tokens * width * inner
    operands = 2 * (tokens * width + tokens * inner + tokens * width + width * inner)
    return flops / r["format"] + operands / r["operands"] + start + start


def columns(p, mixer):
    """Columns of query, key, value and context of one layer."""
    total = 0
    if "full" in mixer:
        total += transformer.score_width(p, "full") + p["kv_heads"] * p["head_size"] + p["kv_heads"] * p["value_head_size"]
    if mixer == "window":
        total += transformer.score_width(p, "window") + transformer.kept_width(p, "window")
    if "state" in mixer:
        total += p["state_parameters"] / p["hidden_size"]
    return total


def attention(p, r, n):
    """Time of the core of attention of one layer, the mean of all, forward and backward."""
    tp, s = p["tp"], round(p["sequence_length"])
    if p["fused_attention"]:
        sparse = p["sparse_attention_tokens"] or s
        flops = 0.0
        for mixer, _ in transformer.kinds(p):
            if "full" in mixer:
                flops += 2 * transformer.score_width(p, "full") * transformer.pairs(0, s, sparse) / s
            if mixer == "window":
                flops += 2 * transformer.score_width(p, "window") * transformer.pairs(0, s, p["attention_window"]) / s
        moved = 2 * mean(p, lambda mixer, _: columns(p, mixer)) * p["attention_exposure"]
        time = n / tp * (flops / len(transformer.kinds(p)) / r["core"] + moved / p["hbm_bandwidth"])
        return time, p["attention_backward_ratio"] * time
    scores = n * s * p["attention_heads"] / tp
    traffic = p["fused_softmax_bytes"] if p["fused_softmax"] else p["softmax_bytes"]
    width = p["head_size"] + p["value_head_size"]
    rate = p["batched_efficiency"] * r["half"]
    if p["head_size"] % 8:
        rate = min(rate, p["vector_rate"])
    time = scores * 2 * width / rate + scores * traffic / r["memory"]
    return time, time + time


def mixture(p, r, n, shards):
    """Times of one mixture layer, forward: routed products, sorting, shared experts, and sending tokens once."""
    h, k, ep = p["hidden_size"], p["mlp_matrices"], p["ep"]
    f = p["expert_hidden_size"] / p["etp"]
    visited = p["experts_per_token"]
    tokens = load(p) * p["etp"] * visited * n / shards
    held = p["experts"] / ep
    narrow = p["precision"] >= FP8
    start = p["expert_start_time"] + narrow * p["expert_conversion_time"]
    start = p["grouped_start_time"] if p["fused_experts"] else start
    products = 2 * tokens * k * h * f / r["format"] + 2 * (2 * tokens * h + tokens * k * f + held * k * h * f) / r["operands"]
    products += held * start
    apart = 0 if p["fused_experts"] else f
    moved = p["router_bytes"] * h / visited + 2 * k * apart + (p["expert_bias_bytes"] * apart if p["linear_biases"] else 0)
    moved += 0 if p["fused_permutation"] else p["eager_permutation_bytes"] * h
    moved += p["quantize_bytes"] * (h * 2 / 3 + apart) if narrow else 0
    if p["dispatcher"] == 1:
        sorted_once = 4 * h * (1 + 1 / visited) / p["etp"] + (8 * h if held > 1 else 0)
    else:
        arriving = ep if p["dispatcher"] == 0 else ep * (1 - (1 - 1 / ep) ** visited)
        sorted_once = 4 * h * (1 + arriving / visited)
    sorting = tokens * (moved / r["memory"] + 2 / 3 * sorted_once / (p["permutation_efficiency"] * p["hbm_bandwidth"]))
    shared = product(n, h, k * p["shared_expert_hidden_size"] / p["tp"], r, p["gemm_start_time"]) if p["shared_expert_hidden_size"] else 0.0
    sending = send(p, r, n, shards)
    if p["etp"] > 1:
        sending += 2 * tokens * h * (p["etp"] - 1) / p["etp"] / r["up"] + p["collective_start_time"]
    return tokens, products, sorting, shared, sending


def load(p):
    """Tokens of the busiest rank over the mean."""
    return p["expert_capacity"] or p["expert_imbalance"] - (p["expert_imbalance"] - 1) / p["ep"]


def send(p, r, n, shards):
    """Time of sending the tokens of one micro-batch to their experts or back."""
    ep, visited = p["ep"], p["experts_per_token"]
    if ep <= 1:
        return 0.0
    near = min(ep, max(1, p["scaleup_domain"] / p["etp"]))
    reached = ep * (1 - (1 - 1 / ep) ** visited)
    domains = max(1.0, ep * p["etp"] / p["scaleup_domain"])
    numbers = load(p) * n * p["hidden_size"] / shards
    if p["dispatcher"] <= 1:
        gathers = p["dispatcher"] == 0
        copies = ep if gathers else visited
        sent = numbers * (p["gathered_token_bytes"] if gathers else 2)
        slower = max(sent * copies * (near - 1) / ep / r["up"], sent * copies * (ep - near) / ep / r["out"])
        return slower + p["collective_start_time"]
    kernel = "deepep" if p["dispatcher"] == 2 else "hybridep"
    up = p["scaleup_bandwidth"] * p[f"{kernel}_scaleup_efficiency"]
    out = p["scaleout_bandwidth"] * p[f"{kernel}_scaleout_efficiency"]
    far = (domains - 1) * (1 - (1 - 1 / domains) ** visited)
    return max(2 * numbers * reached * (near - 1) / near / up, 2 * numbers * far / out) + p["collective_start_time"]


def stages(p):
    """Layers of the fullest stage and of the one with the head."""
    layers, chunks = p["layers"], p["pp"] * p["interleaving"]
    if p["balanced_stages"]:
        visited = p["shared_expert_hidden_size"] + p["experts_per_token"] * p["expert_hidden_size"]
        inner = mean(p, lambda _, mlp: visited if mlp == "mixture" else p["ffn_hidden_size"])
        one = transformer.mixing_parameters(p) / layers + p["mlp_matrices"] * p["hidden_size"] * inner
        head = p["vocabulary_size"] * p["hidden_size"] / one
        passed = [min(layers, math.floor(i * (layers + head) / p["pp"]) + 1) for i in range(1, round(p["pp"]))]
        return (passed[0], layers - passed[-1]) if passed else (layers, layers)
    if layers % chunks == 0:
        return layers / p["pp"], layers / p["pp"]
    else:
        fullest = math.ceil((layers + 2) / chunks) * p["interleaving"]
    return fullest, fullest if fullest * p["pp"] == layers else fullest - 1


def training(p):
    """Every quantity of one point that is compared, by the name that it has in the graph."""
    r = rates(p)
    h, k, tp, pp, cp, ep = (p[name] for name in ("hidden_size", "mlp_matrices", "tp", "pp", "cp", "ep"))
    kinds = transformer.kinds(p)
    mixtures = sum(mlp == "mixture" for _, mlp in kinds) / len(kinds)
    dense = 1 - mixtures
    copies = math.floor(p["gpus"] / (tp * pp * cp))
    micro = p["global_batch"] / copies / p["micro_batch"]
    n = p["micro_batch"] * p["sequence_length"] / cp
    shards = tp if p["sequence_parallel"] else 1
    full, selective = p["recompute"] == FULL, p["recompute"] == SELECTIVE
    # one layer forward, the mean of all
    weights = transformer.mixing_parameters(p) / len(kinds)
    width = mean(p, lambda mixer, _: columns(p, mixer))
    projections = 2 * n * weights / tp / r["format"] + 2 * p["gemm_start_time"]
    projections += 2 * (n * h + n * width / tp + n * h + weights / tp) / r["operands"]
    mlp = product(n, h, k * p["ffn_hidden_size"] / tp, r, p["gemm_start_time"])
    tokens, experts, sorting, shared, sending = mixture(p, r, n, shards) if mixtures else (0.0,) * 5
    products = projections + dense * mlp + mixtures * (experts + shared)
    core, core_back = attention(p, r, n)
    norms = p["fused_stream_bytes"] + (0 if p["fused_norms"] else 2 * p["norm_bytes"])
    branches = 2 * p["branch_passes"] * (width + dense * k * p["ffn_hidden_size"]) / tp
    pointwise = n * (norms * h / shards + branches) / r["memory"] * (1 if p["fused_operators"] else p["eager_passes"])
    two_reduces = 4 * half_exchange(p, r, 2 * n * h, tp, 1) - (2 * p["collective_start_time"] if tp > 1 else 0.0)
    waits = 2 * p["collective_start_time"] + 4 * ring(p, r, tp, 1)[1]
    hidden = p["tensor_overlap"] * p["tp_overlap"] * max(0.0, two_reduces - waits)
    around = 0.0
    if cp > 1:
        block = 2 * n * p["kv_heads"] * (p["head_size"] + p["value_head_size"]) / tp
        around = (cp - 1) * (block / ring(p, r, cp, tp)[0] + p["collective_start_time"])
    exchange = two_reduces - hidden + max(0.0, around - core)
    forward = products + core + pointwise + mixtures * sorting + exchange
    # backward, and what is computed again
    dense_weights = weights + dense * k * h * p["ffn_hidden_size"]
    dense_weights += mixtures * (k * h * p["shared_expert_hidden_size"] + h * p["experts"])
    expert_weights = mixtures * p["experts"] * k * h * p["expert_hidden_size"]
    adding = p["trained_fraction"] * p["accumulation_bytes"] * (dense_weights / tp + expert_weights / (ep * p["etp"])) / r["memory"]
    backward = 2 * (forward - core - exchange) - (1 - p["trained_fraction"]) * products + core_back + exchange + adding
    again = 0.0
    if p["recompute_norms"]:
        again += n * 8 * h / shards / r["memory"]
    if p["recompute_mlp"]:
        again += dense * (mlp + n * 2 * k * p["ffn_hidden_size"] / tp / r["memory"])
    if p["recompute_latent_projection"]:
        latent = p["q_lora_rank"] * p["head_size"] + p["kv_lora_rank"] * (p["head_size"] + p["value_head_size"])
        again += n * 2 * p["attention_heads"] * latent / tp / r["format"]
    if p["recompute_experts"]:
        again += mixtures * (experts + sorting)
    elif p["recompute_expert_activation"]:
        again += mixtures * 2 * tokens * k * p["expert_hidden_size"] / p["etp"] / r["memory"]
    if p["recompute_shared_experts"]:
        again += mixtures * shared
    if selective:
        again += (0.0 if p["fused_attention"] else core) + p["selective_share"] * (forward - core - exchange)
    if full:
        again = forward
    # waiting for tokens, and for the host
    trips = 6 if full or p["recompute_experts"] else 4
    underway = trips * mixtures * sending
    wait = underway
    if p["expert_overlap"]:
        wait = max((1 - p["ep_overlap"]) * underway, underway - forward - backward - again)
    launch = p["host_pass_time"] + (tp * p["host_rank_time"] if pp > 1 and p["gpus"] > p["scaleup_domain"] else 0.0)
    sorted_out = mixtures * (p["host_mixture_time"] + (2 if p["precision"] >= FP8 else 1) * p["experts"] / ep * p["host_expert_time"])
    more = p["overlap_launches"] if p["expert_overlap"] else 1
    host = ((3 if full else 2) * launch + sorted_out) * more
    host = {0: host, 1: sorted_out, 2: 0.0}[round(p["kernel_launch"])]
    layer = max(forward + backward + again + wait, host)
    # a stage, and the pipeline
    vocabulary = p["vocabulary_size"] / tp
    head = 2 * n * h * vocabulary / r["half"] + 2 * (n * h + n * vocabulary + h * vocabulary) / r["operands"]
    head *= 2 + p["trained_fraction"]
    head += n * vocabulary * p["loss_bytes"] / r["memory"] * (1 if p["fused_operators"] else p["eager_passes"])
    fullest, last = stages(p)
    stage = max(fullest * layer, last * layer + head)
    transfer = 0.0
    if pp > 1:
        transfer = 2 * n * h / tp / (r["up"] if p["gpus"] <= p["scaleup_domain"] else r["out"]) + p["collective_start_time"]
    exposed = 1 - p["transfer_overlap"] if p["pipeline_overlap"] else 1
    stage += 2 * p["interleaving"] * exposed * transfer
    bubble = (pp - 1) * (p["layers"] / pp * layer / p["interleaving"] + 2 * transfer)
    # gradients, parameters and the update
    matrices = 2 if pp == 1 and not p["tied_embeddings"] else 1
    held = (fullest * dense_weights + matrices * p["vocabulary_size"] * h) / tp
    ending = held if pp == 1 else (last * dense_weights + p["vocabulary_size"] * h) / tp
    held_experts = fullest * expert_weights / (ep * p["etp"])
    ranks = copies * cp
    shared = p["zero_stage"] >= 1
    down = p["trained_fraction"] * p["gradient_bytes"] * (1 if shared and p["gradient_scatter"] else 2)
    back = p["parameter_bytes"] * (1 if p["zero_stage"] == 3 else p["trained_fraction"]) if shared else 0
    gradients = half_exchange(p, r, down * held, ranks, tp)
    gathering = 0.0
    if back and ranks > 1:
        gathering = half_exchange(p, r, back * held, ranks, tp) + ranks * fullest * p["gather_slice_time"]
    same = tp * cp * copies / (ep * p["etp"])
    expert_exchange = 0.0
    if same > 1:
        sent = (down + back) * held_experts
        expert_exchange = sent * (same - 1) / same / ring(p, r, same, ep * p["etp"])[0]
    behind, window = gradients + gathering + expert_exchange, stage
    if p["zero_stage"] == 3:
        behind, window = micro * (behind + gathering), micro * stage
    beside = p["gradient_overlap"] and (p["sharding_overlap"] or not shared)
    waited = max((1 - p["dp_overlap"] if beside else 1) * behind, behind - window)
    update = p["trained_fraction"] * p["optimizer_bytes"] * (held + held_experts) / (ranks if p["zero_stage"] >= 1 else 1) / r["memory"]
    slowest = 1 + p["straggler_growth"] * p["gpus"]
    step = slowest * (micro * stage + bubble + waited + update) + p["step_overhead"]
    step *= p["step_time_residual"]
    # power
    share = again / forward
    tensor = micro * (fullest * ((2 + p["trained_fraction"]) * products + core + core_back + share * (products + core)) + head)
    moving = micro * (fullest * (forward + backward + again - (2 + share) * exchange) + head) - tensor + update
    busy = min(1.0, tensor / step)
    slow = min(1 - busy, moving / step)
    shares = {"tensor": busy, "memory": slow, "waiting": 1 - busy - slow}
    drawn = sum(min(p["power_cap"], p[f"{work}_power_fraction"]) * share for work, share in shares.items())
    return {
        "total_parameters": transformer.count(p)["total"],
        "step_time": step,
        "bubble_time": bubble,
        "data_parallel_wait": waited,
        "tensor_time": tensor,
        "gpu_power_modelled": p["gpu_tdp"] * drawn,
        "memory_per_gpu": memory(p, n, shards, width, dense, mixtures, (fullest, last, micro), (held, ending, ranks), (held_experts, same)),
    }


def memory(p, n, shards, width, dense, mixtures, pipeline, outside, experts):
    """Peak memory of the fullest GPU, in the first stage or in the last."""
    h, k, tp, pp = (p[name] for name in ("hidden_size", "mlp_matrices", "tp", "pp"))
    fullest, last, micro = pipeline
    held, ending, ranks = outside
    held_experts, same = experts
    trained = p["trained_fraction"]
    sizes = (trained * p["optimizer_state_bytes"], trained * p["main_gradient_bytes"], p["parameter_bytes"])

    def states(parameters, ranks):
        kept = [each / (ranks if p["zero_stage"] >= stage else 1) for stage, each in enumerate(sizes, start=1)] if parameters else []
        return parameters * sum(kept)

    wide = 1 if p["precision"] >= FP8 else 2
    stream = p["kept_stream_bytes"] + (0 if p["recompute_norms"] else 2 * wide) + (0 if p["fused_norms"] else 2 * p["kept_norm_bytes"])
    kept = stream * h / shards
    kept += 4 * h * (shards - 1) / shards if p["gathered_inputs"] else 0
    kept += 2 * (p["attention_heads"] * p["value_head_size"] if p["recompute_latent_projection"] else width) / tp
    kept += 0 if p["fused_operators"] else width / tp  # queries and keys before positions
    parts = k if p["fused_operators"] else k + k - 2  # gate, value and input, and the gate after its activation function
    kept += 0 if p["recompute_mlp"] else 2 * dense * parts * p["ffn_hidden_size"] / tp
    kept += 0 if p["recompute_shared_experts"] else 2 * mixtures * parts * p["shared_expert_hidden_size"] / tp
    if not p["recompute_experts"]:
        inner = 2 * (k - 1) * p["expert_hidden_size"] + (0 if p["recompute_expert_activation"] else wide * p["expert_hidden_size"])
        kept += mixtures * p["experts_per_token"] / shards * (wide * h * p["etp"] + inner)
    scores = 0 if p["fused_attention"] else 5 * p["attention_heads"] * p["sequence_length"] / tp
    whole = kept + scores
    stage = fullest * {0: whole, SELECTIVE: kept, FULL: 2 * h / shards}[round(p["recompute"])]
    working = {0: 0, SELECTIVE: scores, FULL: whole}[round(p["recompute"])]
    each = p["logit_bytes"] if p["fused_operators"] else p["eager_logit_bytes"]
    logits = p["gathered_logit_bytes"] * p["vocabulary_size"] if p["gathered_logits"] else each * p["vocabulary_size"] / tp
    in_flight = min(micro, pp + (pp - 1) / p["interleaving"] if p["interleaving"] > 1 else pp)
    part = last / fullest
    first = states(held, ranks) + states(held_experts, same) + n * (in_flight * stage + working)
    end = states(ending, ranks) + states(part * held_experts, same) + n * (part * stage + working + logits)
    gathered = 0.0
    if p["zero_stage"] == 3:
        gathered = 2 * (p["parameter_bytes"] + trained * p["main_gradient_bytes"]) * (held + held_experts) / fullest
    return max(first, end) + gathered + p["memory_reserve"]
