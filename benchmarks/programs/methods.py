"""Methods that read and write fields."""


class Counter:
    def __init__(self, value, step):
        self.value = value
        self.step = step

    def advance(self):
        self.value = self.value + self.step

    def reading(self):
        return self.value * 2


def run(n):
    counter = Counter(0, 3)
    total = 0
    for _ in range(n):
        counter.advance()
        total = total + counter.reading()
    return total
