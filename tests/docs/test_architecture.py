"""What docs/architecture.md shows of new functions and forms is true: it is registered as written and run."""

import os
import re
import subprocess
import sys
from pathlib import Path

BLOCK = re.compile(r"```python\n(@(?:function|special).*?)```", re.S)
OPENING = """
from __future__ import annotations

from lispe_kernel import Session, to_text
from lispe_kernel.language.arithmetic import OPERATORS
from lispe_kernel.language.compiler.registry import special, special_forms
from lispe_kernel.language.compiler.tree import If
from lispe_kernel.language.functions import function, registry
"""
# What each example gives, and what a wrong promise about `double` would change.
CLOSING = """
for entry in (registry.get("double"), special_forms.get("unless")):
    for code, result in entry.examples:
        print(to_text(Session().evaluate(code)) == result)
twice = '(defun f (x) (setq y (double x)) (if y (+ y 1) "nothing")) (list (f "ab") (f "") (f 2))'
print(to_text(Session().evaluate(twice)))
"""


def test_the_function_and_the_form_of_the_page_are_what_it_says(root: Path) -> None:
    blocks = BLOCK.findall((root / "docs" / "architecture.md").read_text(encoding="utf-8"))
    program = "\n".join([OPENING, *blocks, CLOSING])
    environment = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert len(blocks) == 2
    assert done.stdout.splitlines() == ["True", "True", '("abab1" "nothing" 5)']
