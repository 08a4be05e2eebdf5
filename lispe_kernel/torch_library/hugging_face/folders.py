"""A Hugging Face model folder before anything of it is loaded: what kind of model, which weights, what is
refused.

Only JSON is read here, nothing is executed and nothing fetched. What a folder asks for and this kernel does
not do (code of its own, quantised weights, parts that are missing) is refused by name.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from lispe_kernel.language.errors import LispeError
from lispe_kernel.torch_library.files.atomic import reason
from lispe_kernel.torch_library.support.foreign_json import LONGEST, parsed
from lispe_kernel.torch_library.support.wording import some

LOADING_MODEL = "Error loading HF model: "
VALIDATING = "Error validating HF model: "
CONFIG, ADAPTER, GENERATION = "config.json", "adapter_config.json", "generation_config.json"
# The files of weights, in the order in which they are looked for; the sharded ones through their index.
WEIGHTS = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
# How several processes save; read by a pickle among others.
DISTRIBUTED = "shard-*-model-*.safetensors"
# What a config.json must not ask for: other files, other kernels, a changed network.
FOREIGN = ("transformers_weights", "fusion_config", "kernel_config", "use_kernels")
FRACTIONS = ("float32", "float16", "bfloat16", "float64")
ATTENTION_KEYS = ("attn_implementation", "_attn_implementation", "_attn_implementation_internal")


class Folder(NamedTuple):
    """A folder whose parts are all there: its path, the facts of its config.json, its main file of
    weights."""

    path: Path
    facts: dict[str, Any]
    weights: str

    @property
    def architecture(self) -> str:
        """The class that the folder names, such as `LlamaForCausalLM`; empty where it names none."""
        names = self.facts.get("architectures")
        return names[0] if isinstance(names, list) and names and isinstance(names[0], str) else ""

    @property
    def family(self) -> str:
        """The type of model, such as `llama`; empty where the file names none."""
        return str(self.facts.get("model_type") or "")

    @property
    def what(self) -> str:
        """The model for an error: its class, or its type."""
        return self.architecture or self.family or "the model"

    @property
    def pickled(self) -> bool:
        return ".bin" in self.weights


def folder_at(path: str) -> Folder:
    """The folder, looked through.

    Errors: `Cannot open config file: PATH`, `Error loading HF model: ...`, `Error validating HF model: ...`
    """
    folder = Path(path)
    facts = _json(folder / CONFIG, _no_config(folder))
    found = Folder(folder, facts, _weights(folder))
    _refuse_foreign(found)
    _refuse_incomplete(found)
    generation = folder / GENERATION
    if generation.is_file():
        _json(generation, f"{LOADING_MODEL}{generation} cannot be read")
    return found


def weight_files(folder: Folder) -> list[str]:
    """The names of the files that hold the weights."""
    if not folder.weights.endswith(".index.json"):
        return [folder.weights]
    index = folder.path / folder.weights
    table = _json(index, f"{LOADING_MODEL}{index} cannot be read").get("weight_map")
    if not isinstance(table, dict) or not table or not all(isinstance(name, str) for name in table.values()):
        raise LispeError(f"{LOADING_MODEL}{index} holds no weight_map")
    return sorted(set(table.values()))


def _no_config(folder: Path) -> str:
    text = f"Error: Cannot open config file: {folder / CONFIG}"
    if (folder / ADAPTER).is_file():
        text += " (the folder holds an adapter: load its base model, then torch_hf_lora_load)"
    elif not folder.is_dir():
        text += " (there is no such folder; models are loaded from this machine, nothing is fetched)"
    return text


def _json(path: Path, missing: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            found = parsed(file.read(LONGEST + 1), constant=_constant)
    except FileNotFoundError as error:
        raise LispeError(missing) from error
    except OSError as error:
        raise LispeError(f"{missing} ({reason(error)})") from error
    except json.JSONDecodeError as error:
        raise LispeError(f"{LOADING_MODEL}{path} is no JSON ({error.msg}, line {error.lineno})") from error
    except ValueError as error:
        why = "it is no UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error)
        raise LispeError(f"{LOADING_MODEL}{path} is no JSON ({why})") from error
    if not isinstance(found, dict):
        raise LispeError(f"{LOADING_MODEL}{path} holds no JSON object")
    return found


def _constant(name: str) -> float:
    """The infinities that Python writes; what is no number is none for a model either."""
    if name == "NaN":
        raise ValueError("it holds NaN")
    return float(name)


def _weights(folder: Path) -> str:
    if any(folder.glob(DISTRIBUTED)):
        raise LispeError(
            f"{LOADING_MODEL}{folder} was saved by several processes (shard-...); save the model as one with "
            "save_pretrained"
        )
    found = next((name for name in WEIGHTS if (folder / name).is_file()), None)
    if found is not None:
        return found
    others = sorted(
        path.name for path in folder.iterdir() if path.suffix in (".safetensors", ".bin", ".gguf")
    )
    there = f"; it holds {some(others)}, which no model of this name is read from" if others else ""
    raise LispeError(f"{VALIDATING}no weights in {folder}: {WEIGHTS[0]} or {WEIGHTS[1]} is expected{there}")


def _refuse_foreign(folder: Folder) -> None:
    """What the folder asks for beside a plain model."""
    where, facts = folder.path / CONFIG, folder.facts
    quantised = facts.get("quantization_config", facts.get("compression_config"))
    if quantised is not None:
        kind = quantised.get("quant_method") if isinstance(quantised, dict) else quantised
        raise LispeError(
            f"{LOADING_MODEL}{folder.what}: the weights are quantised ({kind or 'unknown kind'}), which is "
            "not supported; take the folder of the plain model, or dequantise it with transformers"
        )
    if (folder.path / ADAPTER).is_file():
        raise LispeError(
            f"{LOADING_MODEL}{folder.path} holds an adapter beside the model ({ADAPTER}); keep it in a "
            "folder of its own, and put it on with torch_hf_lora_load"
        )
    for name in FOREIGN:
        if facts.get(name):
            raise LispeError(f"{LOADING_MODEL}{where}: {name} is not supported")
    dtype = facts.get("dtype", facts.get("torch_dtype"))
    if isinstance(dtype, str) and dtype.removeprefix("torch.") not in FRACTIONS:
        raise LispeError(f"{LOADING_MODEL}{where}: dtype must be one of {', '.join(FRACTIONS)}, not {dtype}")
    for name in ATTENTION_KEYS:
        if isinstance(facts.get(name), str) and "/" in facts[name]:
            raise LispeError(f"{LOADING_MODEL}{where}: {name} names code of the network: {facts[name]}")


def _refuse_incomplete(folder: Folder) -> None:
    """A sharded model needs each of its files."""
    if not folder.weights.endswith(".index.json"):
        return
    index = folder.path / folder.weights
    names = weight_files(folder)
    strange = [name for name in names if Path(name).name != name]
    if strange:
        raise LispeError(f"{LOADING_MODEL}{index} names a file outside the folder: {strange[0]}")
    missing = [name for name in names if not (folder.path / name).is_file()]
    if missing:
        raise LispeError(f"{VALIDATING}{some(missing)} missing in {folder.path}: {folder.weights} names it")
