"""One kernel process for all the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kernel.kernel_process import Running


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("kernel"))
    yield running
    running.stop()
