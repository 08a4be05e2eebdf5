"""Rotary embeddings: queries and keys turned by their positions, also over long contexts.

The frequencies are those of `transformers`: plain, linear, dynamic (NTK), YaRN and Llama 3. Tables are
computed from the settings, in float32 whatever the dtype of the module; no file holds them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import number_text, register_kind
from lispe_kernel.language.values.lists import List
from lispe_kernel.torch_library.modules.computed import ComputedTables
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.tensors.devices import device_of

ROTARY_LENGTH = 8192
HALVES, INTERLEAVED = "halves", "interleaved"
_LAYOUTS = {HALVES: HALVES, "half": HALVES, INTERLEAVED: INTERLEAVED}
# What each way of scaling needs (None) or takes a value for, besides base and layout.
_SCALINGS: dict[str, dict[str, float | None]] = {
    "none": {},
    "linear": {"factor": None},
    "dynamic": {"factor": None, "original_length": 0},
    "yarn": {"factor": None, "original_length": 0, "beta_fast": 32, "beta_slow": 1, "attention_factor": 0},
    "llama3": {"factor": None, "original_length": None, "low_freq_factor": 1, "high_freq_factor": 4},
}
_SCALINGS["ntk"] = _SCALINGS["dynamic"]
_BASE = 10000.0

Settings = dict[str, float]


class RotaryEmbedding(ComputedTables):
    """Cosines and sines for rotary embeddings, [positions, width].

    The angles f of the pairs stand as two equal halves [f, f], or each twice in a row [f0, f0, f1, ...].
    """

    inv_freq: torch.Tensor
    cos_cached: torch.Tensor
    sin_cached: torch.Tensor

    def __init__(
        self,
        width: int,
        length: int,
        scaling: str = "none",
        settings: Settings | None = None,
        layout: str = HALVES,
    ) -> None:
        super().__init__()
        self.dim, self.max_seq_len = width, length
        self.scaling, self.settings, self.layout = scaling, dict(settings or {}), layout
        self.settings.setdefault("base", _BASE)
        self.keep_tables()

    def tables(self) -> dict[str, torch.Tensor]:
        frequencies, factor = self._frequencies(self.max_seq_len)
        cos, sin = self._waves(torch.arange(self.max_seq_len), frequencies, factor)
        return {"inv_freq": frequencies, "cos_cached": cos, "sin_cached": sin}

    def _frequencies(self, reached: int) -> tuple[torch.Tensor, float]:
        """The frequency of each pair for a text of so many positions, and what scales the tables."""
        return _FREQUENCIES[self.scaling](self.dim, reached, self.max_seq_len, self.settings)

    def _waves(
        self, positions: torch.Tensor, frequencies: torch.Tensor, factor: float
    ) -> tuple[torch.Tensor, torch.Tensor]:
        angles = torch.outer(positions.float(), frequencies)
        halves = self.layout == HALVES
        angles = angles.repeat(1, 2) if halves else angles.repeat_interleave(2, dim=1)
        return angles.cos() * factor, angles.sin() * factor

    def forward(self, length: int, offset: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
        reached = offset + length
        if self._has_table_for(reached) and not self.cos_cached.is_meta:
            return self.cos_cached[offset:reached], self.sin_cached[offset:reached]
        # Beyond the tables they are computed anew; dynamic frequencies follow the length.
        frequencies, factor = self._frequencies(reached)
        cos, sin = self._waves(torch.arange(offset, reached), frequencies, factor)
        return cos.to(self.place), sin.to(self.place)

    @property
    def place(self) -> torch.device:
        """Where the tables are; main memory for those that have none yet (meta)."""
        return torch.device("cpu") if self.cos_cached.is_meta else self.cos_cached.device

    def _has_table_for(self, reached: int) -> bool:
        """The tables are those of a text as long as they are: a shorter one may have other frequencies."""
        original = self.settings.get("original_length") or self.max_seq_len
        grows = _FREQUENCIES[self.scaling] is _dynamic and self.max_seq_len > original
        return reached == self.max_seq_len or (reached < self.max_seq_len and not grows)

    def extra_repr(self) -> str:
        told = [f"dim={self.dim}", f"max_seq_len={self.max_seq_len}"]
        told += [f"scaling={self.scaling}"] * (self.scaling != "none")
        told += [
            f"{name}={number_text(value)}"
            for name, value in self.settings.items()
            if value and (name, value) != ("base", _BASE)
        ]
        return ", ".join(told + [f"layout={self.layout}"] * (self.layout != HALVES))


# -- the frequencies: width, positions reached, positions of the tables, settings -> frequencies, factor


def _plain(width: int, _reached: int, _length: int, s: Settings) -> tuple[torch.Tensor, float]:
    return _of_base(width, s["base"]), 1.0


def _of_base(width: int, base: float) -> torch.Tensor:
    return 1.0 / base ** (torch.arange(0, width, 2, dtype=torch.float32) / width)


def _linear(width: int, _reached: int, _length: int, s: Settings) -> tuple[torch.Tensor, float]:
    return _of_base(width, s["base"]) / s["factor"], 1.0


def _dynamic(width: int, reached: int, length: int, s: Settings) -> tuple[torch.Tensor, float]:
    """A base that grows with the text, once it is longer than the model was trained for."""
    original = s["original_length"] or length
    grown = s["factor"] * max(reached, original) / original - (s["factor"] - 1)
    return _of_base(width, s["base"] * grown ** (width / (width - 2))), 1.0


def _yarn(width: int, _reached: int, length: int, s: Settings) -> tuple[torch.Tensor, float]:
    """Fast waves stay, slow ones are stretched, those between are mixed (Peng et al., YaRN)."""
    original = s["original_length"] or length

    def place(turns: float) -> float:
        """The pair that makes so many turns over the original length."""
        return width * math.log(original / (turns * 2 * math.pi)) / (2 * math.log(s["base"]))

    low = max(math.floor(place(s["beta_fast"])), 0)
    high: float = min(math.ceil(place(s["beta_slow"])), width - 1)
    if low == high:
        high += 0.001
    stretched = ((torch.arange(width // 2, dtype=torch.float32) - low) / (high - low)).clamp(0, 1)
    fast = _of_base(width, s["base"])
    mixed = fast / s["factor"] * stretched + fast * (1 - stretched)
    default = 0.1 * math.log(s["factor"]) + 1 if s["factor"] > 1 else 1.0
    return mixed, s["attention_factor"] or default


def _llama3(width: int, _reached: int, _length: int, s: Settings) -> tuple[torch.Tensor, float]:
    """Waves longer than the original context are stretched, those between two limits are mixed."""
    plain = _of_base(width, s["base"])
    turns = s["original_length"] * plain / (2 * math.pi)
    low, high = s["low_freq_factor"], s["high_freq_factor"]
    kept = ((turns - low) / (high - low)).clamp(0, 1)
    return (1 - kept) * plain / s["factor"] + kept * plain, 1.0


_FREQUENCIES: dict[str, Callable[[int, int, int, Settings], tuple[torch.Tensor, float]]] = {
    "none": _plain,
    "linear": _linear,
    "dynamic": _dynamic,
    "ntk": _dynamic,
    "yarn": _yarn,
    "llama3": _llama3,
}

register_kind(
    RotaryEmbedding,
    "torch_rotary_embedding_",
    lambda module, _show: f"PyTorch Rotary Embedding ({module.extra_repr()})",
)


@torch_function(
    "torch_rotary_embedding", "torch_rotary_embedding_create", prefix="Error creating rotary embedding: "
)
def rotary_embedding(dim: int, max_seq_len: int | None = None, options: Any = None) -> RotaryEmbedding:
    """Rotary position tables for heads of `dim` numbers (even), by default for 8192 positions.

    The options are a dictionary: `base` (10000); `layout`, "halves" as in Llama or "interleaved" as in GPT-J;
    `scaling`, which is "linear" (with `factor`), "dynamic" or "ntk" (`factor`, `original_length`), "yarn"
    (`factor`, `original_length`, `beta_fast` 32, `beta_slow` 1, `attention_factor`) or "llama3" (`factor`,
    `original_length`, `low_freq_factor` 1, `high_freq_factor` 4). The original length is that of the training,
    by default `max_seq_len`. The tables are computed in float32 and stand in no file.

    Example: (torch_rotary_embedding 64 128) => PyTorch Rotary Embedding (dim=64, max_seq_len=128)
    Example: (torch_rotary_embedding 8 16 (dictionary "scaling" "linear" "factor" 4)) => PyTorch Rotary Embedding (dim=8, max_seq_len=16, scaling=linear, factor=4)
    Errors: an odd dim is refused, and an option that is unknown or that the scaling does not take
    Source: torch API 7.8; Su et al., RoFormer
    """  # noqa: E501
    name = "torch_rotary_embedding"
    width = arguments.size(name, 1, dim)
    if width % 2:
        raise LispeError(f"Error: {name}: dim must be even, not {width}")
    length = ROTARY_LENGTH if max_seq_len is None else arguments.size(name, 2, max_seq_len)
    every = {option for takes in _SCALINGS.values() for option in takes}
    given = arguments.options(name, 3, options, ("base", "layout", "scaling", *sorted(every)))
    layout = arguments.option_choice(name, given, "layout", _LAYOUTS, HALVES)
    scaling = arguments.option_choice(name, given, "scaling", {kind: kind for kind in _SCALINGS}, "none")
    settings = _settings(name, scaling, given)
    if width == 2 and _FREQUENCIES[scaling] is _dynamic:
        raise LispeError(f"Error: {name}: the scaling {scaling} needs a dim greater than 2")
    return RotaryEmbedding(width, length, scaling, settings, layout)


def _settings(name: str, scaling: str, given: dict[str, Any]) -> Settings:
    """The numbers of a scaling, each positive."""
    takes: dict[str, float | None] = {"base": _BASE, **_SCALINGS[scaling]}
    odd = [option for option in given if option not in ("layout", "scaling", *takes)]
    if odd:
        raise LispeError(f"Error: {name}: the scaling {scaling} takes no {odd[0]}")
    found: Settings = {}
    for option, default in takes.items():
        if option not in given and default is None:
            raise LispeError(f"Error: {name}: the scaling {scaling} needs {option}")
        value = given.get(option, default)
        number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
        if not math.isfinite(number) or number < 0 or (option in given and number == 0):
            raise arguments.instead(f"Error: {name}: {option} must be a positive number", value)
        found[option] = number
    if found["base"] <= 1:
        raise arguments.instead(f"Error: {name}: base must be a number greater than 1", given["base"])
    if scaling == "llama3" and found["low_freq_factor"] >= found["high_freq_factor"]:
        raise LispeError(f"Error: {name}: low_freq_factor must be smaller than high_freq_factor")
    return found


@torch_function(
    "torch_rotary_forward", "torch_rotary_embedding_forward", prefix="Error in rotary embedding forward: "
)
def rotary_forward(rotary_embedding: Any, seq_len: int, device: str | None = None, offset: Any = 0) -> List:
    """A list (cos sin) of two tensors [seq_len, dim], on the device (by default where the embedding is).

    They are those of the positions from `offset` on: what stands in a cache of keys has had the first ones.

    Example: (tensor_shape (car (torch_rotary_forward (torch_rotary_embedding 4 8) 2))) => (2 4)
    Errors: `Error: First argument must be a rotary embedding`
    Source: torch API 7.8
    """
    name = "torch_rotary_forward"
    rotary = arguments.module(
        rotary_embedding, RotaryEmbedding, "Error: First argument must be a rotary embedding"
    )
    where = rotary.place if device is None else device_of(device)
    length, first = arguments.size(name, 2, seq_len), arguments.count(name, 4, offset)
    return List(table.to(where) for table in rotary(length, first))


@torch_function("torch_apply_rotary_pos_emb", prefix="Error in applying rotary embedding: ")
def apply_rotary(tensor: Any, cos: Any, sin: Any, layout: Any = None) -> torch.Tensor:
    """The heads [B,H,S,d] turned by their positions; cos and sin [S,d] from `torch_rotary_forward`.

    With the halves x1 and x2 of the last axis: [x1·cos - x2·sin, x2·cos + x1·sin]. With the layout
    "interleaved", which must be that of the tables, the pairs are neighbours instead.

    Example: (size (torch_apply_rotary_pos_emb (torch_ones '(2)) (torch_ones '(2)) (torch_ones '(2)))) => 2
    Errors: `Error: All arguments must be tensors`; an odd last axis is refused
    Source: torch API 7.8
    """
    x, c, s = (
        arguments.tensor(value, "Error: All arguments must be tensors") for value in (tensor, cos, sin)
    )
    chosen = arguments.choice("torch_apply_rotary_pos_emb", 4, layout or HALVES, _LAYOUTS)
    if x.dim() == 0 or x.shape[-1] % 2:
        raise ValueError("the last axis must be even")
    return (x * c + _quarter_turn(x, chosen) * s).to(x.dtype)


def _quarter_turn(x: torch.Tensor, layout: str) -> torch.Tensor:
    if layout == INTERLEAVED:
        return torch.stack((-x[..., 1::2], x[..., 0::2]), dim=-1).flatten(-2)
    first, second = x.chunk(2, dim=-1)
    return torch.cat((-second, first), dim=-1)
