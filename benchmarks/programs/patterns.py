"""Dispatch on the kind of a value: defpat in LispE, match in Python."""

from dataclasses import dataclass


@dataclass
class Circle:
    r: int


@dataclass
class Square:
    a: int


@dataclass
class Rectangle:
    a: int
    b: int


def area(shape):
    match shape:
        case Circle(r):
            return 3 * r * r
        case Square(a):
            return a * a
        case Rectangle(a, b):
            return a * b


def run(n):
    shapes = [Circle(2), Square(3), Rectangle(4, 5)]
    total = 0
    for i in range(n):
        total = total + area(shapes[i % 3])
    return total
