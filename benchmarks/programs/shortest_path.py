"""The cheapest path across a map: Dijkstra's algorithm with a heap."""

from heapq import heappop, heappush


def costs(n):
    seed = 5
    grid = []
    for _ in range(n):
        row = []
        for _ in range(n):
            seed = (seed * 1103515245 + 12345) % 2147483648
            row.append(1 + (seed >> 8) % 9)
        grid.append(row)
    return grid


def run(n):
    grid = costs(n)
    target = n * n - 1
    best = {0: 0}
    waiting = [(0, 0, 0)]
    while True:
        cost, x, y = heappop(waiting)
        place = y * n + x
        if place == target:
            return cost
        if cost == best[place]:
            for dx, dy in ((1, 0), (0, 1), (-1, 0), (0, -1)):
                nx, ny = x + dx, y + dy
                if 0 <= nx < n and 0 <= ny < n:
                    price = cost + grid[ny][nx]
                    after = ny * n + nx
                    known = best.get(after)
                    if known is None or price < known:
                        best[after] = price
                        heappush(waiting, (price, nx, ny))
