"""JupyterLab in a real Chromium on the real kernel: type, complete, help, colours, debug, interrupt.

The server has its own folders and its own kernelspec, so nothing has to be installed.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.kernel.kernel_process import ARGV, ROOT

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright drives the browser")
pytest.importorskip("jupyterlab", reason="JupyterLab is what the browser shows")

TOKEN = "a-token-of-the-tests"
AREA = """\
(defun area (width (height 2))
    "The area of a rectangle."
    (setq result (* width height))
    result)"""
CELLS = [AREA, "(setq my-list (list 1 2))\n(area 3)", ""]
CELL, EDITOR = ".jp-Notebook .jp-CodeCell", ".cm-content"


def notebook(cells: list[str]) -> str:
    made = [
        {
            "cell_type": "code",
            "id": f"c{n}",
            "metadata": {},
            "outputs": [],
            "execution_count": None,
            "source": text,
        }
        for n, text in enumerate(cells)
    ]
    spec = {"display_name": "LispE", "language": "lispe", "name": "lispe"}
    return json.dumps({"cells": made, "metadata": {"kernelspec": spec}, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A running JupyterLab: its address and the folder it shows."""
    home = tmp_path_factory.mktemp("lab")
    spec = home / "data" / "kernels" / "lispe" / "kernel.json"
    spec.parent.mkdir(parents=True)
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    spec.write_text(
        json.dumps(
            {
                "argv": ARGV,
                "display_name": "LispE",
                "language": "lispe",
                "interrupt_mode": "signal",
                "metadata": {"debugger": True},
                "env": {"PYTHONPATH": path, "LISPE_HISTORY": str(home / "history.sqlite")},
            }
        )
    )
    folder = home / "notebooks"
    folder.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folders = {f"JUPYTER_{name}_DIR": str(home / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    environment = {**os.environ, **folders, "JUPYTER_PATH": str(home / "data")}
    # ipykernel leaves the file descriptors alone when it thinks that it runs inside a test.
    environment.pop("PYTEST_CURRENT_TEST", None)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}"]
    command += [f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={folder}"]
    with (home / "log").open("w") as log:
        # A group of its own: its kernels end with it, whatever state it is in.
        server = subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: answers(f"{address}/api?token={TOKEN}"), 60)
        yield address, folder
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            # It sometimes waits for ever on a busy machine; that kernels end is tested elsewhere.
            os.killpg(server.pid, signal.SIGKILL)
            server.wait(20)


def answers(address: str) -> bool:
    try:
        with urlopen(address, timeout=2):
            return True
    except (URLError, OSError):
        return False


def wait_for(condition: Any, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "nothing happened in time"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    with sync_api.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def page(lab: tuple[str, Path], browser: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A page with a fresh notebook and an idle kernel."""
    address, folder = lab
    name = f"{request.node.name}.ipynb"
    (folder / name).write_text(notebook(CELLS))
    opened = browser.new_page(viewport={"width": 1400, "height": 900})
    opened.set_default_timeout(60_000)
    opened.goto(f"{address}/lab/tree/{name}?token={TOKEN}&reset")
    opened.wait_for_selector(CELL)
    # "Idle" stands there before any kernel does; a cell that is run then makes JupyterLab ask for one.
    opened.wait_for_selector(".jp-Toolbar-kernelName:has-text('LispE')")
    opened.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status='idle']")
    yield opened
    opened.close()


def editor(page: Any, number: int) -> Any:
    return page.locator(CELL).nth(number).locator(EDITOR)


def answer_jupyterlab(page: Any) -> None:
    """Close a question of JupyterLab's own, which takes every click; one about the kernel is a failure."""
    for text in page.locator("dialog").all_inner_texts():
        assert "kernel" not in text.lower(), text
        warnings.warn(f"JupyterLab asked: {text}", stacklevel=2)
        page.keyboard.press("Escape")


def run(page: Any, number: int) -> None:
    """Run a cell. A key pressed while the notebook still connects is lost: press until it counts."""
    prompt = page.locator(CELL).nth(number).locator(".jp-InputPrompt")

    def started() -> bool:
        answer_jupyterlab(page)
        editor(page, number).click()
        page.keyboard.press("Control+Enter")
        page.wait_for_timeout(1000)
        return prompt.inner_text() != "[ ]:"

    wait_for(started, 20)


def shows(page: Any, number: int, text: str) -> None:
    sync_api.expect(page.locator(CELL).nth(number).locator(".jp-OutputArea")).to_contain_text(
        text, timeout=20_000
    )


def test_cells_run_are_coloured_completed_and_explained(page: Any) -> None:
    run(page, 0)
    run(page, 1)
    shows(page, 1, "6")
    # The editor knows a keyword, a string and a number of LispE: each has a colour of its own.
    coloured = editor(page, 0).locator("span[class]").all_inner_texts()
    assert {"defun", '"The area of a rectangle."', "2"} <= set(coloured)
    editor(page, 2).click()
    page.keyboard.type("(are")
    page.keyboard.press("Tab")
    sync_api.expect(page.locator(".jp-Completer")).to_contain_text("area")
    page.keyboard.press("Enter")
    sync_api.expect(editor(page, 2)).to_have_text("(area")
    page.keyboard.press("Shift+Tab")
    tooltip = page.locator(".jp-Tooltip")
    sync_api.expect(tooltip).to_contain_text("(area width (height 2))")
    sync_api.expect(tooltip).to_contain_text("The area of a rectangle.")
    page.keyboard.press("Escape")


def test_an_endless_loop_is_interrupted(page: Any) -> None:
    run(page, 0)
    editor(page, 2).click()
    page.keyboard.type("(println `started`) (while true (+ 1 1))")
    page.keyboard.press("Control+Enter")
    shows(page, 2, "started")
    page.locator("[data-command='notebook:interrupt-kernel'], [data-jp-item-name='interrupt']").first.click()
    shows(page, 2, "Interrupted")


def test_the_debugger_stops_steps_and_shows_variables(page: Any) -> None:
    run(page, 0)
    # JupyterLab turns the button on once it knows that the kernel debugs; until then a click is lost.
    page.locator(".jp-DebuggerBugButton[aria-disabled='false']").click()
    gutter = page.locator(CELL).nth(1).locator(".cm-breakpoint-gutter .cm-gutterElement")
    gutter.nth(2).click()
    sync_api.expect(page.locator(".jp-DebuggerBreakpoints")).to_contain_text("2")
    run(page, 1)
    stack = page.locator(".jp-DebuggerCallstack-body")
    sync_api.expect(stack).to_contain_text("cell 2")
    page.keyboard.press("F11")
    sync_api.expect(stack).to_contain_text("area")
    page.keyboard.press("F10")
    variables = page.locator(".jp-DebuggerVariables-body").first
    sync_api.expect(variables).to_contain_text("result")
    sync_api.expect(variables).to_contain_text("width")
    sync_api.expect(stack).to_contain_text("]:4")
    page.keyboard.press("F9")
    shows(page, 1, "6")
