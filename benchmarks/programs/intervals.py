"""Intervals, sorted by their start and merged where they touch."""


def intervals(n):
    seed = 11
    result = []
    for _ in range(n):
        seed = (seed * 1103515245 + 12345) % 2147483648
        start = (seed >> 4) % (n * 10)
        result.append([start, start + seed % 13])
    return result


def merged(ranges):
    ranges.sort(key=lambda pair: pair[0])
    result = [ranges[0]]
    for start, end in ranges[1:]:
        top = result[-1]
        if start <= top[1] + 1:
            top[1] = max(top[1], end)
        else:
            result.append([start, end])
    return result


def run(n):
    ranges = merged(intervals(n))
    covered = sum(end - start + 1 for start, end in ranges)
    return 1000000 * len(ranges) + covered
