"""The figures of a paper, from rankings: PDF, PNG and SVG, the same bytes from the same votes. No Django here.

Matplotlib is imported with this package, so whoever needs no figure does not import it.
"""
