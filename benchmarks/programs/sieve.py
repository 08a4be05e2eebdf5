"""The sieve of Eratosthenes on a list."""


def run(n):
    flags = []
    for _ in range(n):
        flags.append(True)
    count = 0
    for i in range(2, n):
        if flags[i]:
            count += 1
            j = i * i
            while j < n:
                flags[j] = None
                j = j + i
    return count
