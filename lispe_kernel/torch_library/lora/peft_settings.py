"""What PEFT's `adapter_config.json` means for the outputs of an adapted model.

Each setting is one of three: it decides rank or alpha, and is followed exactly; it changes no output at this
stage, and is passed over; or it is anything else, known today or not, and must be off. Never imports PEFT.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NamedTuple

from lispe_kernel.torch_library.files.errors import BadFile
from lispe_kernel.torch_library.state.adapters import is_alpha

CONFIG = "adapter_config.json"
# Settings of where an adapter came from, how its training began and which layers it was put on: the tensors
# in the folder say the rest. Dropout acts in training only.
_PASSED_OVER = {
    "task_type", "auto_mapping", "peft_version", "base_model_name_or_path", "revision", "inference_mode",
    "runtime_config", "target_modules", "exclude_modules", "layers_to_transform", "layers_pattern",
    "lora_dropout", "merge_weights", "loftq_config", "eva_config", "corda_config", "lora_ga_config",
    "qalora_group_size", "megatron_core", "fan_in_fan_out",
}  # fmt: skip
_FOLLOWED = {
    "peft_type", "r", "lora_alpha", "rank_pattern", "alpha_pattern", "use_rslora", "use_dora",
    "init_lora_weights", "modules_to_save", "target_parameters",
}  # fmt: skip
# What a setting holds that is not used.
_OFF = (None, False, "none", "", 0)
# How a training may begin without changing the base model; the other ways (PiSSA, OLoRA, CorDA, LoftQ,
# LoRA-GA) take something away from it, which PEFT does again when it loads the adapter.
_BEGINNINGS = (True, False, None, "gaussian", "eva", "orthogonal", "mica")
# PEFT's own.
_DEFAULT_ALPHA = 8


class Settings(NamedTuple):
    """Rank and alpha of each layer, as PEFT finds them."""

    rank: int | None
    default_alpha: float
    ranks: dict[str, Any]
    alphas: dict[str, Any]
    stabilised: bool
    # Whether the adapters are DoRA.
    dora: bool
    # Names of modules of which the folder has copies of their own.
    saved: tuple[str, ...]
    # Weights of linear layers that the folder adapts by their own names, or ends of these names.
    parameters: tuple[str, ...]

    def alpha(self, path: str, rank: int) -> float:
        """The alpha of a layer whose A has this rank: alpha/rank is then PEFT's scale.

        Errors: BadFile when the settings give the layer another rank.
        """
        weight = f"{path}.weight"
        key = weight if any(f".{weight}".endswith(f".{name}") for name in self.parameters) else path
        wanted = _by_pattern(self.ranks, key, self.rank)
        if wanted not in (None, rank):
            raise BadFile(f"{CONFIG} gives {path} the rank {wanted}, its A has the rank {rank}")
        alpha = float(_by_pattern(self.alphas, key, self.default_alpha))
        # PEFT then divides by the square root.
        return alpha * math.sqrt(rank) if self.stabilised else alpha


def settings_in(config: Any) -> Settings:
    """The settings of an adapter.

    Errors: BadFile naming a setting that is malformed or has no counterpart.
    """
    kind = config.get("peft_type") if isinstance(config, dict) else None
    if kind != "LORA":
        raise BadFile(f"it is an adapter of kind {kind}; only LORA is supported")
    _refuse_foreign(config)
    return Settings(
        _checked(config, "r", None, _is_rank, "a positive integer"),
        _checked(config, "lora_alpha", _DEFAULT_ALPHA, is_alpha, "a finite number"),
        _patterns(config, "rank_pattern", _is_rank, "a positive integer"),
        _patterns(config, "alpha_pattern", is_alpha, "a finite number"),
        _answer(config, "use_rslora"),
        _answer(config, "use_dora"),
        _names(config, "modules_to_save"),
        _weights(config),
    )


def _answer(config: dict[str, Any], name: str) -> bool:
    value = config.get(name, False)
    if value not in (True, False, None) or type(value) is int:
        raise _malformed(name, value, "true or false")
    return bool(value)


def _names(config: dict[str, Any], name: str) -> tuple[str, ...]:
    value = config.get(name) or []
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise _malformed(name, value, "a list of names")
    return tuple(value)


def _weights(config: dict[str, Any]) -> tuple[str, ...]:
    """The parameters that are adapted by name. Errors: others than weights, such as those of experts."""
    found = _names(config, "target_parameters")
    if not all(name.endswith(".weight") for name in found):
        text = str(list(found))[:80]
        raise BadFile(f"it uses target_parameters = {text}, which has no counterpart here")
    return found


def _refuse_foreign(config: dict[str, Any]) -> None:
    for name, value in config.items():
        unknown = name not in _PASSED_OVER and name not in _FOLLOWED
        if unknown and value not in (*_OFF, [], {}):
            raise BadFile(f"it uses {name} = {str(value)[:80]}, which has no counterpart here")
    beginning = config.get("init_lora_weights", True)
    if beginning not in _BEGINNINGS:
        raise BadFile(
            f"it uses init_lora_weights = {beginning}, which changes the base model; save it in PEFT with "
            "path_initial_model_for_weight_conversion, as an adapter of the plain base"
        )


def _is_rank(value: Any) -> bool:
    return type(value) is int and value > 0


def _checked(config: dict[str, Any], name: str, default: Any, test: Any, expected: str) -> Any:
    value = config.get(name, default)
    if name in config and not test(value):
        raise _malformed(name, value, expected)
    return value


def _patterns(config: dict[str, Any], name: str, test: Any, expected: str) -> dict[str, Any]:
    """A table of patterns with good values; PEFT's patterns are regular expressions."""
    patterns = config.get(name) or {}
    if not isinstance(patterns, dict):
        raise _malformed(name, patterns, f"a table of patterns, each with {expected}")
    for pattern, value in patterns.items():
        if not test(value):
            raise _malformed(f"{name} {pattern}", value, expected)
        try:
            re.compile(_whole(pattern))
        except (re.error, RecursionError, OverflowError) as error:
            raise BadFile(f"{CONFIG} has the {name} {pattern}, which is no regular expression") from error
    return patterns


def _malformed(name: str, value: Any, expected: str) -> BadFile:
    return BadFile(f"{CONFIG} has {json.dumps(value)[:80]} as {name}, not {expected}")


def _by_pattern(patterns: dict[str, Any], path: str, default: Any) -> Any:
    """The value of the first pattern that is the path or its end, as `get_pattern_key` of PEFT finds it."""
    fitting = (value for pattern, value in patterns.items() if re.match(_whole(pattern), path))
    return next(fitting, patterns.get(path, default))


def _whole(pattern: str) -> str:
    return rf"(.*\.)?({pattern})$"
