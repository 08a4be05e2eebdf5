"""Conway's Game of Life on a torus of rows."""


def start(n):
    return [[1 if (x * x * 7 + y * 13 + x * y) % 10 < 4 else 0 for x in range(n)] for y in range(n)]


def neighbours(grid, x, y, n):
    total = 0
    for dy in (-1, 0, 1):
        row = grid[(y + dy) % n]
        for dx in (-1, 0, 1):
            if dx != 0 or dy != 0:
                total += row[(x + dx) % n]
    return total


def generation(grid):
    n = len(grid)
    result = []
    for y in range(n):
        row = []
        for x in range(n):
            around = neighbours(grid, x, y, n)
            if around == 3:
                row.append(1)
            elif around == 2:
                row.append(grid[y][x])
            else:
                row.append(0)
        result.append(row)
    return result


def run(n):
    grid = start(24)
    for _ in range(n):
        grid = generation(grid)
    return sum(sum(row) for row in grid)
