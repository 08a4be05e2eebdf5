"""Matrices as lists of lists, multiplied by hand."""


def build(n, start):
    return [[(start + i * n + j) % 7 for j in range(n)] for i in range(n)]


def flipped(m):
    return [list(column) for column in zip(*m, strict=True)]


def dot(a, b):
    total = 0
    for k in range(len(a)):
        total += a[k] * b[k]
    return total


def multiply(a, b):
    columns = flipped(b)
    return [[dot(row, column) for column in columns] for row in a]


def run(n):
    result = multiply(build(n, 1), build(n, 3))
    return sum((i + 1) * result[i][i] for i in range(n))
