"""What a folder holds, and how it differs from a session: by name, values compared as they are kept."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import xxhash

from lispe_kernel.language.printer import quoted
from lispe_kernel.session import Session
from lispe_kernel.sittings.blocks import Block
from lispe_kernel.sittings.restoring.back import as_written, checked
from lispe_kernel.sittings.saving import as_data
from lispe_kernel.sittings.seen import seen


@dataclass(frozen=True)
class Differences:
    """Names of variables and definitions, by where they are."""

    only_there: list[str]
    only_here: list[str]
    changed: list[str]
    same: int


def names_in(folder: str) -> list[tuple[str, str]]:
    """The names in a folder with what they are. Errors: Broken, OSError."""
    manifest = checked(folder)
    rows = [(each["name"], each["kind"]) for each in manifest["definitions"]]
    with as_written():
        rows += [(name.strip(), _kind(manifest, data)) for name, data in manifest["variables"].items()]
    rows += [(name, f"left out: {_why(entry)}") for name, entry in manifest["left out"].items()]
    return rows


def _why(entry: Any) -> str:
    return str(entry.get("why", "")) if isinstance(entry, dict) else ""


def _kind(manifest: dict[str, Any], data: Any) -> str:
    """What a variable is: the kind under which it is kept, or the value itself where it is short."""
    if not isinstance(data, dict):
        if data is None or data is True:
            return "nil" if data is None else "true"
        text = quoted(data) if isinstance(data, str) else str(data)
        return text if len(text) <= 60 else text[:57] + "..."
    inner: Any
    name, inner = next(((str(key), item) for key, item in data.items()), ("", None))
    if name == "object":
        return _kind(manifest, manifest["objects"].get(str(inner), {"?": None}))
    sized = isinstance(inner, list)
    shape = inner.get("shape") if isinstance(inner, dict) else None
    told = f" {inner['dtype']} {shape}" if shape is not None and "dtype" in inner else ""
    return name + (f" of {len(inner)}" if sized else told)


def differences(session: Session, folder: str) -> Differences:
    """How a folder differs from what the session would save now. Errors: Broken, OSError."""
    there = checked(folder)
    kept = as_data(session)
    here = {**kept.manifest, "memory": _memory(session, kept.blocks)}
    before, now = _all(there), _all(here)
    both = [name for name in before if name in now]
    with as_written():
        changed = [name for name in both if _form(there, before[name]) != _form(here, now[name])]
    same = len(both) - len(changed)
    # What is here and would not be kept has changed since.
    others = [name for name in before if name not in now]
    left_out = here["left out"]
    return Differences(
        [name for name in others if name not in left_out],
        [name for name in now if name not in before],
        changed + [name for name in others if name in left_out],
        same,
    )


def _memory(session: Session, blocks: list[Block]) -> dict[str, Any]:
    contents = seen(session).contents(blocks)
    return {str(number): {"checksum": content.checksum} for number, content in enumerate(contents, 1)}


class Prints:
    """For each name of a session as data, something that is the same while its value is (`names`)."""

    def __init__(self) -> None:
        self.names: dict[str, bytes] = {}
        self._texts: dict[str, str] = {}
        # What names refer to by numbers: the shared objects, and the checksums of the memory.
        self._shared = ""

    def of(self, manifest: dict[str, Any]) -> Prints:
        """The same of a later session; what is as it was here is not gone through again."""
        found = Prints()
        memory = [entry["checksum"] for entry in manifest["memory"].values()]
        found._shared = json.dumps([manifest["objects"], memory])
        same = found._shared == self._shared
        for name, data in _all(manifest).items():
            text = found._texts[name] = json.dumps(data)
            refers = '"object": ' in text or '"memory": ' in text
            if self._texts.get(name) == text and (same or not refers):
                found.names[name] = self.names[name]
                continue
            if refers:
                # The numbers may be others in the next save.
                text = repr(_form(manifest, data))
            found.names[name] = xxhash.xxh3_128_digest(text.encode("utf-8", "surrogatepass"))
        return found


def _all(manifest: dict[str, Any]) -> dict[str, Any]:
    definitions = {each["name"]: {"text": each["text"]} for each in manifest["definitions"]}
    return {**definitions, **manifest["variables"]}


def _form(manifest: dict[str, Any], data: Any) -> list[Any]:
    """A value with everything that it reaches, told by order instead of by the numbers of the folder.

    What it reaches once is told where it is reached, whether another name has it, too, or not.
    """
    found: list[Any] = []
    met: dict[tuple[str, Any], int] = {}
    pending = [data]
    while pending:
        item = pending.pop()
        if isinstance(item, list):
            found.append(len(item))
            pending.extend(reversed(item))
        elif not isinstance(item, dict):
            found.append((type(item).__name__, item))
        elif item.keys() == {"object"} or item.keys() == {"memory", "start"}:
            key = ("object", item["object"]) if "object" in item else ("memory", item["memory"])
            if key in met:
                found.append((key[0], met[key], item.get("start")))
                continue
            met[key] = len(found)
            if key[0] == "object":
                pending.append(manifest["objects"].get(str(key[1])))
            else:
                found.append((item["start"], manifest["memory"].get(str(key[1]), {}).get("checksum")))
        else:
            # A file has the parts in another order than the session.
            parts = sorted(item)
            found.append(tuple(parts))
            pending.extend(item[part] for part in reversed(parts))
    return found
