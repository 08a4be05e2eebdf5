"""What goes between a notebook and its ranks: requests and answers as JSON, both ways as text.

A request is a Python expression for the engine, which is a plain Python one. An answer is a display of one
MIME type that no front end shows: ipyparallel brings displays in the order in which they were made.
"""

from __future__ import annotations

import json
from typing import Any

MIME = "application/vnd.lispe.rank+json"
# Kinds of answers: what was sent along has been taken, printed text, something shown, the screen cleared, and
# how a request ended.
TAKEN, STREAM, DATA, CLEAR, DONE, ERROR = "taken", "stream", "data", "clear", "done", "error"
# Where processes of a cluster on this machine learn whose they are, and which folder is theirs.
PARENT, FOLDER = "LISPE_RANKS_PARENT", "LISPE_RANKS_FOLDER"


def request_code(request: dict[str, Any]) -> str:
    """The Python code with which an engine answers a request."""
    return f"from lispe_kernel.ranks.rank import answer; answer({json.dumps(request)!r})"


def answers(outputs: list[Any], start: int) -> list[dict[str, Any]]:
    """The answers among the displays of a request, from `start` on; what Python code displays counts."""
    return [_answer(output.get("data") or {}) for output in outputs[start:]]


def _answer(data: dict[str, Any]) -> dict[str, Any]:
    found = data.get(MIME)
    return found if isinstance(found, dict) else {"kind": DATA, "data": data}
