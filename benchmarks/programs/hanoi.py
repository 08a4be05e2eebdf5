"""The towers of Hanoi: disks moved between three lists."""


def move(disks, source, target, spare, pegs):
    if disks == 0:
        return 0
    moves = move(disks - 1, source, spare, target, pegs)
    pegs[target].append(pegs[source].pop())
    return moves + 1 + move(disks - 1, spare, target, source, pegs)


def run(n):
    pegs = [list(range(n, 0, -1)), [], []]
    moves = move(n, 0, 2, 1, pegs)
    return moves * 100 + len(pegs[2]) + pegs[2][0]
