"""The stage `emit`: the tree as Python's ast with LispE places, operands in the order in which they stand."""
