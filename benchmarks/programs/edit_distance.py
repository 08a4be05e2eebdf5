"""The Levenshtein distance of words, row by row."""


def distance(a, b):
    previous = list(range(len(b) + 1))
    for row, x in enumerate(a, 1):
        current = [row]
        for column, y in enumerate(b):
            cost = 0 if x == y else 1
            current.append(min(current[column] + 1, previous[column + 1] + 1, previous[column] + cost))
        previous = current
    return previous[-1]


def run(n):
    words = ["kitten", "sitting", "saturday", "sunday", "intention", "execution", "levenshtein"]
    total = 0
    for i in range(n):
        for word in words:
            total += distance(word, words[i % 7])
    return total
