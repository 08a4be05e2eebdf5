"""The ten most frequent words of a text."""

from collections import Counter

PHRASES = [
    "It was the best of times, it was the worst of times;",
    "it was the age of wisdom -- it was the age of foolishness:",
    "the Winter of despair, the Spring of hope!",
]


def corpus(n):
    return "\n".join(f"{PHRASES[i % 3]} Chapter {i % 17}." for i in range(n))


def cleaned(text):
    text = text.lower()
    for stop in (",", ";", ":", ".", "!", "--"):
        text = text.replace(stop, " ")
    return text


def run(n):
    counts = Counter(cleaned(corpus(n)).split())
    top = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:10]
    return " ".join(f"{word}={count}" for word, count in top)
