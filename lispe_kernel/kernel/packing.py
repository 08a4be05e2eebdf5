"""How messages become bytes: jupyter_client's way, which half a surrogate pair does not stop."""

from __future__ import annotations

from typing import Any

from jupyter_client.session import json_packer

from lispe_kernel.running.surrogates import mended


def pack(message: Any) -> bytes:
    """A message as JSON in UTF-8; a character that UTF-8 cannot hold becomes U+FFFD."""
    try:
        return json_packer(message)
    except UnicodeEncodeError:
        return json_packer(mended(message))
