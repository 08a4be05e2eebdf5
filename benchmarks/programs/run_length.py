"""Run-length coding of a text, and back."""


def sample(n):
    return "".join(chr(97 + i * 7 % 26) * (1 + i * i % 9) for i in range(n))


def encode(text):
    result = ""
    previous = text[0]
    length = 0
    for letter in text:
        if letter == previous:
            length += 1
        else:
            result += previous + str(length)
            previous = letter
            length = 1
    return result + previous + str(length)


def decode(text):
    result = ""
    letter = ""
    digits = ""
    for character in text:
        if character.isdigit():
            digits += character
        else:
            if letter != "":
                result += letter * int(digits)
            letter = character
            digits = ""
    return result + letter * int(digits)


def run(n):
    text = sample(n)
    packed = encode(text)
    return packed if decode(packed) == text else "wrong"
