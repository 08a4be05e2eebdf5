"""How Sphinx builds the documentation: pages and notebooks as they are, nothing loaded from the network."""

from sphinx.highlighting import lexers

from lispe_kernel import __version__
from lispe_kernel.assist.lexer import LispeLexer

project = "LispE kernel"
author = project_copyright = "the maintainers of the LispE kernel"
release = version = __version__

extensions = ["myst_nb"]
# The notebooks hold their outputs; `make test` says that they are right.
nb_execution_mode = "off"
# No widget manager from the network: an explorer shows its picture.
nb_ipywidgets_js: dict[str, dict[str, str]] = {}
nb_merge_streams = True
myst_heading_anchors = 3
# As the pages of functions write their links, also to names that are all signs.
myst_heading_slug_func = "scripts.write_functions.anchor"
lexers["lispe"] = lexers["lisp"] = LispeLexer()

html_theme = "furo"
html_title = f"LispE kernel {__version__}"
html_show_sourcelink = False
