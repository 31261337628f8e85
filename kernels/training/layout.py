"""How a training job is laid out over GPUs. What belongs here: replicas and servers, the arithmetic of the split, impossible splits.

How long the parts take is for step.py, whether they fit is for memory.py.
"""

from sweep.equations.registry import equation, rule


@equation(unit="1", source="article")
def gpus_per_replica(tp, pp, cp):
    """GPUs that hold one copy of the model together (model-parallel size).

    n = t p c

    tp: t, tensor-parallel size [1]
    pp: p, pipeline-parallel size [1]
    cp: c, context-parallel size [1]
    """
    return tp * pp * cp


@equation(unit="1", source="article")
def replicas(gpus, gpus_per_replica):
    """Copies of the model that the cluster has room for, not rounded.

    r = N / n

    gpus: N, GPUs of the cluster [1]
    gpus_per_replica: n, GPUs of one copy [1]
    """
    return gpus / gpus_per_replica


@equation(unit="1", source="article")
def servers(gpus, gpus_per_server):
    """Servers that hold the GPUs of the cluster, not rounded.

    S = N / g

    gpus: N, GPUs of the cluster [1]
    gpus_per_server: g, GPUs of one server [1]
    """
    return gpus / gpus_per_server


@equation(unit="1", source="narayanan-2021")
def data_parallel_size(replicas):
    """Copies of the model that train side by side: the whole part of what the cluster has room for.

    d = [r]

    replicas: r, copies of the model that the cluster has room for, not rounded [1]
    """
    return replicas // 1


@equation(unit="1", source="narayanan-2021")
def micro_batches(global_batch, data_parallel_size, micro_batch):
    """Micro-batches of each replica in one optimizer step.

    m = B / (b d)

    global_batch: B, sequences in one optimizer step of the whole cluster [1]
    data_parallel_size: d, copies of the model that train side by side [1]
    micro_batch: b, sequences in one forward pass of a copy [1]
    """
    return global_batch / (micro_batch * data_parallel_size)


@equation(unit="token", source="narayanan-2021")
def tokens_per_step(data_parallel_size, micro_batches, micro_batch, sequence_length):
    """Tokens of one optimizer step of the whole cluster.

    n = d m b s

    data_parallel_size: d, copies of the model that train side by side [1]
    micro_batches: m, micro-batches of one copy in one step [1]
    micro_batch: b, sequences in one forward pass of a copy [1]
    sequence_length: s, tokens in one sequence [token]
    """
    return data_parallel_size * micro_batches * micro_batch * sequence_length


@equation(unit="token", source="narayanan-2021")
def local_tokens(micro_batch, sequence_length, cp):
    """Tokens of one micro-batch that one context-parallel rank holds.

    n = b s / c

    micro_batch: b, sequences in one forward pass of a copy [1]
    sequence_length: s, tokens in one sequence [token]
    cp: c, context-parallel size [1]
    """
    return micro_batch * sequence_length / cp


@equation(unit="1", source="korthikanti-2022")
def sequence_shards(tp, sequence_parallel):
    """Parts into which norms, residuals and stored layer inputs are cut along the sequence.

    t where sequence parallelism is on, else 1

    tp: t, tensor-parallel size [1]
    sequence_parallel: 1 where tensor-parallel ranks also share the norms along the sequence [1]
    """
    return 1 + (tp - 1) * sequence_parallel


@equation(unit="1", source="narayanan-2021")
def stage_layers(layers, pp):
    """Layers of one pipeline stage, on average.

    l = L / p

    layers: L, transformer layers [1]
    pp: p, pipeline stages [1]
    """
    return layers / pp


@equation(unit="1", source="nanotron")
def head_layers(vocabulary_size, hidden_size, attention_weights, layer_mlp_weights):
    """Layers that take as many operations as the output head does.

    r = V h / (w_a + w_m)

    vocabulary_size: V, rows of the embedding [1]
    hidden_size: h, width of the residual stream [1]
    attention_weights: w_a, elements of the projections of one layer [1]
    layer_mlp_weights: w_m, elements of the MLP that one token meets in a layer [1]
    """
    return vocabulary_size * hidden_size / (attention_weights + layer_mlp_weights)


@equation(unit="1", source="megatron-bridge")
def slowest_stage_layers(layers, pp, interleaving, balanced_stages, head_layers):
    """Layers of the fullest pipeline stage.

    [(L + r) / p] + 1, at most L, where stages are cut by operations; else L / p where the chunks divide the layers, or chunks of equal
    size, the embedding and the head counting as one layer each

    layers: L, transformer layers [1]
    pp: p, pipeline stages [1]
    interleaving: v, chunks of one stage [1]
    balanced_stages: 1 where stages are cut by operations, each ending with the layer that passes its share, else 0 [1]
    head_layers: r, layers that take as many operations as the head [1]
    """
    if balanced_stages == 1:
        return min(layers, (layers + head_layers) / pp // 1 + 1)
    chunks = pp * interleaving
    if layers % chunks == 0:
        return layers / pp
    return -(-(layers + 2) // chunks) * interleaving


@equation(unit="1", source="megatron-bridge")
def last_stage_layers(layers, pp, slowest_stage_layers, balanced_stages, head_layers):
    """Layers of the stage that holds the head.

    l where all stages are alike, else one fewer than the fullest stage has; where stages are cut by operations, what the others leave,
    L - [(p - 1) (L + r) / p] - 1

    layers: L, transformer layers [1]
    pp: p, pipeline stages [1]
    slowest_stage_layers: l, layers of the fullest stage [1]
    balanced_stages: 1 where stages are cut by operations, each ending with the layer that passes its share, else 0 [1]
    head_layers: r, layers that take as many operations as the head [1]
    """
    if slowest_stage_layers * pp == layers:
        return slowest_stage_layers
    if balanced_stages == 1:
        return max(0, layers - (pp - 1) * (layers + head_layers) / pp // 1 - 1)
    return slowest_stage_layers - 1


@rule(guards=("data_parallel_size",), source="narayanan-2021")
def cluster_smaller_than_replica(replicas):
    """The cluster has fewer GPUs than one replica of the model needs.

    replicas: r, copies of the model that the cluster has room for, not rounded [1]
    """
    return replicas < 1


@rule(source="narayanan-2021")
def gpus_left_over(replicas):
    """Some GPUs of the cluster belong to no replica and idle.

    replicas: r, copies of the model that the cluster has room for, not rounded [1]
    """
    return replicas % 1 != 0


@rule(guards=("micro_batches",), source="narayanan-2021")
def batch_not_divisible(global_batch, data_parallel_size, micro_batch):
    """The global batch is not a whole number of micro-batches for each replica.

    global_batch: B, sequences in one optimizer step of the whole cluster [1]
    data_parallel_size: d, copies of the model that train side by side [1]
    micro_batch: b, sequences in one forward pass of a copy [1]
    """
    return global_batch % (micro_batch * data_parallel_size) != 0


@rule(guards=("step_time", "allocated_memory"), source="shoeybi-2019")
def heads_not_divisible_by_tp(attention_heads, tp):
    """The tensor-parallel size does not divide the attention heads.

    attention_heads: a, query heads of a layer [1]
    tp: t, tensor-parallel size [1]
    """
    return attention_heads % tp != 0


@rule(guards=("step_time", "allocated_memory"), source="narayanan-2021")
def stages_exceed_layers(layers, pp):
    """There are more pipeline stages than layers.

    layers: L, transformer layers [1]
    pp: p, pipeline stages [1]
    """
    return pp > layers


@rule(guards=("step_time", "allocated_memory"), source="narayanan-2021")
def chunks_exceed_layers(layers, pp, interleaving):
    """There are more pipeline chunks (stages times interleaving) than layers, the embedding and the head included.

    layers: L, transformer layers [1]
    pp: p, pipeline stages [1]
    interleaving: v, chunks of one stage [1]
    """
    return pp <= layers and pp * interleaving > layers + 2


@rule(guards=("step_time", "allocated_memory"), source="narayanan-2021")
def interleaving_without_pipeline(pp, interleaving):
    """The schedule is interleaved although there is a single pipeline stage.

    pp: p, pipeline stages [1]
    interleaving: v, chunks of one stage [1]
    """
    return pp == 1 and interleaving > 1


@rule(guards=("step_time", "allocated_memory"), source="megatron-core-moe")
def ep_exceeds_experts(experts, ep):
    """The expert-parallel size exceeds the experts, or does not divide them.

    experts: E, routed experts of a mixture layer; 0 for a dense model [1]
    ep: e, expert-parallel size [1]
    """
    return ep > 1 and (experts < ep or experts % ep != 0)


@rule(guards=("step_time", "allocated_memory"), source="megatron-core-moe")
def ep_does_not_fit_ranks(ep, etp, tp, cp, data_parallel_size):
    """The expert-parallel groups do not tile the ranks of one pipeline stage.

    ep: e, expert-parallel size [1]
    etp: t_e, expert-tensor-parallel size [1]
    tp: t, tensor-parallel size [1]
    cp: c, context-parallel size [1]
    data_parallel_size: d, copies of the model that train side by side [1]
    """
    return (tp * cp * data_parallel_size) % (ep * etp) != 0


@rule(guards=("step_time", "allocated_memory"), source="megatron-core-cp")
def sequence_not_divisible_by_cp(sequence_length, cp):
    """The context-parallel size does not divide the sequence (into two pieces for each rank, to balance the causal mask).

    sequence_length: s, tokens in one sequence [token]
    cp: c, context-parallel size [1]
    """
    return cp > 1 and sequence_length % (2 * cp) != 0


@rule(guards=("step_time", "allocated_memory"), source="nanotron")
def stages_left_empty(balanced_stages, pp, layers, head_layers):
    """The head takes the operations of more than three pipeline stages, so that stages cut by operations are left empty.

    balanced_stages: 1 where stages are cut by operations, else 0 [1]
    pp: p, pipeline stages [1]
    layers: L, transformer layers [1]
    head_layers: r, layers that take as many operations as the head [1]
    """
    return balanced_stages == 1 and head_layers * pp > 3 * (layers + head_layers)
