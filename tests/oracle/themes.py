"""All themes of random programs, by name."""

from tests.oracle import (  # noqa: F401
    themes_classes,
    themes_concepts,
    themes_containers,
    themes_control,
    themes_definitions,
    themes_grids,
    themes_library,
    themes_linear,
    themes_marks,
    themes_patterns,
    themes_scalars,
    themes_scope,
    themes_texts,
    themes_tokens,
)
from tests.oracle.theme import THEMES

__all__ = ["THEMES"]
