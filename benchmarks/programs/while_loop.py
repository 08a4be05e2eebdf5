"""While loops: the longest Collatz sequence."""


def steps(n):
    count = 0
    while n != 1:
        if n % 2 == 0:
            n = n >> 1
        else:
            n = 3 * n + 1
        count += 1
    return count


def run(n):
    longest = 0
    for i in range(1, n):
        longest = max(longest, steps(i))
    return longest
