"""Strings: splitting, searching, building, replacing."""


def run(n):
    words = "the quick brown fox jumps over the lazy dog".split(" ")
    line = ""
    total = 0
    for i in range(n):
        word = words[i % 9]
        if "o" in word:
            line = line + word.upper() + " "
        else:
            line = line + word + str(i)
        if len(line) > 200:
            total += len(line.replace("O", "zero"))
            line = ""
    return total
