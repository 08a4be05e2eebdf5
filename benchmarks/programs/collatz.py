"""Collatz sequences by cases with guards: defpat in LispE, match in Python."""


def steps(n):
    match n:
        case 1:
            return 0
        case n if n % 2 == 0:
            return 1 + steps(n >> 1)
        case n:
            return 1 + steps(3 * n + 1)


def run(n):
    total = 0
    for i in range(1, n):
        total += steps(i)
    return total
