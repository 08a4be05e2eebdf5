"""The guide's LispE blocks, each with its setup and with what must hold after it.

The blocks stand in blocks/ exactly as the guide has them, in its order; setups.toml holds the rest. This
module reads both and never runs LispE; test_guide.py does.
"""

import hashlib
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent
# Of the blocks' bytes, one after the other, taken from the guide itself.
GUIDE_DIGEST = "960787e4b7aa0ff4a1fe9b0ced2a4b487aa680cad0d7716beca7e5c78a378e7d"

Shapes = dict[str, list[int]]


@dataclass(frozen=True)
class Need:
    """A name or a file that a block takes for granted, and the program that makes it."""

    program: str
    name: str | None = None
    file: str | None = None


@dataclass(frozen=True)
class Block:
    """One block of the guide.

    `checks` are pairs (expression, text that println gives), `files` maps a path to the tensors that it must
    hold (name -> shape), `checkpoints` maps a path to the epoch that it must hold.
    """

    file: str
    source: str
    needs: tuple[Need, ...] = ()
    checks: tuple[tuple[str, str], ...] = ()
    files: dict[str, Shapes] = field(default_factory=dict)
    checkpoints: dict[str, int] = field(default_factory=dict)


def _setups() -> dict:
    return tomllib.loads((FOLDER / "setups.toml").read_text(encoding="utf-8"))


def definitions() -> str:
    """The functions that setups and checks use; to be evaluated before any block."""
    return _setups()["definitions"]


def blocks() -> list[Block]:
    """Every block, in the guide's order."""
    return [_block(entry) for entry in _setups()["block"]]


def _block(entry: dict) -> Block:
    return Block(
        file=entry["file"],
        source=(FOLDER / "blocks" / entry["file"]).read_text(encoding="utf-8"),
        needs=tuple(Need(**need) for need in entry.get("needs", ())),
        checks=tuple((expression.strip(), text) for expression, text in entry.get("checks", ())),
        files=entry.get("files", {}),
        checkpoints=entry.get("checkpoints", {}),
    )


def block_files() -> list[Path]:
    """The files of blocks/ in the guide's order."""
    return sorted((FOLDER / "blocks").glob("*.lisp"))


def digest_of_blocks() -> str:
    """What GUIDE_DIGEST must be equal to: no block may be touched."""
    digest = hashlib.sha256()
    for path in block_files():
        digest.update(path.read_bytes())
    return digest.hexdigest()
