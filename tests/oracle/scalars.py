"""Numbers of 32 and 16 bits, complex numbers, byte strings (core 3.1 to 3.4; library 0.4, 2.3)."""

from tests.oracle.errors import OracleError, Undetermined
from tests.oracle.lists import a_list
from tests.oracle.places import float32, int16
from tests.oracle.printer import to_text
from tests.oracle.registry import function
from tests.oracle.strings import integer_of, number_of
from tests.oracle.values import Bytes, Complex, List, Short, Single, TypedList, is_number


@function("float", least=1, most=1)
def float_(interpreter, values):
    return Single(float32(number_of(values[0])))


@function("int16_t", least=1, most=1)
def short(interpreter, values):
    return Short(int16(integer_of(values[0])))


@function("complex", least=2, most=2)
def complex_(interpreter, values):
    if not all(map(is_number, values)):
        raise Undetermined("a complex number of something else than numbers")
    return Complex(complex(*map(float, values)))


@function("real", least=1, most=1)
def real(interpreter, values):
    return part(values[0]).real


@function("imaginary", least=1, most=1)
def imaginary(interpreter, values):
    return part(values[0]).imag


def part(value) -> complex:
    if not isinstance(value, Complex):
        raise Undetermined("the parts of what is no complex number")
    return value.value


@function("stringbyte", least=1, most=1)
def stringbyte(interpreter, values):
    return values[0] if isinstance(values[0], Bytes) else Bytes(to_text(values[0]))


@function("bytes", least=1, most=1)
def bytes_(interpreter, values):
    if not isinstance(values[0], str):
        raise Undetermined("the bytes of something else than a text")
    return TypedList("shorts", values[0].encode())


@function("chrbyte", least=1, most=1)
def chrbyte(interpreter, values):
    codes = a_list(values[0], "chrbyte").items if isinstance(values[0], List) else [values[0]]
    if not codes or not all(type(code) is int for code in codes):
        raise Undetermined("the bytes of something else than integers")
    if not all(0 <= code < 256 for code in codes):
        raise OracleError("value", "Error: chrbyte: a byte")
    try:
        return Bytes(bytes(codes).decode())
    except UnicodeDecodeError:
        raise Undetermined("bytes that are no text") from None
