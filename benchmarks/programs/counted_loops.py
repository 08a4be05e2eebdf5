"""A counted loop with a branch."""


def run(n):
    total = 0
    for i in range(n):
        if i % 3 == 0:
            total = total + i
        else:
            total = total - 1
    return total
