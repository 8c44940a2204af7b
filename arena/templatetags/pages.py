"""Small helps of the pages' templates."""

from django import template

register = template.Library()


@register.filter
def minus(value: int, other: int) -> int:
    """`value - other`: templates can add, and no more."""
    return value - other
