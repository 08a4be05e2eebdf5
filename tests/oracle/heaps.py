"""Heaps (library 5.4 with the dialect): elements in the order of a comparator that answers -1, 0 or 1.

An element that is equal to others comes after them. How often a comparator is called is not said: here it
is called with every element that is there.
"""

from tests.oracle.comparison import equal
from tests.oracle.errors import OracleError, Undetermined
from tests.oracle.lists import SETS
from tests.oracle.registry import function
from tests.oracle.values import NIL, Builtin, Heap, List


@function("heap", least=0)
def heap(interpreter, values):
    given, *elements = values or [NIL]
    nothing = given is NIL or (isinstance(given, List) and not given.items)
    compare = Builtin(">=<") if nothing else interpreter.as_function(given, interpreter.place)
    made = Heap(compare, interpreter)
    for one in elements:
        add(made, one)
    return made


def order(made: Heap, one, other) -> int:
    """What the comparator answers."""
    answer = made.interpreter.call(made.compare, [one, other])
    if type(answer) is not int or answer not in (-1, 0, 1):
        if type(answer) is int or isinstance(answer, float):
            raise Undetermined("a comparator that answers another number")
        raise OracleError("value", "Error: the comparator must answer -1, 0 or 1")
    return answer


def add(made: Heap, value) -> Heap:
    """Put a value behind those that are not after it."""
    answers = [order(made, value, other) for other in made.elements]
    if [answer < 0 for answer in answers] != sorted(answer < 0 for answer in answers):
        raise Undetermined("a comparator that orders nothing")
    made.elements.insert(sum(answer >= 0 for answer in answers), value)
    return made


def remove(made: Heap, values):
    """`(pop h x)`: the first element that equals x goes; nil where there is none."""
    if len(values) < 2:
        raise Undetermined("pop of a heap without an element")
    answers = [order(made, values[1], other) for other in made.elements]
    for at, (answer, other) in enumerate(zip(answers, made.elements, strict=True)):
        if answer == 0 and equal(values[1], other):
            del made.elements[at]
            return made
    return NIL


SETS.add_to_heap, SETS.remove_from_heap = staticmethod(add), staticmethod(remove)
