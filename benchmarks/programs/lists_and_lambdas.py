"""Lists built, mapped, filtered and walked."""


def run(n):
    squares = [x * x for x in range(1, n + 1)]
    even = [x for x in squares if x % 2 == 0]
    nested = []
    for x in even:
        nested.append([x, x + 1])
    total = 0
    for pair in nested:
        total = total + (pair[1] - pair[0])
    return total
