"""The Mandelbrot set: how many points of a square belong to it."""


def inside(cr, ci):
    zr = zi = 0.0
    for _ in range(50):
        r2 = zr * zr
        i2 = zi * zi
        if r2 + i2 > 4.0:
            return False
        zi = 2.0 * zr * zi + ci
        zr = r2 - i2 + cr
    return True


def run(n):
    found = 0
    for y in range(n):
        ci = 2.0 * y / n - 1.0
        for x in range(n):
            if inside(2.0 * x / n - 1.5, ci):
                found += 1
    return found
