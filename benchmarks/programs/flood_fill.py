"""Flood fill: the lakes of a map and the largest of them."""


def terrain(n):
    seed = 7
    grid = []
    for _ in range(n):
        row = []
        for _ in range(n):
            seed = (seed * 1103515245 + 12345) % 2147483648
            row.append("." if (seed >> 8) % 100 < 60 else "#")
        grid.append(row)
    return grid


def fill_from(grid, x, y):
    n = len(grid)
    area = 0
    waiting = [(x, y)]
    while waiting:
        x, y = waiting.pop()
        if 0 <= x < n and 0 <= y < n and grid[y][x] == ".":
            grid[y][x] = "~"
            area += 1
            waiting += [(x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)]
    return area


def run(n):
    grid = terrain(n)
    lakes = largest = 0
    for y in range(n):
        for x in range(n):
            if grid[y][x] == ".":
                lakes += 1
                largest = max(largest, fill_from(grid, x, y))
    return lakes * 100000 + largest
