"""All themes of random programs, by name."""

from tests.oracle import (  # noqa: F401
    themes_classes,
    themes_containers,
    themes_control,
    themes_definitions,
    themes_library,
    themes_patterns,
    themes_scope,
    themes_texts,
    themes_tokens,
)
from tests.oracle.theme import THEMES

__all__ = ["THEMES"]
