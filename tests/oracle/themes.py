"""All themes of random programs, by name."""

from tests.oracle import themes_control, themes_definitions, themes_library, themes_scope  # noqa: F401
from tests.oracle.theme import THEMES

__all__ = ["THEMES"]
