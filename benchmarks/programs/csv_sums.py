"""A table in comma-separated lines, split and summed by its first column."""


def table(n):
    cities = ["Lyon", "Grenoble", "Paris", "Nantes", "Lille"]
    lines = ["city,article,pieces,price"]
    for i in range(n):
        lines.append(f"{cities[i * 7 % 5]},article {i},{i % 13},{i * 31 % 400 / 4}")
    return "\n".join(lines)


def run(n):
    totals = {}
    lines = table(n).split("\n")
    for line in lines[1:]:
        city, _article, pieces, price = line.split(",")
        amount = int(pieces) * float(price)
        totals[city] = totals.get(city, 0.0) + amount
    result = 0.0
    for city in sorted(totals):
        result = result * 0.5 + totals[city]
    return result
