"""A loop written as self tail calls in LispE, as a loop in Python."""


def gcd_sum(n, acc):
    while n != 0:
        n, acc = n - 1, acc + n * 3
    return acc


def run(n):
    return gcd_sum(n, 0)
