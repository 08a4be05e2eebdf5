"""What Jupyter is told of the language: the kernel answers it, and new notebooks hold it from the start.

A notebook that holds something else is changed by the front end that opens it, and asks to be saved.
"""

from __future__ import annotations

from lispe_kernel import __version__

LANGUAGE: dict[str, object] = {
    "name": "lispe",
    "version": __version__,
    "mimetype": "text/x-common-lisp",
    "file_extension": ".lisp",
    "pygments_lexer": "lispe",
    # JupyterLab finds the mode by its MIME type, the classic notebook by its name.
    "codemirror_mode": {"name": "commonlisp", "mime": "text/x-common-lisp"},
    "nbconvert_exporter": "script",
}
