"""Functions under the names that older revisions of LispE gave them, and that programs still use.

They are ordinary names: LispE reserves them no more, so a program may take them for its own.
"""

from __future__ import annotations

from types import FunctionType

from lispe_kernel.language.functions import Parameter, function, registry
from lispe_kernel.language.library.collections import dictionaries, matrices
from lispe_kernel.language.library.core import containers
from lispe_kernel.language.library.lists import products
from lispe_kernel.language.library.text import tokenizing

# The rooms in which the functions of today are registered.
_ROOMS = (containers, dictionaries, matrices, products, tokenizing)

# older name, name of today, example
_NAMES: tuple[tuple[str, str, str], ...] = (
    ("key", "key@", '(key {"a":1} "a") => 1'),
    ("keyi", "keyi@", '(keyi (dictionaryi 7 "x") 7) => x'),
    ("keyn", "keyn@", "(keyn (keyn) 0.5 1) => {0.5:1}"),
    ("tree", "dictionarytree", '(tree "b" 1 "a" 2) => {"a":2 "b":1}'),
    ("treei", "dictionarytreei", '(treei 2 "b" 1 "a") => {1:"a" 2:"b"}'),
    ("treen", "dictionarytreen", "(treen 2.5 1 0.5 2) => {0.5:2 2.5:1}"),
    ("matrix", "matrix_number", "(matrix 1 2 0.5) => ((0.5 0.5))"),
    ("tensor", "tensor_number", "(rho (tensor 2 3 4)) => (2 3 4)"),
    ("rank", "rank@", "(rank (rho 2 3 (iota 6)) 1) => (4 5 6)"),
    ("irank", "irank@", "(to_list (irank (rho 2 3 (iota 6)) -1)) => ((1 4) (2 5) (3 6))"),
    ("tokenizee", "segment_e", '(tokenizee "a 2") => ("a" " " "2")'),
)


def _register(older: str, name: str, example: str) -> None:
    entry = registry.get(name)
    assert entry is not None

    # The same code under another name: a call costs what one of the function of today costs.
    found = entry.call
    assert isinstance(found, FunctionType)
    call = FunctionType(found.__code__, found.__globals__, older, found.__defaults__, found.__closure__)
    call.__module__ = __name__
    call.__doc__ = f"An older name of `{name}`.\n\nExample: {example}"
    parameters = entry.parameters or (Parameter("arguments", rest=True),)
    function(older, parameters=parameters, returns=entry.returns)(call)


for _row in _NAMES:
    _register(*_row)
