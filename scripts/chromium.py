"""Where Chromium is, for the tests and the scripts that look at pages.

Run as a program it says what a run of the tests without it has left out, if anything.
"""

from __future__ import annotations

import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome")
MISSING = "no Chromium on this machine: install Debian's package `chromium` to run the browser tests"


def chromium() -> str | None:
    """The path of the browser, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


if __name__ == "__main__" and chromium() is None:
    print(f"The browser tests were left out: {MISSING} (apt install chromium, then make test).")
