"""Symbolic differentiation: expressions derived, simplified and evaluated."""

from dataclasses import dataclass


@dataclass
class Constant:
    value: int


@dataclass
class Variable:
    name: str


@dataclass
class Add:
    a: object
    b: object


@dataclass
class Multiply:
    a: object
    b: object


def derive(e):
    match e:
        case Constant(_):
            return Constant(0)
        case Variable(_):
            return Constant(1)
        case Add(a, b):
            return Add(derive(a), derive(b))
        case Multiply(a, b):
            return Add(Multiply(derive(a), b), Multiply(a, derive(b)))


def simplify(e):
    match e:
        case Add(a, b):
            return sum_of(simplify(a), simplify(b))
        case Multiply(a, b):
            return product_of(simplify(a), simplify(b))
        case _:
            return e


def sum_of(a, b):
    match a, b:
        case Constant(x), Constant(y):
            return Constant(x + y)
        case Constant(0), e:
            return e
        case e, Constant(0):
            return e
        case _:
            return Add(a, b)


def product_of(a, b):
    match a, b:
        case Constant(x), Constant(y):
            return Constant(x * y)
        case Constant(0), _:
            return Constant(0)
        case Constant(1), e:
            return e
        case _, Constant(0):
            return Constant(0)
        case e, Constant(1):
            return e
        case _:
            return Multiply(a, b)


def value(e, x):
    match e:
        case Constant(c):
            return c
        case Variable(_):
            return x
        case Add(a, b):
            return value(a, x) + value(b, x)
        case Multiply(a, b):
            return value(a, x) * value(b, x)


def polynomial(degree):
    e = Constant(1)
    for i in range(degree):
        e = Add(Multiply(e, Variable("x")), Constant(i + 1))
    return e


def run(n):
    total = 0
    f = polynomial(6)
    for i in range(n):
        g = simplify(derive(f))
        total += value(g, i % 5) + value(simplify(derive(g)), 2)
    return total
