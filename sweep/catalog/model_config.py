"""A model's config.json as figures of the catalogue. What belongs here: the keys of each family, and what they mean for the shape.

Layers come in kinds (all tokens, a window, a state), MLPs too (dense, mixture, none); each figure says which keys it is from. What a
config does not settle by its keys alone is refused, never guessed: an error is better than a wrong count.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sweep.catalog.document import text_of
from sweep.catalog.model_layers import MLPS, STATES, WINDOWS, Config, Reader, Value, kinds_of, state_figures
from sweep.errors import SweepError

# model types of which the keys alone do not give the parameters, and why
REFUSED = {
    "deepseek_v4": "its attention compresses keys by ratios of its own",
    "deepseek_ref": "its attention compresses keys by ratios of its own",
    "nemotron-nas": "each of its blocks has a shape of its own",
    "deci": "each of its blocks has a shape of its own",
}
PLAIN_MLP = ("gpt2", "gpt_neo", "gpt_neox", "gptj", "opt", "bloom", "falcon", "gpt_bigcode", "starcoder2", "phi", "nemotron", "nemotron_h")
BIASED = ("gpt2", "gpt_neo", "gpt_neox", "opt", "bloom", "phi", "gpt_bigcode", "starcoder2")
TIED = ("gemma", "gemma2", "gemma3", "gemma4", "gpt2", "opt", "bloom", "falcon", "cohere", "cohere2")  # where the key is omitted
TOKENS = ("attention_window", "sparse_attention_tokens")  # columns that are counted in tokens


def read_config(path: Path) -> dict[str, Value]:
    """The figures of the model whose config.json lies at `path`, by column. Raises SweepError."""
    return figures_of_text(text_of(path, str(path)), str(path))


def figures_of_text(text: str, file: str) -> dict[str, Value]:
    """The figures of the model whose config.json has this text; `file` is the name that errors show. Raises SweepError."""
    try:
        return figures(json.loads(text), file)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 0)
        raise SweepError(f"{file}:{line}: is not valid JSON") from None
    except (KeyError, TypeError, AttributeError, ZeroDivisionError) as error:
        raise SweepError(f"{file}: a value is of another kind than its key should have ({error})") from None


def figures(config: Config, file: str) -> dict[str, Value]:
    """The figures of a model entry, by column, from the mapping of its config.json. Raises SweepError where keys do not settle them."""
    if not isinstance(config, Mapping):
        raise SweepError(f"{file}: is not a config.json: it must hold one mapping of keys to values")
    read = Reader(config, file)
    if read.family in REFUSED:
        raise read.fail(f"cannot be read from its keys: {REFUSED[read.family]}; write an entry of your own (CONTRIBUTING.md)")
    if not read.family:
        raise read.fail("a config.json names its model_type")
    found: dict[str, Value] = {}

    def add(column: str, number: Callable[[], float] | float, how: str = "") -> None:
        read.used.clear()
        value = float(number() if callable(number) else number)
        found[column] = Value(value, tuple(dict.fromkeys(read.used)), how)

    kinds = kinds_of(read)
    mixers = [kind for kind in kinds if kind not in MLPS]
    states = sum(kind in STATES for kind in mixers)
    windows = sum(kind in WINDOWS for kind in mixers)
    parallel = read.family == "falcon_h1"
    alone = f"layers that mix tokens: {len(mixers)} of {len(kinds)}" if len(kinds) > len(mixers) else "num_hidden_layers"
    add("layers", len(mixers), alone)
    add("hidden_size", lambda: read.whole_number("hidden_size", "n_embd", "d_model"))
    _attention(read, add, windows)
    add("mlp_matrices", lambda: 2 if read.family in PLAIN_MLP else 3, "2, not gated, or 3, gated, by the family")
    add("vocabulary_size", lambda: read.whole_number("vocab_size"))
    tied = read.family in TIED or bool(read.whole.get("tie_word_embeddings"))
    add("tied_embeddings", lambda: float(bool(read.get("tie_word_embeddings", default=tied))))
    if read.family in ("gpt2", "gpt_neo", "opt", "gpt_bigcode"):
        extra = 2 if read.family == "opt" else 0
        add("learned_positions", lambda: read.whole_number("n_positions", "max_position_embeddings") + extra)
    add("linear_biases", float(read.family in BIASED), "whether all linear layers have a bias, by the family")
    _experts(read, add, kinds)
    mixtures = found["moe_layers"].number if "moe_layers" in found else 0
    no_mlp = max(0, 2 * len(mixers) - len(kinds)) if len(kinds) > len(mixers) else 0
    if mixtures + no_mlp < len(mixers):
        add("ffn_hidden_size", lambda: _dense_width(read))
    else:
        add("ffn_hidden_size", 0, "no dense layer")
    if no_mlp:
        add("mixer_only_layers", no_mlp, "layers that mix tokens less those that are an MLP")
    if windows:
        add("windowed_layers", windows, "layers marked as windowed")
        add("attention_window", lambda: read.whole_number("sliding_window", "attention_chunk_size", "sliding_window_size"))
    if states:
        add("state_layers", states, "layers marked as keeping a state")
        state_figures(read, add, next(kind for kind in mixers if kind in STATES))
        if parallel:
            add("parallel_state", 1.0, "attention and a state side by side in each layer")
    return found


def _attention(read: Reader, add: Callable[..., None], windows: int) -> None:
    """Heads of layers that see all and of windowed ones, latent attention, gates and indexers."""
    heads = read.whole_number("num_attention_heads", "n_head", "n_heads")
    hidden = read.whole_number("hidden_size", "n_embd", "d_model")
    kv_default = 1 if read.config.get("multi_query") and not read.config.get("new_decoder_architecture") else heads
    kv_keys: tuple[str, ...] = ("num_key_value_heads", "num_kv_heads", "num_attention_groups", "multi_query_group_num")
    if read.config.get("multi_query") and not read.config.get("new_decoder_architecture"):
        kv_keys = ()  # one head for all, whatever the other keys say
    add("attention_heads", lambda: read.whole_number("num_attention_heads", "n_head", "n_heads"))
    size = int(read.get("head_dim", "attention_head_dim", default=hidden // heads))
    rank = read.whole_number("kv_lora_rank", default=0)
    wide = read.get("global_head_dim")
    if rank:
        nope, rope = read.whole_number("qk_nope_head_dim"), read.whole_number("qk_rope_head_dim")
        add("kv_heads", heads, "as attention_heads")
        add("head_size", lambda: read.need("qk_nope_head_dim") + read.need("qk_rope_head_dim"), f"{nope} without and {rope} with position")
        add("value_head_size", lambda: read.whole_number("v_head_dim"))
        add("q_lora_rank", lambda: read.whole_number("q_lora_rank", default=0))
        add("kv_lora_rank", lambda: read.whole_number("kv_lora_rank"))
        add("rope_head_size", lambda: read.whole_number("qk_rope_head_dim"))
    elif wide:  # layers that see all have heads of their own
        add("kv_heads", lambda: read.whole_number("num_global_key_value_heads", *kv_keys))
        add("head_size", lambda: read.whole_number("global_head_dim"))
        add("value_head_size", lambda: read.whole_number("global_head_dim"))
        if read.get("attention_k_eq_v"):
            add("shared_key_value", lambda: float(read.need("attention_k_eq_v")))
        add("windowed_kv_heads", lambda: read.whole_number(*kv_keys))
        add("windowed_head_size", lambda: read.whole_number("head_dim"))
        add("windowed_value_head_size", lambda: read.whole_number("head_dim"))
    else:
        add("kv_heads", lambda: read.whole_number(*kv_keys, default=kv_default))
        divided = "" if "head_dim" in read.config else "hidden_size / heads"
        add("head_size", lambda: read.get("head_dim", "attention_head_dim", default=size), divided)
        add("value_head_size", lambda: read.get("v_head_dim", "head_dim", "attention_head_dim", default=size), "as head_size")
    if windows and read.config.get("swa_num_key_value_heads") is not None:
        add("windowed_attention_heads", lambda: read.whole_number("swa_num_attention_heads"))
        add("windowed_kv_heads", lambda: read.whole_number("swa_num_key_value_heads"))
        add("windowed_head_size", lambda: read.whole_number("swa_head_dim"))
        add("windowed_value_head_size", lambda: read.whole_number("swa_v_head_dim"))
    if read.config.get("attn_output_gate") or read.family == "qwen3_next":
        add("gated_attention", lambda: float(read.get("attn_output_gate", default=True)), "a gate on the output of attention")
    if read.config.get("index_topk"):
        add("sparse_attention_tokens", lambda: read.whole_number("index_topk"))
        add("indexer_heads", lambda: read.whole_number("index_n_heads"))
        add("indexer_head_size", lambda: read.whole_number("index_head_dim"))


def _dense_width(read: Reader) -> int:
    """The inner width of the dense MLP."""
    hidden = read.whole_number("hidden_size", "n_embd", "d_model")
    read.used.clear()
    keys = ("dense_intermediate_size", "intermediate_size_mlp", "intermediate_size", "n_inner", "ffn_dim", "ffn_hidden_size")
    return int(read.get(*keys, default=4 * hidden))


def _experts(read: Reader, add: Callable[..., None], kinds: Sequence[str]) -> None:
    """The mixture of experts, and which layers have one."""
    keys = ("n_routed_experts", "num_local_experts", "num_experts", "moe_num_experts")
    experts = read.whole_number(*keys, default=0)
    if experts < 2:
        return
    add("experts", lambda: read.whole_number(*keys))
    per_token = ("num_experts_per_tok", "num_experts_per_token", "top_k_experts", "moe_topk", "moe_k")
    add("experts_per_token", lambda: read.whole_number(*per_token))
    width = ("moe_intermediate_size", "expert_ffn_hidden_size", "intermediate_size", "ffn_hidden_size")
    add("expert_hidden_size", lambda: read.whole_number(*width))
    inner = read.whole_number(*width)
    latent = ("moe_latent_size", "routed_expert_hidden_size")
    if read.get(*latent):
        add("expert_latent_size", lambda: read.whole_number(*latent))
    stated = ("shared_expert_intermediate_size", "moe_shared_expert_intermediate_size", "share_expert_dim")
    if read.family == "gemma4":  # the dense MLP stands beside the experts
        add("shared_expert_hidden_size", lambda: read.whole_number("intermediate_size"), "the dense MLP beside the experts")
    elif read.get(*stated):
        add("shared_expert_hidden_size", lambda: read.whole_number(*stated))
    elif shared := read.whole_number("n_shared_experts", "num_shared_experts", default=int(read.family == "llama4")):
        add("shared_expert_hidden_size", shared * inner, f"{shared} shared of {inner}")
    elif read.family.startswith("granitemoe") and read.get("shared_intermediate_size"):
        add("shared_expert_hidden_size", lambda: read.whole_number("shared_intermediate_size"))
    add("moe_layers", lambda: _mixtures(read, kinds), "layers that have experts")


def _mixtures(read: Reader, kinds: Sequence[str]) -> int:
    """How many layers have a mixture."""
    if "moe" in kinds:
        return list(kinds).count("moe")
    count = len(kinds)
    frequency = read.get("moe_layer_freq", "moe_layers_enum")
    if isinstance(frequency, list):
        return sum(map(bool, frequency))
    step = int(read.get("interleave_moe_layer_step", "decoder_sparse_step", "expert_layer_period", default=frequency or 1))
    offset = int(read.get("expert_layer_offset", default=step - 1))
    first = int(read.get("first_k_dense_replace", default=0))
    dense = set(read.get("mlp_only_layers", default=()))
    return sum(layer >= first and layer not in dense and layer % step == offset % step for layer in range(count))


def entry_text(title: str, figures: Mapping[str, Value], file: str) -> str:
    """The YAML text of an entry with these figures."""
    lines = [f"title: {json.dumps(title)}"]
    for column, value in figures.items():
        number = f"{value.number:.0f}" + (" token" if column in TOKENS else "")
        lines.append(f"{column}: {{value: {number}, derived: {json.dumps(value.said(file), ensure_ascii=False)}}}")
    return "\n".join(lines) + "\n"
