"""What nbval compares in the notebooks: the text of every output, which is deterministic.

Pictures and HTML are drawings of that text's value; their own tests look at them, so a finer drawing does not
make every notebook fail.
"""

from typing import Any

DRAWINGS = ("text/html", "image/svg+xml")


def pytest_collectstart(collector: Any) -> None:
    """Add the drawings to what nbval leaves out of its comparison of a notebook."""
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += DRAWINGS
