"""Copying competitors."""

from django.contrib.admin.models import ADDITION, LogEntry
from django.db import transaction
from django.utils.translation import gettext as _

from arena.models import Campaign, Competitor, User


@transaction.atomic
def copy_competitor(*, competitor_id: int, by: User) -> Competitor:
    """Another competitor like this one, under a name of its own, not to be drawn until an admin has looked at it.

    Locks the campaign, so that two copies at once get two names.
    """
    original = Competitor.objects.get(pk=competitor_id)
    Campaign.objects.select_for_update(of=("self",)).get(pk=original.campaign_id)
    copy = Competitor.objects.get(pk=competitor_id)
    copy.pk = None
    copy._state.adding = True
    copy.name = _free_name(original)
    copy.is_active = False
    copy.save()
    LogEntry.objects.log_actions(
        user_id=by.pk,
        queryset=[copy],
        action_flag=ADDITION,
        change_message=_("Copied from %(name)s.") % {"name": original.name},
        single_object=True,
    )
    return copy


def _free_name(original: Competitor) -> str:
    taken = set(Competitor.objects.filter(campaign=original.campaign_id).values_list("name", flat=True))
    longest = Competitor._meta.get_field("name").max_length or 0
    number = 2
    while True:
        ending = f" ({number})"
        name = original.name[: longest - len(ending)] + ending
        if name not in taken:
            return name
        number += 1
