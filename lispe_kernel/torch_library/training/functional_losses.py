"""The other losses of torch.nn.functional under their own names: `torch_l1_loss`, `torch_kl_div` ...

Names, settings and their defaults are PyTorch's own signatures, without what it has given up. Nothing here
computes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional

from lispe_kernel.language.errors import LispeError
from lispe_kernel.language.printer import describe
from lispe_kernel.language.values.atoms import TRUE
from lispe_kernel.language.values.typed.lists import TypedList
from lispe_kernel.torch_library.support import arguments
from lispe_kernel.torch_library.support.guard import torch_function
from lispe_kernel.torch_library.support.indexes import refuse_classes
from lispe_kernel.torch_library.support.wording import kind_of
from lispe_kernel.torch_library.tensors import conversions
from lispe_kernel.torch_library.training.transforms import of_tensors

REDUCTIONS = {"mean": "mean", "sum": "sum", "none": "none"}
# What PyTorch itself asks nobody to give any more.
_GIVEN_UP = ("size_average", "reduce")
# Settings that are integers; the other ones of numbers take fractions.
_WHOLE = ("ignore_index", "blank")
# What PyTorch wants in main memory, wherever the predictions are.
_LENGTHS = ("input_lengths", "target_lengths")
# PyTorch widens no targets for these.
_EXACT = ("binary_cross_entropy", "binary_cross_entropy_with_logits")

# The name, what it measures, whether targets have the shape of the predictions, an example and its answer.
LOSSES: tuple[tuple[str, str, bool, str, str], ...] = (
    ("l1_loss", "The mean of the differences without their signs", True, "(T (floats 1 2)) '(1 4)", "1"),
    (
        "smooth_l1_loss",
        "Half the squared difference below `beta`, the difference without its sign above it",
        True,
        "(T (floats 1 2)) '(1.0 4.0)",
        "0.75",
    ),
    (
        "huber_loss",
        "Half the squared difference below `delta`, `delta` times the difference above it",
        True,
        "(T (floats 1 2)) '(1.0 4.0)",
        "0.75",
    ),
    (
        "nll_loss",
        "Minus the log-probability at the right classes: [N,C] of log-softmax, and classes [N]",
        False,
        "(T '((-0.5 -1.0))) '(1)",
        "1",
    ),
    (
        "binary_cross_entropy",
        "The cross entropy between probabilities and targets from 0 to 1",
        True,
        "(T (floats 0.5)) '(1.0)",
        "0.693147",
    ),
    (
        "binary_cross_entropy_with_logits",
        "The cross entropy between logits, before the sigmoid, and targets from 0 to 1",
        True,
        "(T (floats 0)) '(1.0)",
        "0.693147",
    ),
    (
        "kl_div",
        "The divergence of log-probabilities from probabilities; `batchmean` divides by the batch",
        True,
        "(T (floats 0 0)) '(0.5 0.5)",
        "-0.346574",
    ),
    (
        "poisson_nll_loss",
        "Minus the log-likelihood of counts, whose expected logarithm is predicted",
        True,
        "(T (floats 0)) '(2.0)",
        "1",
    ),
    (
        "gaussian_nll_loss",
        "Minus the log-likelihood of targets under predicted means and variances, without its constant",
        True,
        "(T (floats 1)) '(2.0) (T (floats 1))",
        "0.5",
    ),
    (
        "hinge_embedding_loss",
        "The distance where the target is 1, what it lacks to `margin` where it is -1",
        True,
        "(T (floats 0.5)) '(-1.0)",
        "0.5",
    ),
    ("soft_margin_loss", "log(1 + exp(-target·input))", True, "(T (floats 0)) '(1.0)", "0.693147"),
    (
        "margin_ranking_loss",
        "What the first of two scores lacks to be above the second (target 1) or below it (-1)",
        False,
        "(T (floats 1)) (T (floats 2)) '(1)",
        "1",
    ),
    (
        "cosine_embedding_loss",
        "1 minus the cosine of pairs that belong together (target 1), the cosine of others (-1)",
        False,
        "(T '((1.0 0.0))) (T '((0.0 1.0))) '(1)",
        "1",
    ),
    (
        "triplet_margin_loss",
        "How much nearer the positive must come to the anchor to be nearer than the negative by `margin`",
        False,
        "(T '((0.0))) (T '((1.0))) (T '((1.0)))",
        "1",
    ),
    (
        "triplet_margin_with_distance_loss",
        "The triplet loss with a distance of one's own, `distance_function`: a function of two tensors",
        False,
        "(T '((0.0))) (T '((1.0))) (T '((1.0)))",
        "1",
    ),
    (
        "multi_margin_loss",
        "How far other classes come up to the right one: scores [N,C], classes [N]",
        False,
        "(T '((0.0 0.0))) '(1)",
        "0.5",
    ),
    (
        "multilabel_margin_loss",
        "The margin loss for several right classes: [N,C], their numbers in front, -1 ends them",
        False,
        "(T '((0.0 0.0))) '((1 -1))",
        "0.5",
    ),
    (
        "multilabel_soft_margin_loss",
        "The mean over the classes of the binary cross entropy with logits",
        True,
        "(T '((0.0 0.0))) '((1.0 0.0))",
        "0.693147",
    ),
    (
        "ctc_loss",
        "Connectionist temporal classification: log-probabilities [T,N,C], targets [N,S], both lengths [N]",
        False,
        "(T '(((-0.5 -1.0)))) '((1)) '(1) '(1)",
        "1",
    ),
)


def _signature(loss: Callable[..., Any]) -> inspect.Signature:
    """PyTorch's signature as LispE has it: true and nil for its answers, without what it has given up."""
    kept = []
    for parameter in inspect.signature(loss).parameters.values():
        if parameter.name in _GIVEN_UP:
            continue
        default: Any = parameter.default
        if isinstance(default, bool):
            default = TRUE if default else None
        kept.append(parameter.replace(default=default, kind=inspect.Parameter.POSITIONAL_OR_KEYWORD))
    return inspect.Signature(kept)


def reduction_of(function: str, value: Any) -> str:
    """How the losses of the elements become one: mean, sum or none."""
    if value is None or (isinstance(value, str) and value in REDUCTIONS):
        return value or "mean"
    known = ", ".join(REDUCTIONS)
    raise LispeError(f"Error: {function}: reduction must be one of {known}, not {describe(value)}")


def _argument(
    function: str, parameter: inspect.Parameter, default: Any, value: Any, beside: torch.Tensor | None
) -> Any:
    """An argument as PyTorch takes it: lists are tensors, nil is what stands for nothing."""
    name = parameter.name
    if name == "reduction":
        return value if value == "batchmean" else reduction_of(function, value)
    if isinstance(default, bool):
        return bool(value)
    if value is None and default is not inspect.Parameter.empty:
        return default
    if name == "distance_function":
        return of_tensors(function, value)
    if name in _WHOLE:
        return arguments.integer(value, f"Error: {function}: {name} must be an integer")
    if name == "var" and isinstance(value, int | float):
        # PyTorch takes one variance for all, but only with a fraction.
        return float(value)
    if isinstance(default, int | float):
        return _number(value, f"Error: {function}: {name} must be a number")
    if isinstance(value, list | TypedList):
        return conversions.as_tensor(value, None if name in _LENGTHS else beside)
    return arguments.tensor(value, f"Error: {function}: {name} must be a tensor")


def _number(value: Any, text: str) -> int | float:
    """A setting that is a number, as it is: PyTorch takes some as integers only. Errors: `text`."""
    if isinstance(value, torch.Tensor) and value.numel() == 1:
        value = value.item()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise arguments.instead(text, value)


def same_shape(
    prefix: str, predictions: torch.Tensor, targets: torch.Tensor, exact: bool = False
) -> torch.Tensor:
    """Targets in the shape of the predictions. PyTorch would also broadcast the predictions ([n,1] against
    [n] to [n,n]), and train towards nonsense.

    Errors: begin with the prefix; targets that do not fit, or, where `exact`, that have another shape at all.
    """
    if targets.shape == predictions.shape:
        return targets
    shown = f" (predictions: {kind_of(predictions)}, targets: {kind_of(targets)})"
    if exact:
        raise LispeError(f"{prefix}targets must have the shape of the predictions{shown}")
    try:
        return targets.expand_as(predictions)
    except RuntimeError as error:
        text = f"targets cannot be widened to the shape of the predictions{shown}"
        raise LispeError(prefix + text) from error


def _refuse_labels(
    name: str, log_probs: torch.Tensor, targets: torch.Tensor, target_lengths: Any, blank: int = 0, **_: Any
) -> None:
    """PyTorch looks labels up without asking whether they are classes, and reads what lies behind them."""
    if targets.is_floating_point() or targets.is_complex():
        raise LispeError(f"Error in {name}: the targets must be whole numbers, the classes")
    lengths = torch.as_tensor(target_lengths).reshape(-1).tolist()
    if targets.dim() == 2 and len(lengths) == len(targets):
        # What is behind a length only fills the row up.
        targets = torch.cat([row[: int(length)] for row, length in zip(targets, lengths, strict=True)])
    classes = log_probs.shape[-1]
    wrong = next((i for i in targets.flatten().tolist() if not 0 <= i < classes or i == blank), None)
    if wrong is not None:
        what = "the blank" if wrong == blank else f"none of the {classes} classes"
        raise LispeError(f"Error in {name}: the target {wrong} is {what}")


def _loss(short: str, meaning: str, alike: bool, sample: str, answer: str) -> None:
    computed = getattr(functional, short)
    name, signature, exact = f"torch_{short}", _signature(computed), short in _EXACT
    defaults = {key: p.default for key, p in inspect.signature(computed).parameters.items()}

    def apply(*given: Any, **named: Any) -> Any:
        bound = signature.bind(*given, **named)
        beside = next((each for each in bound.arguments.values() if isinstance(each, torch.Tensor)), None)
        found = {
            key: _argument(name, signature.parameters[key], defaults[key], value, beside)
            for key, value in bound.arguments.items()
        }
        if computed is functional.ctc_loss:
            _refuse_labels(name, **found)
        if computed is functional.nll_loss:
            refuse_classes(found["target"], found["input"], found.get("ignore_index", -100))
        if alike:
            found["target"] = same_shape(f"Error in {name}: ", found["input"], found["target"], exact)
        if found.get("reduction", "mean") == "mean" and computed is functional.kl_div:
            # PyTorch advises another reduction each time; the mean is what was asked for.
            return computed(**{**found, "reduction": "none"}).mean()
        return computed(**found)

    code = f"(defun T (l) (tensor_create l)) (tensor_item (torch_{short} {sample}))"
    apply.__doc__ = f"""{meaning}. The mean; `reduction` may be "sum" or "none".

    Targets may be lists. The settings are those of PyTorch's `{short}`, by place or by name.

    Example: {code} => {answer}
    Errors: what is no tensor; shapes that do not fit; a reduction that is none
    """
    apply.__signature__ = signature  # type: ignore[attr-defined]
    apply.__name__ = apply.__qualname__ = short
    torch_function(name)(apply)


for _row in LOSSES:
    _loss(*_row)
