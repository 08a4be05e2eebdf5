"""The sieve of Eratosthenes on a list of ones: primes and twin primes."""


def primes(n):
    flags = [1] * n
    flags[0] = 0
    flags[1] = 0
    i = 2
    while i * i < n:
        if flags[i] == 1:
            for j in range(i * i, n, i):
                flags[j] = 0
        i += 1
    return flags


def run(n):
    flags = primes(n)
    twins = 0
    for i in range(2, n):
        if flags[i] == 1 and flags[i - 2] == 1:
            twins += 1
    return 100000 * twins + sum(flags)
