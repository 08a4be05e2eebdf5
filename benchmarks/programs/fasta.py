"""Fasta: a random sequence of DNA after given frequencies, in lines of sixty letters."""

from itertools import accumulate

seed = 42


def chance():
    global seed
    seed = (seed * 3877 + 29573) % 139968
    return seed / 139968


def cumulated(frequencies):
    letters, shares = zip(*frequencies, strict=True)
    return list(zip(letters, accumulate(shares), strict=True))


def pick(table):
    p = chance()
    for letter, share in table:
        if p < share:
            return letter
    return table[-1][0]


def run(n):
    global seed
    seed = 42
    table = cumulated([("a", 0.30295), ("c", 0.19798), ("g", 0.19755), ("t", 0.30150)])
    sequence = "".join(pick(table) for _ in range(n))
    lines = [">THREE Homo sapiens frequency"]
    lines += [sequence[i : i + 60] for i in range(0, n, 60)]
    return "\n".join(lines)
