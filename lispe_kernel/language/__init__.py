"""LispE itself: reader, compiler, values, library, printer, errors.

This floor knows neither torch nor Jupyter. The path of a program through it is
`source -> reader -> forms -> compiler -> code object`; `lispe_kernel.session` runs the result.
"""
