"""What every explorer has: controls, a picture that follows them, and a still that replaces it.

The picture goes through the same parts as a value's own output, so it looks and reads the same. Each
application is two outputs: its still, kept up to date, which is what the notebook saves, and the widget. The
page's script shows the still only where the widget is not alive, so a kernel that was killed leaves a picture
and no error. `publish.freeze_all` takes the widgets away when the kernel ends.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from lispe_kernel.display.page import publish
from lispe_kernel.display.page.html import Node, element, plain, to_html
from lispe_kernel.display.page.registry import Bundle
from lispe_kernel.display.page.theme import page
from lispe_kernel.language.errors import said_by
from lispe_kernel.language.printer import register_kind

WIDGET = "application/vnd.jupyter.widget-view+json"
_log = logging.getLogger("lispe.display")


def drawn_or_told(draw: Callable[[], Node]) -> Node:
    """What is drawn, or a sentence in its place that says what failed."""
    try:
        content = draw()
        # What fails while it is written fails here.
        to_html(content)
        return content
    except Exception as error:
        _log.exception("an explorer could not be drawn")
        reason = f"This could not be drawn ({type(error).__name__}: {said_by(error)})."
        return element("p", reason, role="alert")


class Explorer:
    """One application. Subclasses make `controls` and say what they show in `content`."""

    title = "explorer"

    def __init__(self) -> None:
        # Of the still and of the widget.
        self.identity, self.live_identity = publish.new_identity(), publish.new_identity()
        self._shown = False
        self.area = widgets.Output(layout=widgets.Layout(min_height="120px", max_width="100%"))
        self.controls: list[Any] = []
        # What stands under the picture and draws itself.
        self.below: list[Any] = []
        self.root: Any = None

    def content(self) -> Node:
        """The page for the present state of the controls."""
        return element("p", self.title)

    def follow(self, *controls: Any) -> None:
        """Add controls to the application and draw anew when one of them changes."""
        for control in controls:
            control.observe(lambda _change: self.draw(), names="value")
        self.controls += controls

    def button(self, label: str, act: Callable[[], str]) -> Any:
        """A button that does `act` and shows the sentence it returns, or what went wrong."""
        made = widgets.Button(description=label, layout=widgets.Layout(width="auto"))
        told = widgets.HTML()

        def pressed(_button: Any) -> None:
            try:
                sentence = act()
            except Exception as error:
                _log.exception("a button of an explorer failed")
                sentence = str(error)
            told.value = page(element("p", sentence))
            self.draw()

        made.on_click(pressed)
        self.controls += [made, told]
        return made

    def draw(self) -> None:
        """Show the page for the controls; what fails is said in its place."""
        content = drawn_or_told(self.content)
        data = {"text/html": page(content, label=self.title), "text/plain": self.text}
        self.area.outputs = ({"output_type": "display_data", "metadata": {}, "data": data},)
        publish.publish(self._still(content), self.identity, update=self._shown)
        self._shown = True

    @property
    def text(self) -> str:
        return plain(self.title)

    def show(self) -> None:
        """Put the still and the application under the cell."""
        box = widgets.Layout(flex_flow="row wrap")
        self.root = widgets.VBox([widgets.Box(self.controls, layout=box), self.area, *self.below])
        self.draw()
        view = {"version_major": 2, "version_minor": 0, "model_id": self.root.model_id}
        publish.publish({"text/plain": "", WIDGET: view}, self.live_identity)
        publish.screen.live.append(self)

    def _still(self, content: Node) -> Bundle:
        """The present picture without anything live."""
        marked = element("div", content, data_still=True)
        return {"text/plain": self.text, "text/html": page(marked, label=self.title)}

    def freeze(self) -> None:
        """Bring the still up to date and take the widget away."""
        publish.publish(self._still(drawn_or_told(self.content)), self.identity, update=True)
        publish.publish({"text/plain": ""}, self.live_identity, update=True)


register_kind(Explorer, "explorer_", lambda explorer, _: explorer.text)


def slider(label: str, length: int, value: int = 0) -> Any:
    """A slider over the places of an axis, reachable by keyboard."""
    return widgets.IntSlider(
        value=value,
        min=0,
        max=max(0, length - 1),
        description=label,
        continuous_update=False,
        style={"description_width": "initial"},
    )


def span(label: str, length: int) -> Any:
    """A slider with two ends: a stretch of an axis."""
    return widgets.IntRangeSlider(
        value=(0, length),
        min=0,
        max=length,
        description=label,
        continuous_update=False,
        style={"description_width": "initial"},
    )


def stretch(control: Any, least: int = 1) -> tuple[int, int]:
    """The stretch that a span chooses, with at least so many places wherever its two ends meet."""
    first, last = control.value
    first = max(0, min(first, control.max - least))
    return first, max(last, min(first + least, control.max))


def choice(label: str, options: Any, value: Any = None) -> Any:
    """A drop-down list."""
    options = list(options)
    first = options[0][1] if options and isinstance(options[0], tuple) else (options[0] if options else None)
    return widgets.Dropdown(
        options=options,
        value=first if value is None else value,
        description=label,
        style={"description_width": "initial"},
    )
