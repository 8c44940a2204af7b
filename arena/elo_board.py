"""The live Elo that volunteers see where the campaign shows it: a sign of where the votes go."""

from dataclasses import dataclass

from arena.models import Campaign, EloRating

#: A model with fewer votes is not on it.
MIN_BATTLES = 10


@dataclass(frozen=True, slots=True)
class EloLine:
    """A model; `place` is shared by equal ratings, which are whole numbers."""

    place: int
    model: str
    rating: int
    battles: int


def live_elo(campaign: Campaign) -> list[EloLine] | None:
    """The board, best first, as collection has last put it up (`arena.actions.collection`). One query.

    None where the campaign does not show one. Empty until models have votes enough.
    """
    if not campaign.show_live_elo:
        return None
    rows = EloRating.objects.filter(competitor__campaign=campaign, shown_battles__gte=MIN_BATTLES)
    columns = rows.values_list("shown_rating", "competitor__name", "shown_battles")
    lines: list[EloLine] = []
    for position, (minus, name, battles) in enumerate(sorted((-round(r), name, n) for r, name, n in columns), start=1):
        place = lines[-1].place if lines and lines[-1].rating == -minus else position
        lines.append(EloLine(place, name, -minus, battles))
    return lines
