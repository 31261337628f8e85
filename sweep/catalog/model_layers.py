"""The layers of a config.json. What belongs here: its keys one by one, the kind of each layer, and what a state takes.

Which figures of the catalogue follow from them is for model_config.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sweep.errors import SweepError

Config = Mapping[str, Any]
STATES = ("linear_attention", "mamba", "recurrent", "lightning_attention", "kda")
WINDOWS = ("sliding_attention", "chunked_attention", "local_attention")
MLPS = ("mlp", "moe")  # layers of their own that mix no tokens


@dataclass(frozen=True)
class Value:
    """A figure of the entry: its number, its unit, the keys that it is from, and how where it is not one key's value."""

    number: float
    keys: tuple[str, ...]
    how: str = ""

    def said(self, file: str) -> str:
        """Where the figure is from, in words."""
        keys = ", ".join(self.keys)
        return "; ".join(part for part in (f"{keys} of {file}" if keys else "", self.how) if part)


class Reader:
    """The keys of one config, with those that were read last, so that each figure can name them."""

    def __init__(self, config: Config, file: str) -> None:
        self.file = file
        inner = next((config[key] for key in ("text_config", "llm_config", "language_config") if isinstance(config.get(key), dict)), None)
        self.whole = config
        self.config: Config = inner if inner is not None else config
        self.family = str(self.config.get("model_type") or config.get("model_type") or "").removesuffix("_text")
        self.used: list[str] = []

    def fail(self, reason: str) -> SweepError:
        """An error of this file."""
        return SweepError(f"{self.file}: model_type = {self.family!r}: {reason}")

    def get(self, *keys: str, default: Any = None) -> Any:
        """The value of the first key that is there and not null."""
        for key in keys:
            if self.config.get(key) is not None:
                self.used.append(key)
                return self.config[key]
        return default

    def need(self, *keys: str) -> Any:
        """The same, an error where none is there."""
        found = self.get(*keys)
        if found is None:
            raise self.fail(f"has no {' or '.join(keys)}")
        return found

    def whole_number(self, *keys: str, default: int | None = None) -> int:
        """A value that must be an integer."""
        found = self.need(*keys) if default is None else self.get(*keys, default=default)
        if isinstance(found, bool) or not isinstance(found, int | float) or found != int(found) or found < 0:
            raise self.fail(f"{keys[0]} = {found!r} is not an integer")
        return int(found)


def kinds_of(read: Reader) -> list[str]:
    """The kind of each layer: how it mixes tokens, or `mlp` where it is an MLP alone."""
    pattern = read.get("hybrid_override_pattern")
    if isinstance(pattern, str):
        words = {"M": "mamba", "*": "full_attention", "-": "mlp", "E": "moe"}
        if set(pattern) - set(words):
            raise read.fail(f"hybrid_override_pattern holds {sorted(set(pattern) - set(words))[0]!r}; known are {' '.join(words)}")
        return [words[letter] for letter in pattern]
    listed = read.get("layer_types", "layers_block_type")
    if isinstance(listed, list):
        known = {"attention": "full_attention", "minimax": "full_attention"}
        return [known.get(str(word), str(word)) for word in listed]
    count = read.whole_number("num_hidden_layers", "n_layer", "n_layers", "num_layers")
    if read.family == "falcon_h1":
        return ["mamba"] * count
    linear = read.get("linear_attn_config")
    if isinstance(linear, dict):
        return ["kda" if layer + 1 in linear["kda_layers"] else "full_attention" for layer in range(count)]
    marks = read.get("attn_type_list")
    if isinstance(marks, list):
        return ["full_attention" if mark else "lightning_attention" for mark in marks]
    marks = read.get("hybrid_layer_pattern")
    if isinstance(marks, list):
        return ["sliding_attention" if mark else "full_attention" for mark in marks]
    period = read.get("attn_layer_period")
    if period:
        offset = read.whole_number("attn_layer_offset", default=0)
        return ["full_attention" if layer % period == offset else "mamba" for layer in range(count)]
    interval = read.get("full_attention_interval")
    if interval and read.get("linear_num_value_heads"):
        return ["full_attention" if (layer + 1) % interval == 0 else "linear_attention" for layer in range(count)]
    every = read.get("sliding_window_pattern", "_sliding_window_pattern")
    if every and read.get("sliding_window"):
        return ["full_attention" if (layer + 1) % every == 0 else "sliding_attention" for layer in range(count)]
    if read.family == "gemma2":
        return ["sliding_attention" if layer % 2 == 0 else "full_attention" for layer in range(count)]
    if read.family == "llama4":
        return ["full_attention" if (layer + 1) % 4 == 0 else "chunked_attention" for layer in range(count)]
    windowed = read.get("sliding_window") and read.get("use_sliding_window", default=read.family in ("mistral", "phi3", "starcoder2"))
    return ["sliding_attention" if windowed else "full_attention"] * count


def state_figures(read: Reader, add: Callable[..., None], kind: str) -> None:
    """The numbers that one layer with a state keeps of a sequence, and the parameters of its mixing."""
    hidden = read.whole_number("hidden_size")
    if kind == "linear_attention":  # Gated DeltaNet
        keys, values = read.whole_number("linear_num_key_heads"), read.whole_number("linear_num_value_heads")
        key, value = read.whole_number("linear_key_head_dim"), read.whole_number("linear_value_head_dim")
        inner = 2 * keys * key + values * value
        convolution = inner * read.whole_number("linear_conv_kernel_dim", default=4)
        matrices = hidden * (inner + values * value + 2 * values) + values * value * hidden
        add("state_size", values * key * value, f"{values} heads of {key} x {value}")
        how = "query, key, value, gate, decay and output, with the convolution"
        add("state_parameters", matrices + convolution + 2 * values + value, how)
    elif kind == "kda":
        linear = read.config["linear_attn_config"]
        heads, size = int(linear["num_heads"]), int(linear["head_dim"])
        low_rank = 2 * (hidden * size + size * heads * size)
        matrices = 4 * hidden * heads * size + low_rank + hidden * heads
        convolution = 3 * heads * size * int(linear.get("short_conv_kernel_size", 4))
        add("state_size", heads * size * size, f"{heads} heads of {size} x {size}")
        add("state_parameters", matrices + convolution, "query, key, value, output, low-rank gate and decay, with the convolutions")
    elif kind == "lightning_attention":
        heads = read.whole_number("num_attention_heads")
        size = read.whole_number("head_dim")
        add("state_size", heads * size * size, f"{heads} heads of {size} x {size}")
        add("state_parameters", 5 * hidden * heads * size + heads * size, "query, key, value, gate and output")
    elif read.family == "jamba":  # Mamba-1
        inner, state = read.whole_number("mamba_expand") * hidden, read.whole_number("mamba_d_state")
        rank = read.whole_number("mamba_dt_rank", default=-(-hidden // 16))
        parts = 3 * hidden * inner + inner * (read.whole_number("mamba_d_conv") + 1)
        parts += inner * (rank + 2 * state) + rank * inner + inner + inner * state + inner + rank + 2 * state
        add("state_size", inner * state, f"{inner} channels of {state}")
        add("state_parameters", parts, "projections, convolution, step sizes and states of Mamba")
    else:  # Mamba-2
        heads = read.whole_number("mamba_num_heads", "mamba_n_heads")
        size, groups = read.whole_number("mamba_head_dim", "mamba_d_head"), read.whole_number("n_groups", "mamba_n_groups", default=1)
        state, kernel = read.whole_number("ssm_state_size", "mamba_d_state"), read.whole_number("conv_kernel", "mamba_d_conv", default=4)
        inner = heads * size
        mixed = inner + 2 * groups * state
        parts = hidden * (inner + mixed + heads) + mixed * (kernel + 1) + 3 * heads + inner + inner * hidden
        add("state_size", heads * size * state, f"{heads} heads of {size} with a state of {state}")
        add("state_parameters", parts, "projections, convolution, step sizes and gate of Mamba-2")
