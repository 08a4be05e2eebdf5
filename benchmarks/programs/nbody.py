"""The n-body problem: five planets that pull each other, as objects."""

from itertools import combinations
from math import sqrt


class Body:
    def __init__(self, x, y, z, vx, vy, vz, mass):
        self.x = x
        self.y = y
        self.z = z
        self.vx = vx
        self.vy = vy
        self.vz = vz
        self.mass = mass

    def pull(self, dx, dy, dz, strength):
        self.vx -= dx * strength
        self.vy -= dy * strength
        self.vz -= dz * strength

    def move(self, dt):
        self.x += dt * self.vx
        self.y += dt * self.vy
        self.z += dt * self.vz

    def kinetic(self):
        return 0.5 * self.mass * (self.vx * self.vx + self.vy * self.vy + self.vz * self.vz)


def distance2(dx, dy, dz):
    return dx * dx + dy * dy + dz * dz


def attract(a, b, dt):
    dx = a.x - b.x
    dy = a.y - b.y
    dz = a.z - b.z
    squared = distance2(dx, dy, dz)
    strength = dt / (squared * sqrt(squared))
    a.pull(dx, dy, dz, b.mass * strength)
    b.pull(dx, dy, dz, a.mass * -strength)


def advance(planets, dt):
    for a, b in combinations(planets, 2):
        attract(a, b, dt)
    for planet in planets:
        planet.move(dt)


def energy(planets):
    total = sum(planet.kinetic() for planet in planets)
    for a, b in combinations(planets, 2):
        total -= a.mass * b.mass / sqrt(distance2(a.x - b.x, a.y - b.y, a.z - b.z))
    return total


def run(n):
    planets = [
        Body(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 39.47841760435743),
        Body(4.841431, -1.160320, -0.103622, 0.606326, 2.811987, -0.025218, 0.037693),
        Body(8.343367, 4.124799, -0.403523, -1.010774, 1.825662, 0.008415, 0.011286),
        Body(12.894369, -15.111151, -0.223307, 1.082791, 0.868713, -0.010832, 0.001723),
        Body(15.379697, -25.919314, 0.179258, 0.979090, 0.594698, -0.034755, 0.002033),
    ]
    for _ in range(n):
        advance(planets, 0.01)
    return energy(planets)
