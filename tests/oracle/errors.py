"""How an oracle run can end without a value: LispE's own errors, and what the sources leave open.

This module never raises anything itself.
"""


class OracleError(Exception):
    """The reference makes the program an error here.

    kind: one word (arity, unbound, type, index, value, call, syntax, thrown, compile ...). text: the text as
    far as the reference fixes it. partly: operands that were not reached may have been evaluated. A `compile`
    error stops the whole text and no `maybe` of that text sees it.
    """

    def __init__(self, kind: str, text: str = ""):
        super().__init__(f"{kind}: {text}")
        self.kind = kind
        self.text = text or f"Error: {kind}"
        self.partly = False


class Undetermined(Exception):
    """The reference, the guide and the dialect do not fix what happens here: the program is no evidence."""


class ReturnSignal(Exception):
    """A `(return v)` on its way to the function or lambda that it leaves."""

    def __init__(self, value):
        super().__init__("return")
        self.value = value


class BreakSignal(Exception):
    """A `(break)` on its way to the innermost loop."""


class TailCall(Exception):
    """A call of the running function in a terminal place: its arguments, already computed."""

    def __init__(self, function, arguments, named):
        super().__init__("tail call")
        self.function = function
        self.arguments = arguments
        self.named = named
