"""Queens on a chess board: how many ways to place n of them, by backtracking."""


def safe(queens, column):
    for distance, queen in enumerate(queens, 1):
        if queen == column or queen == column + distance or queen == column - distance:
            return False
    return True


def place(queens, row, n):
    if row == n:
        return 1
    solutions = 0
    for column in range(n):
        if safe(queens, column):
            solutions += place([column, *queens], row + 1, n)
    return solutions


def run(n):
    return place([], 0, n)
