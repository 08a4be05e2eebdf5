"""Prime factors, remembered in a dictionary."""

known = {}


def smallest(n):
    if n % 2 == 0:
        return 2
    d = 3
    while d * d <= n:
        if n % d == 0:
            return d
        d += 2
    return n


def factors(n):
    if n in known:
        return known[n]
    p = smallest(n)
    result = [p] if p == n else [p, *factors(n // p)]
    known[n] = result
    return result


def run(n):
    known.clear()
    total = 0
    for i in range(2, n):
        for p in factors(i):
            total += p
    return total
