"""What the families of functions share: checked arguments, elements, paths, the parts of strings."""
