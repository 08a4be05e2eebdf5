"""Writes docs/python-reference.md, what Python programs may call, from the signatures and docstrings.

`python -m scripts.write_api` writes the page; with `--check` it only says whether it is up to date. The table
says which names are public; what is said of them stands in the code.
"""

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import lispe_kernel
from lispe_kernel import display, session
from lispe_kernel.display.page import registry as views
from lispe_kernel.language import errors, functions, printer
from lispe_kernel.language import special_forms as forms
from lispe_kernel.language.compiler import inlines

PAGE = Path(__file__).resolve().parent.parent / "docs" / "python-reference.md"
OPENING = """\
# Python reference

Made from the code by `scripts/write_api.py`. An introduction with examples: [LispE from Python](python.md).
"""
PROPERTIES = (property, cached_property)
OBJECT = re.compile(r"<[^<>]* object at 0x[0-9a-f]+>")
# Heading -> the objects under it. A class brings its public methods.
PARTS: dict[str, tuple[Any, ...]] = {
    "Sessions": (lispe_kernel.Session, session.Outcome),
    "Texts and pages": (lispe_kernel.to_text, display.bundle, printer.register_kind),
    "Errors": (lispe_kernel.LispeError, errors.CompileError, errors.Frame, errors.Span),
    "The registry of functions": (functions.function, functions.Function, functions.Registry),
    "The registry of special forms": (
        forms.special,
        forms.SpecialForm,
        inlines.inline,
        inlines.question,
        inlines.syntax,
    ),
    "The registry of views": (views.renderer, views.View),
}


def page() -> str:
    """The whole page."""
    parts = [OPENING]
    for title, members in PARTS.items():
        parts.append(f"## {title}\n")
        for member in members:
            parts += _object(member)
    return "\n".join(parts)


def _object(member: Any) -> Iterator[str]:
    parts = (f"### {member.__name__}", f"{_call(member)}, from `{member.__module__}`", *_paragraphs(member))
    yield "\n\n".join(parts) + "\n"
    if inspect.isclass(member):
        for name, made in vars(member).items():
            if not name.startswith("_") and (inspect.isfunction(made) or isinstance(made, PROPERTIES)):
                yield _method(name, made)


def _method(name: str, made: Callable[..., Any] | property | cached_property[Any]) -> str:
    call = f"`{name}`" if isinstance(made, PROPERTIES) else _call(made)
    return "\n\n  ".join((f"- {call}", *_paragraphs(made))) + "\n"


def _call(made: Any) -> str:
    """The signature without annotations: the text says what is expected."""
    parameters = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for parameter in inspect.signature(made).parameters.values()
        if parameter.name != "self"
    ]
    # A default that is an object of ours has no text that lasts.
    return f"`{made.__name__}{OBJECT.sub('...', str(inspect.Signature(parameters)))}`"


def _paragraphs(made: Any) -> list[str]:
    return [" ".join(part.split()) for part in (inspect.getdoc(made) or "").split("\n\n") if part]


def main(arguments: list[str]) -> int:
    """Write the page, or check it."""
    text = page()
    if "--check" in arguments:
        current = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
        if current != text:
            print(f"{PAGE.name} is out of date: run python -m scripts.write_api", file=sys.stderr)
        return int(current != text)
    PAGE.write_text(text, encoding="utf-8")
    print(f"Wrote {PAGE.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
