"""Binary trees, grown and counted by recursion."""


def grow(depth):
    if depth == 0:
        return [None, None]
    return [grow(depth - 1), grow(depth - 1)]


def nodes(tree):
    left, right = tree
    if left is None:
        return 1
    return 1 + nodes(left) + nodes(right)


def run(n):
    total = nodes(grow(n + 1))
    for depth in range(4, n + 1, 2):
        for _ in range(1 << (n - depth)):
            total += nodes(grow(depth))
    return total
