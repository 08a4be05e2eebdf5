"""Functions on texts: parts, characters, formats, regular expressions, tokens, JSON."""
