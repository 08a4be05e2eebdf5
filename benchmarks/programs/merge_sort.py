"""Merge sort, written by hand."""


def data(n):
    seed = 3
    values = []
    for _ in range(n):
        seed = (seed * 1103515245 + 12345) % 2147483648
        values.append(seed >> 8)
    return values


def merge(a, b):
    result = []
    i = j = 0
    while i < len(a) and j < len(b):
        if a[i] <= b[j]:
            result.append(a[i])
            i += 1
        else:
            result.append(b[j])
            j += 1
    result.extend(a[i:])
    result.extend(b[j:])
    return result


def merge_sort(values):
    if len(values) < 2:
        return values
    half = len(values) // 2
    return merge(merge_sort(values[:half]), merge_sort(values[half:]))


def run(n):
    mixed = 0
    for value in merge_sort(data(n)):
        mixed = (mixed * 31 + value) % 1000003
    return mixed
