"""Dictionaries and sets (library 5)."""

from tests.oracle.errors import OracleError, Undetermined
from tests.oracle.lists import SETS
from tests.oracle.places import key_of
from tests.oracle.printer import to_text
from tests.oracle.registry import function
from tests.oracle.values import NIL, Dictionary, List, SetValue, TypedList, is_number

KEYS_TYPE = {"s": "strings", "i": "integers", "n": "numbers"}


def _dictionary(name, keys, tree):
    @function(name)
    def run(interpreter, values):
        if len(values) == 1 and isinstance(values[0], Dictionary):
            raise Undetermined("a dictionary of a dictionary")
        return filled(Dictionary(keys, tree), values)


def filled(dictionary, values):
    if len(values) % 2:
        raise OracleError("value", "Error: dictionary has a different number of key/value")
    for key, value in zip(values[::2], values[1::2], strict=True):
        dictionary.pairs[key_of(dictionary, key)] = value
    return dictionary


for _suffix, _keys in (("", "s"), ("i", "i"), ("n", "n")):
    _dictionary("dictionary" + _suffix, _keys, False)
    _dictionary("dictionarytree" + _suffix, _keys, True)


def _key(name, keys):
    @function(name)
    def run(interpreter, values):
        if not values or not isinstance(values[0], Dictionary):
            if values and isinstance(values[0], List):
                raise Undetermined("key@ of a list")
            return filled(Dictionary(keys), values)
        dictionary, *rest = values
        if len(rest) == 1:
            return dictionary.pairs.get(key_of(dictionary, rest[0]), NIL)
        return filled(dictionary, rest)


for _name, _keys in (("key@", "s"), ("keyi@", "i"), ("keyn@", "n")):
    _key(_name, _keys)


@function("keys@", least=1, most=1)
def keys(interpreter, values):
    if isinstance(values[0], List):
        return TypedList("integers", range(len(values[0].items)))
    if not isinstance(values[0], Dictionary):
        raise Undetermined("keys@ of something else")
    return TypedList(KEYS_TYPE[values[0].keys], [key for key, _ in values[0].items()])


@function("values@", least=1, most=1)
def values_at(interpreter, values):
    if not isinstance(values[0], Dictionary):
        raise Undetermined("values@ of something else")
    return List([value for _, value in values[0].items()])


def pop_key(dictionary, values):
    if len(values) < 2:
        raise Undetermined("pop of a dictionary without a key")
    key = key_of(dictionary, values[1])
    if key not in dictionary.pairs:
        return NIL
    del dictionary.pairs[key]
    return dictionary


SETS.pop_key = staticmethod(pop_key)


def key_in_set(kind, value):
    """An element in the type of the set."""
    if kind == "s":
        return to_text(value)
    if kind == "o":
        return value
    if not is_number(value):
        raise Undetermined("an element of a set that is no number")
    return int(value) if kind == "i" else float(value)


def add(made, value):
    value = key_in_set(made.keys, value)
    made.elements.setdefault(to_text(value) if made.keys == "o" else value, value)
    return made


def remove(made, values):
    value = key_in_set(made.keys, values[1])
    key = to_text(value) if made.keys == "o" else value
    if key not in made.elements:
        return NIL
    del made.elements[key]
    return made


SETS.add, SETS.remove = staticmethod(add), staticmethod(remove)


def _set(name, kind):
    @function(name)
    def run(interpreter, values):
        made = SetValue(kind)
        for value in values:
            if kind != "o" and isinstance(value, (List, SetValue)):
                for one in value.items if isinstance(value, List) else value.items():
                    add(made, one)
            else:
                add(made, value)
        return made


for _name, _kind in (("set", "o"), ("sets", "s"), ("seti", "i"), ("setn", "n")):
    _set(_name, _kind)
