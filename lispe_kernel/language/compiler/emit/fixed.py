"""Helpers of compiled code that are the same in every session: classes, sets of classes, functions of Python.

The code object holds them itself: a constant is read at half the cost of a name of the builtins.
"""

from __future__ import annotations

import math
from array import array
from types import FunctionType
from typing import Any

from lispe_kernel.language.errors import Caught
from lispe_kernel.language.values.atoms import TRUE, Atom
from lispe_kernel.language.values.bytestrings import ByteString
from lispe_kernel.language.values.dictionaries import (
    Dictionary,
    IntegerDictionary,
    IntegerTree,
    NumberDictionary,
    NumberTree,
    TextTree,
)
from lispe_kernel.language.values.heaps import Heap
from lispe_kernel.language.values.instances import Instance
from lispe_kernel.language.values.linked import LinkedList
from lispe_kernel.language.values.lists import List, Strings
from lispe_kernel.language.values.sets import IntegerSet, NumberSet, Set, StringSet
from lispe_kernel.language.values.typed.lists import CLASSES, Floats, Integers, Numbers, Shorts
from lispe_kernel.language.values.typed.views import TYPED_VIEWS
from lispe_kernel.language.values.views import View, rest_of

# Classes whose truth in Python is their truth in LispE.
PLAIN = frozenset(
    {
        type(None),
        bool,
        int,
        float,
        complex,
        str,
        Atom,
        List,
        Strings,
        Dictionary,
        IntegerDictionary,
        NumberDictionary,
        TextTree,
        IntegerTree,
        NumberTree,
        Integers,
        Numbers,
        Floats,
        Shorts,
        LinkedList,
        View,
        *TYPED_VIEWS,
        Set,
        StringSet,
        IntegerSet,
        NumberSet,
        Heap,
        Caught,
    }
)

# Classes whose subscript in Python is their `@` in LispE.
SUBSCRIPTED = frozenset(
    {List, Strings, Dictionary, IntegerDictionary, NumberDictionary, str, Integers, Numbers, Floats, Shorts}
)

FIXED: dict[str, Any] = {
    " no lists": frozenset({type(None), int, float, str, Atom, Dictionary}),
    " no numbers": frozenset({type(None), str, Atom, List, Dictionary}),
    " no atoms": frozenset({int, float, str, Dictionary}),
    " repeated": frozenset({str, ByteString}),
    " keys": frozenset({int, str}),
    " scalar": frozenset({int, float, str}),
    " true": TRUE,
    " plain": PLAIN,
    " type": type,
    " isinstance": isinstance,
    " function": FunctionType,
    " Instance": Instance,
    " str": str,
    " int": int,
    " bool": bool,
    " float": float,
    " fabs": math.fabs,
    " abs": abs,
    " gcd": math.gcd,
    " atan": math.atan,
    " tan": math.tan,
    " log2": math.log2,
    " log10": math.log10,
    " ord": ord,
    " array": array.__new__,
    " Strings": Strings,
    " rest": rest_of,
    " with rest": frozenset({List, View}),
    " sqrt": math.sqrt,
    " exp": math.exp,
    " log": math.log,
    " sin": math.sin,
    " cos": math.cos,
    " chr": chr,
    " range": range,
    " List": List,
    " list": List,
    " Dictionary": Dictionary,
    " Atom": Atom,
    " len": len,
    " map": map,
    " texts": frozenset({str}).issuperset,
    " subscripted": SUBSCRIPTED,
    " by integer": frozenset({List, IntegerDictionary, *CLASSES}),
    " gone through": frozenset({List, Strings, str}),
    " growing": frozenset({List, *CLASSES}),
    " of integers": frozenset({IntegerSet, Set}),
    " of texts": frozenset({StringSet, Set}),
    " IntegerSet": IntegerSet,
    " StringSet": StringSet,
    " sized": frozenset({List, Strings, Dictionary, IntegerDictionary, str, *CLASSES}),
    " Integers": Integers,
    " IntegerDictionary": IntegerDictionary,
    " NumberDictionary": NumberDictionary,
}
