"""Writes the pages of functions and special forms from the registries: docs/functions.md and docs/functions/.

One page a room, one section a file of the room, and an index of all names. What a page says stands in the
code: the sentence under a title is the docstring of the folder or file. `python -m scripts.write_functions`
writes the pages; with `--check` it only says whether they are up to date.
"""

import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lispe_kernel import display, ranks, sittings, torch_library
from lispe_kernel.language import compiler, library
from lispe_kernel.language.compiler import special_forms
from lispe_kernel.language.functions import Function, registry
from lispe_kernel.language.special_forms import SpecialForm
from lispe_kernel.running import bridges, programs, report, screen  # noqa: F401 - they register functions
from lispe_kernel.sittings import cells, restoring

DOCS = Path(__file__).resolve().parent.parent / "docs"
ABOUT = """\
Every example here is run by the tests. In a signature, `(x 3)` is an optional parameter with its default,
`(x)` one that is nil when absent, and `(() x)` takes all further arguments.
"""
OPENING = f"""\
# Functions and special forms

Every name of the language, by subject and from A to Z; the search of these pages finds names as well.
{ABOUT}
"""
# Wherever in the compiler a special form lives, to people it is one of the special forms.
COMPILER = "lispe_kernel.language.compiler."
# Where a function lives -> the folder of its page and the word for people; the first beginning that fits.
PLACES = {
    "lispe_kernel.language.": ("language", "Language"),
    "lispe_kernel.torch_library.": ("torch", "Torch"),
    "lispe_kernel.": ("notebook", "Notebook"),
}
# Rooms whose folder's word is no title. A room that is not here is called by its folder.
TITLES = {
    "cells": "Sessions kept after each cell",
    "core": "The core",
    "distributed": "Many processes",
    "forms": "Special forms",
    "hugging_face": "Hugging Face",
    "inside": "Looking inside a run",
    "lora": "LoRA",
    "machine": "Files and the machine",
    "ranks": "Cells on many ranks",
    "restoring": "Sessions put back",
    "running": "Python, shell, screen",
    "sittings": "Sessions that come back",
    "state": "State dicts and models in files",
    "tokens": "Tokenizers",
}
Entry = Function | SpecialForm


@dataclass(frozen=True)
class Room:
    """A folder of the code with what it registers; it becomes one page."""

    package: str
    entries: tuple[Entry, ...]

    @property
    def place(self) -> tuple[str, str]:
        return next(place for beginning, place in PLACES.items() if self.package.startswith(beginning))

    @property
    def title(self) -> str:
        word = self.package.rpartition(".")[2]
        return TITLES.get(word, word.replace("_", " ").capitalize())

    @property
    def path(self) -> str:
        """The page's file, seen from the documentation's folder."""
        return f"functions/{self.place[0]}/{self.package.rpartition('.')[2].replace('_', '-')}.md"

    @property
    def subject(self) -> str:
        """What the room is about: its docstring, or that of the one file which registers something."""
        families = self.families()
        return _says(families[0][0] if len(families) == 1 else self.package)

    def families(self) -> list[tuple[str, list[Entry]]]:
        """The files of the room with what each registers, both in the order of the alphabet."""
        found: dict[str, list[Entry]] = defaultdict(list)
        for entry in self.entries:
            found[_code(entry).__module__].append(entry)
        return [(module, sorted(found[module], key=_name)) for module in sorted(found)]


def pages() -> dict[str, str]:
    """Every page: its path in the documentation's folder, and its text."""
    made = rooms()
    return {"functions.md": _index(made)} | {room.path: _page(room) for room in made}


def rooms() -> list[Room]:
    """All rooms that register something, the language's first."""
    for floor in (compiler, library, torch_library, sittings, restoring, cells, ranks, display):
        floor.load()
    found: dict[str, list[Entry]] = defaultdict(list)
    for entry in [*special_forms, *registry]:
        found[_room(_code(entry).__module__)].append(entry)
    made = [Room(package, tuple(entries)) for package, entries in found.items()]
    return sorted(made, key=lambda room: (list(PLACES.values()).index(room.place), room.title))


def anchor(heading: str) -> str:
    """The place of a heading in its page: Sphinx asks here, and so do the links in the index.

    A sentence is written as public forges write it; a name keeps its case and says its signs in numbers
    (`set` and `set@`, `setq` and `setQ` are two). A heading of a name with its aliases stands where the name
    does.
    """
    first = heading.split(", ")[0]
    if len(first.split()) > 1 or first.istitle():
        return "".join(c for c in "-".join(heading.lower().split()) if c.isalnum() or c in "_-")
    kept = "_-" if any(c.isalnum() for c in first) else ""
    return "".join(c if c.isalnum() or c in kept else f"-{ord(c):x}" for c in first).removeprefix("-")


def _room(module: str) -> str:
    """The folder of a module, or the module itself where it stands alone in its library."""
    if module.startswith(COMPILER):
        return f"{COMPILER}forms"
    package = module.rpartition(".")[0]
    return module if package.endswith(".library") or package == "lispe_kernel" else package


def _code(entry: Entry) -> Callable[..., object]:
    return entry.call if isinstance(entry, Function) else entry.resolve


def _name(entry: Entry) -> str:
    return entry.name


def _says(module: str) -> str:
    """The first paragraph of a module's docstring."""
    return " ".join((sys.modules[module].__doc__ or "").split("\n\n")[0].split())


# -- the index -----------------------------------------------------------------------------------


def _index(made: list[Room]) -> str:
    parts = [OPENING]
    for place in dict.fromkeys(room.place for room in made):
        parts.append(f"## {place[1]}\n")
        parts += [
            f"- [{room.title}]({room.path}), {len(room.entries)}: "
            + room.subject.removeprefix(f"{room.title}: ")
            for room in made
            if room.place == place
        ]
        parts.append("")
    parts += ["## All names\n", *_names(made), *_contents(made)]
    return "\n".join(parts)


def _names(made: list[Room]) -> list[str]:
    """A paragraph for each first letter, aliases beside the names they stand for."""
    letters: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for room in made:
        for entry in room.entries:
            for name in (entry.name, *entry.aliases):
                link = f"[`{name}`]({room.path}#{anchor(entry.name)})"
                letters[name[0].upper() if name[0].isascii() and name[0].isalpha() else ""].append(
                    (name, link)
                )
    return [
        f"**{letter or 'Signs'}** " + " · ".join(link for _, link in sorted(letters[letter])) + "\n"
        for letter in sorted(letters)
    ]


def _contents(made: list[Room]) -> list[str]:
    """Sphinx's own table, unseen: it gives the pages their place in the sidebar."""
    lines = [f"{room.place[1]}: {room.title} <{room.path.removesuffix('.md')}>" for room in made]
    return ["```{toctree}", ":hidden:", "", *lines, "```", ""]


# -- one page ------------------------------------------------------------------------------------


def _page(room: Room) -> str:
    families = room.families()
    parts = [f"# {room.place[1]}: {room.title}\n", f"{room.subject}\n", ABOUT]
    for module, entries in families:
        if len(families) > 1:
            word = module.rpartition(".")[2].replace("_", " ")
            parts += [f"## {room.title}: {word}\n", f"{_says(module)}\n"]
        parts += [_entry(entry, "###" if len(families) > 1 else "##") for entry in entries]
    return "\n".join(parts)


def _entry(entry: Entry, level: str) -> str:
    # Aliases stand in the heading, so that a search for one leads here and not to the top of the page.
    names = ", ".join(f"`{name}`" for name in (entry.name, *entry.aliases))
    heading = f"{level} {names}\n\n`{entry.signature}`"
    parts = [heading, _paragraphs(entry.meaning)]
    if entry.examples:
        shown = "\n".join(f"{code}\n; {result}" if result else code for code, result in entry.examples)
        parts.append(f"```lisp\n{shown}\n```")
    parts += [f"{word}: {text}" for word in ("Errors", "Source") if (text := entry.block(word))]
    return "\n\n".join(parts) + "\n"


def _paragraphs(doc: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in doc.split("\n\n")).strip()


def main(arguments: list[str]) -> int:
    """Write the pages, or check them."""
    texts = pages()
    there = {
        str(path.relative_to(DOCS)): path.read_text(encoding="utf-8")
        for path in (DOCS / "functions.md", *(DOCS / "functions").rglob("*.md"))
        if path.exists()
    }
    if "--check" in arguments:
        stale = sorted(name for name in {*texts, *there} if texts.get(name) != there.get(name))
        if stale:
            print(f"Out of date: {', '.join(stale)}. Run python -m scripts.write_functions", file=sys.stderr)
        return 1 if stale else 0
    for name in {*there} - {*texts}:
        (DOCS / name).unlink()
    for name, text in texts.items():
        (DOCS / name).parent.mkdir(parents=True, exist_ok=True)
        (DOCS / name).write_text(text, encoding="utf-8")
    print(
        f"Wrote {len(texts)} pages: {len(list(registry))} functions, {len(list(special_forms))} special forms"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
