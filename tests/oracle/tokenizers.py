"""Rule tokenizers (library 1.3): the rules of a handle tried in order at each place; enumerations.

A rule is read as an expression of `rgx`, whose signs mean the same but for brackets; what else differs is
not played, nor are the rules that a new handle has.
"""

import re
from dataclasses import dataclass, field
from itertools import product

from tests.oracle.errors import OracleError, Undetermined
from tests.oracle.lists import a_list
from tests.oracle.regexes import Matcher, sequence
from tests.oracle.registry import function
from tests.oracle.values import TRUE, List, TypedList, is_true

SHARED = set("acCdsp")


@dataclass(eq=False)
class Rules:
    """A handle: its rules as texts, None for those that it is made with."""

    rules: list | None = field(default=None)


@function("tokenizer", "tokenizer_rules", most=0)
def tokenizer(interpreter, values):
    return Rules()


def of_handle(value) -> Rules:
    if not isinstance(value, Rules):
        raise OracleError("type", "Error: a tokenizer expected")
    return value


@function("set_tokenizer_rules", least=2, most=2)
def set_rules(interpreter, values):
    handle, rules = of_handle(values[0]), list(a_list(values[1], "set_tokenizer_rules").items)
    if not all(isinstance(rule, str) for rule in rules):
        raise Undetermined("rules that are no texts")
    for rule in rules:
        read_rule(rule)
    handle.rules = rules
    return TRUE


@function("get_tokenizer_rules", least=1, most=1)
def get_rules(interpreter, values):
    handle = of_handle(values[0])
    if handle.rules is None:
        raise Undetermined("the rules that a tokenizer is made with")
    return TypedList("strings", handle.rules)


def read_rule(rule: str):
    """The parts of a rule and its action."""
    body, equals, action = rule.rpartition("=")
    if not equals or not body or not action.isdigit() or set(body) & set("#\\^$-"):
        raise Undetermined("an unusual rule")
    if re.search(r"\[\W|\[\w+\W\w*\]", body):
        raise Undetermined("signs in brackets")
    # Brackets hold characters, braces signs with blanks between; both are the disjunction of `rgx`.
    body = re.sub(r"\[(\w+)\]", r"{\1}", body)
    body = re.sub(r"\{[^}]*\}", lambda found: found[0].replace(" ", ""), body)
    marks = {body[at + 1 : at + 2] for at, sign in enumerate(body) if sign == "%"}
    if any(mark.isalnum() and mark not in SHARED for mark in marks):
        raise Undetermined("a sign of rules alone")
    return sequence(body, 0, "")[0], int(action)


def token_at(rules, text, at):
    """The end of the first rule that matches at a place, and its action."""
    for parts, action in rules:
        ends = set()
        for greedy, turned in product((True, False), repeat=2):
            ends.add(next(Matcher(text, greedy, turned).ends(parts, at), None))
        if len(ends) > 1:
            raise Undetermined("the path that a rule takes")
        end = ends.pop()
        if end is not None:
            if end == at:
                raise Undetermined("a rule that matches nothing")
            return end, action
    raise Undetermined("a character for which there is no rule")


@function("tokenize", "tokenize_rules", least=1, most=3)
def tokenize(interpreter, values):
    if len(values) == 1:
        raise Undetermined("tokens by the rules of segment")
    handle, text = of_handle(values[0]), values[1]
    if handle.rules is None or not isinstance(text, str):
        raise Undetermined("tokens by other rules, or of what is no text")
    rules = [read_rule(rule) for rule in handle.rules]
    tokens, actions, at = [], [], 0
    while at < len(text):
        end, action = token_at(rules, text, at)
        tokens.append(text[at:end])
        actions.append(action)
        at = end
    if len(values) > 2 and is_true(values[2]):
        return List([TypedList("strings", tokens), List(actions)])
    return TypedList("strings", tokens)


@function("enum", least=1, most=2)
def enum(interpreter, values):
    first = values[1] if len(values) > 1 else 0
    if type(first) is not int:
        raise Undetermined("an enumeration from here")
    return List([List([first + at, one]) for at, one in enumerate(a_list(values[0], "enum").items)])
