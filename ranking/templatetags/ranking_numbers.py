"""Numbers as the ranking's pages write them."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from ranking.pages.heat import HeatCell, HeatMap, HeatRow

register = template.Library()


@register.filter
def percent(share: float) -> str:
    """A share between 0 and 1 as a whole percentage, without its sign; halves go up."""
    return str(int(share * 100 + 0.5))


@register.filter
def chance(probability: float) -> str:
    """A probability as a percentage without its sign: never 0 or 100 where it is neither."""
    percent = probability * 100
    if 0 < percent < 1:
        return "<1"
    if 99 < percent < 100:
        return ">99"
    return str(int(percent + 0.5))


@register.filter
def signed(points: float) -> str:
    """A change in whole points, with its sign; the minus is the sign and no hyphen."""
    whole = round(points)
    return f"+{whole}" if whole > 0 else f"−{-whole}" if whole < 0 else "0"


@register.simple_tag
def heat_cells(row: HeatRow, heat_map: HeatMap) -> SafeString:
    """The cells of a row. In Python, since there are hundreds to a page, and a template takes a millisecond for ten."""
    itself, nothing = (
        format_html('<span class="visually-hidden">{}</span>', word) for word in (_("itself"), heat_map.nothing)
    )

    def content(cell: HeatCell) -> str:
        if cell.value is None:
            return itself if cell.itself else nothing
        below = "" if cell.below is None else f'<span class="heat-votes">{cell.below:d}</span>'
        return f"{cell.value:d}{below}"

    # Numbers and names of classes only: there is nothing to escape.
    return mark_safe("".join(f'<td class="{cell.shade}">{content(cell)}</td>' for cell in row.cells))
