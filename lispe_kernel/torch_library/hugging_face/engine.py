"""transformers, imported when the first folder is loaded: a model from a folder, its weights all in their
places.

It is kept from everything that is not in the folder: no network, no code of the folder, no adapters, no
kernels, and of pickled weights only tensors. What its loading reports as missing, unexpected or mismatched
is an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from lispe_kernel.language.errors import LispeError
from lispe_kernel.torch_library.hugging_face.folders import CONFIG, LOADING_MODEL, VALIDATING, Folder
from lispe_kernel.torch_library.hugging_face.weights import kinds_in, refuse_changed_kinds
from lispe_kernel.torch_library.support.wording import readable, shape, some

INSTALL = "pip install 'lispe-kernel[hf]'"
# How the names of what belongs to quantised weights end.
QUANTISED = ("qweight", "qzeros", "scales", "weight_scale", "weight_scale_inv", "g_idx", "absmax", "_packed")
# Handed to every loader of transformers.
OFFLINE = {"local_files_only": True, "trust_remote_code": False}


def library() -> Any:
    """transformers. Errors: how to install it."""
    try:
        import transformers  # noqa: PLC0415 - a second of import that only models of folders need
    except ImportError as error:
        raise LispeError(f"Error: models of Hugging Face folders need transformers: {INSTALL}") from error
    return transformers


@contextmanager
def quietly() -> Iterator[Any]:
    """transformers without its notes and progress bars: what matters here becomes an error."""
    logging = library().utils.logging
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    try:
        yield library()
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def model_in(folder: Folder, settings: dict[str, Any], device: torch.device) -> nn.Module:
    """The model of a folder, in evaluation mode, on the device.

    Errors: `Error loading HF model: ...`, `Error validating HF model: ...`
    """
    with quietly() as transformers:
        try:
            config = transformers.AutoConfig.from_pretrained(folder.path, **OFFLINE)
        except Exception as error:
            raise LispeError(f"{LOADING_MODEL}{folder.what}: {_why_no_config(folder, error)}") from error
        # Tuples would do for nobody here.
        config.return_dict = True
        config._attn_implementation = "eager" if settings.get("manual_attention") else None
        _stretch(config, settings, folder)
        kinds = kinds_in(folder)
        model, report = _loaded(_class_of(folder, config), folder, config, settings)
    _refuse_misfits(folder, report)
    refuse_changed_kinds(folder, kinds, model)
    # From the CPU to the CPU each weight would be visited for nothing.
    placed: nn.Module = model if device.type == "cpu" else model.to(device)
    return placed


def _why_no_config(folder: Folder, error: Exception) -> str:
    """Why transformers makes no configuration of the file."""
    family = folder.family
    if not family:
        return f"{folder.path / 'config.json'} names no model_type"
    if family in library().CONFIG_MAPPING:
        return _words(error)
    if folder.facts.get("auto_map"):
        return f"models of type {family} need the Python code of their folder, which is never run"
    return f"models of type {family} are not known to transformers {library().__version__}"


def _words(error: Exception) -> str:
    """What transformers says, without Python's classes."""
    if isinstance(error, KeyError) and error.args and " " not in str(error.args[0]):
        return f"{error.args[0]} is not known to transformers {library().__version__}"
    return _CLASSES.sub(r"\1", _ERRORS.sub("", readable(error)))


_ERRORS, _CLASSES = re.compile(r"\b[A-Z]\w*Error: "), re.compile(r"<class '(?:[\w.]*\.)?(\w+)'>")


def _class_of(folder: Folder, config: Any) -> Any:
    """The class that the folder names, else the one that its type of model has for causal language models."""
    transformers = library()
    named: Any = getattr(transformers, folder.architecture, None) if folder.architecture else None
    kind = getattr(named, "config_class", None)
    if kind is not None and issubclass(named, transformers.PreTrainedModel):
        _refuse_other_kind(folder, config, named)
        return named
    if folder.architecture:
        raise LispeError(
            f"{LOADING_MODEL}transformers {transformers.__version__} has no {folder.architecture} "
            f"(a model of type {folder.family})"
        )
    return transformers.AutoModelForCausalLM


def _refuse_other_kind(folder: Folder, config: Any, named: Any) -> None:
    """The class is one for this type of model, or for its part that writes."""
    kind = named.config_class
    fits = isinstance(config, kind) or isinstance(config.get_text_config(), kind)
    if not fits and library().MODEL_FOR_CAUSAL_LM_MAPPING.get(type(config), None) is not named:
        raise LispeError(
            f"{LOADING_MODEL}{folder.path / CONFIG} names {folder.architecture}, whose models are of type "
            f"{kind.model_type}, and the type {folder.family}"
        )


def _stretch(config: Any, settings: dict[str, Any], folder: Folder) -> None:
    """`rope_scaling` of the settings: longer contexts by slower rotary positions."""
    factor = settings.get("rope_scaling", 1)
    if factor == 1:
        return
    text = config.get_text_config()
    rope = getattr(text, "rope_parameters", None)
    if not isinstance(rope, dict) or rope.get("rope_type") != "default":
        raise LispeError(f"{LOADING_MODEL}rope_scaling: {folder.what} has no plain rotary positions to scale")
    text.rope_parameters = {**rope, "rope_type": "linear", "factor": float(factor)}


def _loaded(cls: Any, folder: Folder, config: Any, settings: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    try:
        found: tuple[Any, dict[str, Any]] = cls.from_pretrained(
            folder.path,
            config=config,
            dtype=settings.get("dtype", "auto"),
            use_safetensors=not folder.pickled,
            weights_only=True,
            # Those that do not fit are reported, and refused here with both shapes.
            ignore_mismatched_sizes=True,
            output_loading_info=True,
            **OFFLINE,
        )
    except LispeError:
        raise
    except Exception as error:
        # Libraries under it raise errors of many kinds for damaged files.
        raise LispeError(f"{LOADING_MODEL}{folder.what}: {_words(error)}") from error
    return found


def _refuse_misfits(folder: Folder, report: dict[str, Any]) -> None:
    """Each weight of the model comes from the folder, and each of the folder has its place."""
    wrong = []
    if report.get("missing_keys"):
        wrong.append(f"{some(sorted(report['missing_keys']))} missing")
    if report.get("unexpected_keys"):
        wrong.append(f"{some(sorted(report['unexpected_keys']))} unexpected")
        if any(name.endswith(QUANTISED) for name in report["unexpected_keys"]):
            wrong.append("they look like quantised weights, which are not supported")
    wrong += [
        f"{name} is {shape(there)} in the folder, {shape(wanted)} by config.json"
        for name, there, wanted in sorted(report.get("mismatched_keys") or ())
    ][:8]
    other = report.get("error_msgs") or report.get("conversion_errors")
    if other:
        wrong.append(" ".join(str(other).split())[:300])
    if wrong:
        raise LispeError(
            f"{VALIDATING}{folder.what} in {folder.path}: {'; '.join(wrong)}. Nothing was loaded"
        )
