"""Strings: splitting, searching, building."""


def run(n):
    words = "the quick brown fox jumps over the lazy dog".split(" ")
    line = ""
    for i in range(n):
        word = words[i % 9]
        if "o" in word:
            line = line + word.upper() + " "
        else:
            line = line + word + str(i)
    return len(line)
