"""Numbers as the ranking's pages write them."""

from django import template

register = template.Library()


@register.filter
def percent(share: float) -> str:
    """A share between 0 and 1 as a whole percentage, without its sign; halves go up."""
    return str(int(share * 100 + 0.5))
