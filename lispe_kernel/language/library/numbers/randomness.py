"""Random numbers: integers, choices, and a seed that makes them come again.

Every session has generators of its own, which start from the system's entropy. `random_seed`, which the
original lacks, makes a session's draws repeatable.
"""

from __future__ import annotations

from typing import Any

from lispe_kernel.language.functions import function
from lispe_kernel.language.library.shared.arguments import integer_argument
from lispe_kernel.language.printer import wrong_argument
from lispe_kernel.language.runtime import current
from lispe_kernel.language.values.atoms import TRUE, Atom
from lispe_kernel.language.values.lists import List
from lispe_kernel.language.values.matrices import Matrix
from lispe_kernel.language.values.numpy_lazy import np
from lispe_kernel.language.values.typed.lists import TypedList

_MOST_DRAWS = 1 << 28


class Dice:
    """A session's generators: Python's for integers and choices, numpy's for the distributions."""

    def __init__(self, seed: int | None = None) -> None:
        from random import Random  # noqa: PLC0415 - start-up time: a session may never draw

        self.python = Random(seed)
        self._seed = seed
        self._laws: Any = None
        # How often somebody got hold of them: between, nobody draws.
        self.asked = 0

    @property
    def laws(self) -> Any:
        if self._laws is None:
            self._laws = np.random.default_rng(self._seed)
        return self._laws

    def state(self) -> tuple[Any, dict[str, Any]]:
        """Where both generators stand, as Python's and numpy's own plain values."""
        return self.python.getstate(), self.laws.bit_generator.state

    @classmethod
    def of_state(cls, python: Any, laws: Any) -> Dice:
        """Generators that draw what those of the state would have drawn.

        Errors: ValueError, TypeError or KeyError for values that are no state.
        """
        made = cls()
        made.python.setstate(python)
        made.laws.bit_generator.state = laws
        return made


# Where a session keeps its generators.
_DICE = "random numbers"


def dice() -> Dice:
    """The generators of the session that evaluates."""
    states = current().library_states
    found: Dice | None = states.get(_DICE)
    if found is None:
        found = states[_DICE] = Dice()
    found.asked += 1
    return found


def last_draw() -> Any:
    """What compares equal until somebody asks for the generators of the session that evaluates."""
    found: Dice | None = current().library_states.get(_DICE)
    return None if found is None else (found, found.asked)


def replace_dice(dice: Dice) -> None:
    """Let the session that evaluates draw from other generators."""
    current().library_states[_DICE] = dice


@function("random_seed")
def random_seed(n: Any) -> Atom:
    """Start the session's random numbers again from an integer: the same seed gives the same draws.

    They are those of `random`, `shuffle`, the distributions and their kin. Tensors, modules, dropout and
    generation draw from PyTorch's: `torch_manual_seed`.

    Example: (block (random_seed 7) (setq a (random 1000)) (random_seed 7) (= a (random 1000))) => true
    """
    replace_dice(Dice(abs(integer_argument("random_seed", 1, n))))
    return TRUE


@function("random", returns="number")
def random(n: Any) -> int:
    """A random integer from 0 to n - 1; 0 counts as 1.

    Example: (random 1) => 0
    Errors: for a negative integer.
    """
    limit = n if type(n) is int else integer_argument("random", 1, n)
    if limit < 0:
        raise wrong_argument("random", 1, "an integer of 0 or more", n)
    return dice().python.randrange(max(1, limit))


def draws(name: str, nb: Any) -> int:
    """How many values are asked for."""
    count = integer_argument(name, 1, nb)
    if not 0 <= count <= _MOST_DRAWS:
        raise wrong_argument(name, 1, f"a count from 0 to {_MOST_DRAWS}", nb)
    return count


@function("random_choice")
def random_choice(nb: Any, liste: Any, initial: Any) -> Any:
    """Elements of a list drawn with replacement: one element for 1, else a list of the list's type.

    initial / size of the list must be at least 1.

    Example: (random_choice 3 '(a) 1) => (a a a)
    Errors: for an empty list, and for an `initial` below the size.
    """
    count = draws("random_choice", nb)
    if not isinstance(liste, (list, TypedList)) or not len(liste):
        raise wrong_argument("random_choice", 2, "a list that is not empty", liste)
    if integer_argument("random_choice", 3, initial) < len(liste):
        raise wrong_argument("random_choice", 3, f"at least the size of the list, {len(liste)}", initial)
    python = dice().python
    if count == 1:
        return liste[python.randrange(len(liste))]
    places = [python.randrange(len(liste)) for _ in range(count)]
    if isinstance(liste, TypedList):
        return type(liste).of_array(liste.array[places])
    kind = type(liste) if isinstance(liste, List) else List
    return kind(liste[place] for place in places)


@function("shuffle")
def shuffle(liste: Any) -> Any:
    """Put the elements of a list into a random order, in place; gives the list.

    Example: (sum (shuffle (list 1 2 3))) => 6
    """
    if isinstance(liste, TypedList):
        order = list(range(len(liste)))
        dice().python.shuffle(order)
        liste.array[:] = liste.array[order]
    elif isinstance(liste, (list, Matrix)):
        dice().python.shuffle(liste.items() if isinstance(liste, Matrix) else liste)
    else:
        raise wrong_argument("shuffle", 1, "a list", liste)
    return liste


@function("uuid", returns="text")
def uuid() -> str:
    """A random identifier: groups of 8, 4, 4, 4 and 8 hexadecimal digits.

    Example: (size (uuid)) => 32
    """
    digits = f"{dice().python.getrandbits(128):032x}"
    return f"{digits[:8]}-4{digits[9:12]}-1{digits[13:16]}-{digits[16:20]}-{digits[20:28]}"
