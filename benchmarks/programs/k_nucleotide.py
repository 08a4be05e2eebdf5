"""K-nucleotide: the pieces of a sequence of DNA, counted and sorted by their number."""


def sequence(n):
    seed = 42
    letters = []
    for _ in range(n):
        seed = (seed * 3877 + 29573) % 139968
        letters.append("ggtattcacgat"[seed % 12])
    return "".join(letters)


def counted(dna, k):
    counts = {}
    for i in range(len(dna) - k + 1):
        piece = dna[i : i + k]
        counts[piece] = counts.get(piece, 0) + 1
    return counts


def frequencies(dna, k):
    pairs = sorted(counted(dna, k).items(), key=lambda pair: (-pair[1], pair[0]))
    return "\n".join(f"{piece} {count}" for piece, count in pairs)


def run(n):
    dna = sequence(n)
    text = frequencies(dna, 1) + "\n" + frequencies(dna, 2)
    for pattern in ("ggt", "ggta", "ggtatt", "ggtattttaatt"):
        found = counted(dna, len(pattern)).get(pattern, 0)
        text += f"\n{pattern} {found}"
    return text
