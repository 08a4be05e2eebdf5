"""How Sphinx builds the documentation: pages and notebooks as they are, nothing loaded from the network."""

from docutils import nodes
from sphinx.addnodes import index
from sphinx.application import Sphinx
from sphinx.highlighting import lexers
from sphinx.transforms import SphinxTransform

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
# What an output in a notebook brings for itself stands here once (scripts/build_docs.py).
html_static_path, html_css_files = ["_static"], ["page.css"]
html_js_files = [("page.js", {"defer": "defer"})]
html_title = f"LispE kernel {__version__}"
html_show_sourcelink = False


class NamesInIndex(SphinxTransform):
    """A function with aliases is found by each of its names, for the search looks into the index."""

    default_priority = 500

    def apply(self) -> None:
        if not self.env.docname.startswith("functions/"):
            return
        for section in self.document.findall(nodes.section):
            names = [name.astext() for name in section[0].findall(nodes.literal)]
            if len(names) > 1:
                entries = [("single", name, section["ids"][0], "", None) for name in names]
                section.insert(1, index(entries=entries))


def setup(app: Sphinx) -> None:
    """What Sphinx calls once."""
    app.add_transform(NamesInIndex)
