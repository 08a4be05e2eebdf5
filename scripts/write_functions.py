"""Writes docs/functions.md, the page of every function and special form, from the registries.

`python scripts/write_functions.py` writes it; with `--check` it only says whether the page is up to date.
"""

import sys
from collections import defaultdict
from pathlib import Path

from lispe_kernel import display, torch_library
from lispe_kernel.language import compiler, library
from lispe_kernel.language.compiler import special_forms
from lispe_kernel.language.compiler.registry import SpecialForm
from lispe_kernel.language.functions import Function, registry

PAGE = Path(__file__).resolve().parent.parent / "docs" / "functions.md"
OPENING = """# Functions and special forms

Made from the registries by `scripts/write_functions.py`; every example here is run by the tests.
In a signature, `(x 3)` is an optional parameter with its default, `(x)` one that is nil when absent, and
`(() x)` takes all further arguments.
"""


def page() -> str:
    """The whole page."""
    compiler.load()
    library.load()
    torch_library.load()
    display.load()
    parts = [OPENING, _contents(), "## Special forms\n", *map(_entry, sorted(special_forms, key=_name))]
    for title, functions in _families():
        parts.append(f"## {title}\n")
        parts += [_entry(f) for f in functions]
    return "\n".join(parts)


def _families() -> list[tuple[str, list[Function]]]:
    found: dict[str, list[Function]] = defaultdict(list)
    for entry in registry:
        package = entry.call.__module__.removeprefix("lispe_kernel.").split(".")[0]
        place = {"language": "Language", "torch_library": "Torch", "display": "Display"}.get(
            package, "Kernel"
        )
        found[f"{place}: {entry.family}"].append(entry)
    return [(title, sorted(found[title], key=_name)) for title in sorted(found)]


def _name(entry: Function | SpecialForm) -> str:
    return entry.name


def _contents() -> str:
    lines = ["- [Special forms](#special-forms)"]
    lines += [f"- [{title}](#{_anchor(title)})" for title, _ in _families()]
    return "\n".join([*lines, ""])


def _anchor(title: str) -> str:
    return title.lower().replace(":", "").replace(" ", "-")


def _heading(entry: Function | SpecialForm) -> str:
    aliases = ", ".join(f"`{a}`" for a in entry.aliases)
    return f"### `{entry.name}`\n\n`{entry.signature}`" + (f" — also {aliases}" if aliases else "")


def _entry(entry: Function | SpecialForm) -> str:
    parts = [_heading(entry), _paragraphs(entry.meaning)]
    if entry.examples:
        shown = "\n".join(f"{code}\n; {result}" if result else code for code, result in entry.examples)
        parts.append(f"```lisp\n{shown}\n```")
    parts += [f"{word}: {text}" for word in ("Errors", "Source") if (text := entry.block(word))]
    return "\n\n".join(parts) + "\n"


def _paragraphs(doc: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in doc.split("\n\n")).strip()


def main(arguments: list[str]) -> int:
    """Write the page, or check it."""
    text = page()
    if "--check" in arguments:
        current = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
        if current != text:
            print(f"{PAGE} is out of date: run python scripts/write_functions.py", file=sys.stderr)
            return 1
        return 0
    PAGE.write_text(text, encoding="utf-8")
    print(f"Wrote {PAGE.name}: {len(list(registry))} functions, {len(list(special_forms))} special forms")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
