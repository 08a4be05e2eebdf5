"""Branches, logic, sequences, errors and `eval` (core 5). Each form is one short function."""

from tests.oracle.definitions import as_form, as_value
from tests.oracle.errors import BreakSignal, OracleError, ReturnSignal, Undetermined
from tests.oracle.printer import to_text
from tests.oracle.registry import form
from tests.oracle.scope import EvalScope
from tests.oracle.values import NIL, TRUE, Atom, ErrorValue, List, answer, is_true

UNCATCHABLE = ("compile", "syntax")
RETURN = Atom("return")


@form("quote", least=1, most=1)
def quote(interpreter, arguments, scope, tail):
    return as_value(arguments[0])


@form("if", least=2, most=3)
def if_(interpreter, arguments, scope, tail):
    if is_true(interpreter.eval(arguments[0], scope)):
        return interpreter.eval(arguments[1], scope, tail)
    return interpreter.eval(arguments[2], scope, tail) if len(arguments) == 3 else NIL


@form("ife", least=3)
def ife(interpreter, arguments, scope, tail):
    if is_true(interpreter.eval(arguments[0], scope)):
        return interpreter.eval(arguments[1], scope, tail)
    return interpreter.body(arguments[2:], scope, tail)


@form("check", least=1)
def check(interpreter, arguments, scope, tail):
    if len(arguments) == 1:
        raise Undetermined("check without a body")
    return (
        interpreter.body(arguments[1:], scope, tail)
        if is_true(interpreter.eval(arguments[0], scope))
        else NIL
    )


@form("ncheck", least=2)
def ncheck(interpreter, arguments, scope, tail):
    if is_true(interpreter.eval(arguments[0], scope)):
        if len(arguments) == 2:
            raise Undetermined("ncheck without a body")
        return interpreter.body(arguments[2:], scope)
    return interpreter.eval(arguments[1], scope)


@form("cond", least=1)
def cond(interpreter, arguments, scope, tail):
    for clause in arguments:
        if not isinstance(clause, list) or len(clause) < 2:
            raise OracleError("cond", "Error: in a 'cond' the first element must be a list")
        if is_true(interpreter.eval(clause[0], scope)):
            return clause_body(interpreter, clause[1:], scope, tail)
    return NIL


def clause_body(interpreter, forms, scope, tail):
    """A `return` written directly in a clause before its last form is without effect (dialect)."""
    for one in forms[:-1]:
        if isinstance(one, list) and one and one[0] is RETURN:
            interpreter.body(one[1:], scope)
        elif isinstance(one, list) and one and one[0] is Atom("break"):
            raise Undetermined("break written directly in a clause before its last form")
        else:
            interpreter.eval(one, scope)
    return interpreter.eval(forms[-1], scope, tail)


@form("switch", least=2)
def switch(interpreter, arguments, scope, tail):
    text = to_text(interpreter.eval(arguments[0], scope))
    for clause in arguments[1:]:
        if not isinstance(clause, list) or len(clause) < 2:
            raise Undetermined("a case of switch without a body")
        key = clause[0]
        if not isinstance(key, (int, float, str)) and key is not TRUE:
            raise Undetermined("a key of switch that is no constant")
        if key is TRUE or to_text(key) == text:
            return clause_body(interpreter, clause[1:], scope, tail=False)
    raise OracleError("switch", f"Error: Unknown 'switch' key: '{text}'")


@form("select", least=1)
def select(interpreter, arguments, scope, tail):
    value = NIL
    for one in arguments:
        value = interpreter.eval(one, scope)
        if value is not NIL:
            return value
    return value


@form("and", least=2)
def and_(interpreter, arguments, scope, tail):
    return answer(all(is_true(interpreter.eval(one, scope)) for one in arguments))


@form("or", least=2)
def or_(interpreter, arguments, scope, tail):
    return answer(any(is_true(interpreter.eval(one, scope)) for one in arguments))


@form("andvalue", least=2)
def andvalue(interpreter, arguments, scope, tail):
    value = NIL
    for one in arguments:
        value = interpreter.eval(one, scope)
        if not is_true(value):
            return value
    return value


@form("block")
def block(interpreter, arguments, scope, tail):
    return interpreter.body(arguments, scope, tail)


@form("return", most=1)
def return_(interpreter, arguments, scope, tail):
    raise ReturnSignal(interpreter.eval(arguments[0], scope, tail) if arguments else NIL)


@form("break", most=0)
def break_(interpreter, arguments, scope, tail):
    raise BreakSignal


def protected(interpreter, forms, scope):
    """Run forms as `maybe` and `catch` do: the value, or the error that they may see."""
    return protected_call(lambda: interpreter.body(forms, scope))


def protected_call(run):
    """What a function gives, or the error that `maybe` may see."""
    try:
        return run(), None
    except OracleError as error:
        if error.kind in UNCATCHABLE:
            raise
        if error.partly:
            raise Undetermined("whether the operands after a wrong one are evaluated") from None
        if error.kind == "arity":
            raise Undetermined("whether a wrong count is found before the text runs") from None
        return None, error


@form("maybe", least=1)
def maybe(interpreter, arguments, scope, tail):
    if len(arguments) == 1:
        return answer(isinstance(interpreter.eval(arguments[0], scope), ErrorValue))
    value, error = protected(interpreter, arguments[:-1], scope)
    if error is None:
        return value
    handler = arguments[-1]
    if isinstance(handler, list) and handler and handler[0] is Atom("λ"):
        return interpreter.call(interpreter.eval(handler, scope), [error.text])
    return interpreter.eval(handler, scope)


@form("catch", least=1)
def catch(interpreter, arguments, scope, tail):
    value, error = protected(interpreter, arguments, scope)
    return value if error is None else ErrorValue(error.text)


@form("throw", least=1, most=1)
def throw(interpreter, arguments, scope, tail):
    raise OracleError("thrown", to_text(interpreter.eval(arguments[0], scope)))


@form("eval", least=1, most=1)
def eval_(interpreter, arguments, scope, tail):
    """A list is run as code, a text compiled and run; locals are seen, assignments are global (dialect)."""
    value = interpreter.eval(arguments[0], scope)
    inner = EvalScope(scope)
    try:
        if isinstance(value, str):
            return interpreter.run_text(value, inner)
        if isinstance(value, List) and value.kind == "list" and value.items:
            return interpreter.run_value(as_form(value), inner)
    except OracleError as error:
        if error.kind in UNCATCHABLE or error.kind == "arity":
            raise OracleError("eval", error.text) from None
        raise
    except (ReturnSignal, BreakSignal):
        raise Undetermined("return or break out of eval") from None
    if isinstance(value, List) and value.kind != "list":
        raise Undetermined("eval of a list that is not plain")
    return value


@form("apply", least=2, most=2)
def apply(interpreter, arguments, scope, tail):
    function = interpreter.eval(arguments[0], scope)
    values = interpreter.eval(arguments[1], scope)
    if not isinstance(values, List):
        if values is NIL:
            raise Undetermined("apply to nil")
        raise OracleError("apply", "Error: arguments to 'apply' should be given as a list")
    return interpreter.call(interpreter.as_function(function, scope), values.items)


@form("self")
def self_(interpreter, arguments, scope, tail):
    function = scope.current_function()
    if function is None:
        raise OracleError("call", "Unknown function call")
    return interpreter.call_value(function, arguments, scope, tail)
