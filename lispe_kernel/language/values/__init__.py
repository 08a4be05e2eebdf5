"""The values of LispE: atoms, lists, typed lists, dictionaries, sets, heaps, records.

Each file holds one kind of value with the operators LispE gives it. Nothing here prints, reads or
evaluates; the printer and the library do that.
"""
