"""Reading an output as a browser would: which elements and attributes it has, and whether it stands alone."""

from html.parser import HTMLParser
from urllib.parse import unquote
from xml.etree import ElementTree

VOID = {"img", "input", "br", "hr", "col", "wbr"}
ENDED_BY_THE_NEXT = {"td", "th", "tr"}


class Page(HTMLParser):
    """Elements, attributes and text of an output; complains about tags that do not close."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text: list[str] = []
        self.scripts: list[str] = []
        self.problems: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        if left := [tag for tag in self._open if tag not in ENDED_BY_THE_NEXT]:
            self.problems.append(f"never closed: {left}")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open[-1] != tag and self._open[-1] in ENDED_BY_THE_NEXT:
            self._open.pop()
        if not self._open or self._open.pop() != tag:
            self.problems.append(f"closed without being open: {tag}")

    def handle_data(self, data: str) -> None:
        inside = self._open[-1] if self._open else ""
        (self.scripts if inside in ("script", "style") else self.text).append(data)

    @property
    def words(self) -> str:
        return "".join(self.text)


def drawings(html: str) -> list[ElementTree.Element]:
    """The pictures of an output as trees of SVG."""
    page = Page(html)
    found = [value for _, name, value in page.attributes if name == "src"]
    made = [ElementTree.fromstring(unquote(value.partition(",")[2])) for value in found]
    for group in (g for drawing in made for g in drawing.iter() if g.get("text-anchor")):
        # Words take it from their group, as a browser does it.
        for part in group:
            part.set("text-anchor", part.get("text-anchor") or group.get("text-anchor") or "")
    return made


def written(html: str) -> list[str]:
    """The words that stand in the pictures of an output."""
    return ["".join(e.itertext()) for d in drawings(html) for e in d.iter() if e.tag.endswith("}text")]


def drawing_faults(svg: str) -> list[str]:
    """What a picture must not have: anything that runs, or that is somewhere else."""
    found = []
    for part in ElementTree.fromstring(svg).iter():
        if part.tag.rpartition("}")[2] in ("script", "foreignObject", "use", "a"):
            found.append(f"<{part.tag}>")
        for name, value in part.attrib.items():
            if name.startswith("on") or (name == "href" and not value.startswith("data:image/png;base64,")):
                found.append(f"{name}={value[:40]}")
    return found


def faults(html: str) -> list[str]:
    """What an output must not have: ids, handlers, links to anywhere, pictures without words."""
    page = Page(html)
    found = list(page.problems)
    for tag, name, value in page.attributes:
        if name == "id" or name.startswith("on") or name in ("href", "srcset", "action", "formaction"):
            found.append(f"<{tag} {name}>")
        if name == "src" and not value.startswith("data:image/svg+xml,"):
            found.append(f"<{tag} src={value[:40]}>")
        if name == "src":
            found += [f"{fault} in a picture" for fault in drawing_faults(unquote(value.partition(",")[2]))]
    pictures = [tag for tag in page.elements if tag in ("img", "svg")]
    labels = [
        name
        for tag, name, value in page.attributes
        if (tag, name) in (("img", "alt"), ("svg", "aria-label")) and value
    ]
    if len(labels) < len(pictures):
        found.append("a picture without words")
    if any("http://" in script or "https://" in script for script in page.scripts):
        found.append("an address in the script or style")
    if page.elements.count("script") > 1 or page.elements.count("style") != 1:
        found.append("more than one script or style")
    return found
