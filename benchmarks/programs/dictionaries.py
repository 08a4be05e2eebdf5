"""Counting with a dictionary."""


def run(n):
    counts = {}
    for i in range(n):
        key = str((i * 7919) % 1009)
        if counts.get(key):
            counts[key] += 1
        else:
            counts[key] = 1
    most = 0
    for key in counts:
        most = max(most, counts[key])
    return most
