"""What every output is made of: parts of HTML, the style, numbers for people, the registry, the way out."""
