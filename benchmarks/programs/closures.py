"""Closures that keep a state: counters, averages, a generator by hand, composed functions."""


def counter(step):
    n = 0

    def count():
        nonlocal n
        n += step
        return n

    return count


def averager():
    total = 0.0
    seen = 0

    def mean(x):
        nonlocal total, seen
        total += x
        seen += 1
        return total / seen

    return mean


def fibonacci():
    a, b = 0, 1

    def following():
        nonlocal a, b
        a, b = b, (a + b) % 1000007
        return a

    return following


def compose(f, g):
    return lambda x: f(g(x))


def run(n):
    count_by_3 = counter(3)
    following = fibonacci()
    mean = averager()
    both = compose(lambda x: x + 1, lambda x: x * 2)
    total = 0.0
    for _ in range(n):
        total = total + mean(both(following())) + count_by_3()
    return total
