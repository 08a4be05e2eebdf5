"""Fannkuch: the most flips of a prefix that any order of n cards needs."""


def flips(order):
    cards = list(order)
    turns = 0
    while top := cards[0]:
        cards[: top + 1] = cards[top::-1]
        turns += 1
    return turns


def run(n):
    order = list(range(n))
    left = [0] * n
    most = 0
    r = n
    while True:
        while r != 1:
            left[r - 1] = r
            r -= 1
        most = max(most, flips(order))
        while True:
            if r == n:
                return most
            order.insert(r, order.pop(0))
            left[r] -= 1
            if left[r] > 0:
                break
            r += 1
