"""Reverse-complement: a sequence of DNA from its end, every letter replaced by its partner."""

COMPLEMENT = {"A": "T", "C": "G", "G": "C", "T": "A", "N": "N"}


def sequence(n):
    seed = 42
    letters = []
    for _ in range(n):
        seed = (seed * 3877 + 29573) % 139968
        letters.append("ACGTN"[seed % 5])
    return "".join(letters)


def complemented(dna):
    return "".join(COMPLEMENT[letter] for letter in reversed(dna))


def lines(text, width):
    return "".join(text[i : i + width] + "\n" for i in range(0, len(text), width))


def run(n):
    return lines(complemented(sequence(n)), 60)
