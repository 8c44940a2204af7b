"""Opening, pausing and closing campaigns."""

from django.db import transaction
from django.utils.translation import gettext as _

from arena.actions.admin_history import record_admin_change
from arena.enums import CampaignStatus
from arena.exceptions import CampaignNotReady, CampaignTransition
from arena.models import Campaign, User

#: From each status, the statuses that may follow. A campaign that was closed may open again: closing one by mistake
#: must not end it.
TRANSITIONS: dict[str, frozenset[str]] = {
    CampaignStatus.DRAFT: frozenset({CampaignStatus.OPEN}),
    CampaignStatus.OPEN: frozenset({CampaignStatus.PAUSED, CampaignStatus.CLOSED}),
    CampaignStatus.PAUSED: frozenset({CampaignStatus.OPEN, CampaignStatus.CLOSED}),
    CampaignStatus.CLOSED: frozenset({CampaignStatus.OPEN}),
}


@transaction.atomic
def set_campaign_status(*, campaign_id: int, status: CampaignStatus, by: User) -> Campaign:
    """Opens, pauses or closes a campaign. Locks it.

    Raises CampaignTransition where that cannot follow, and CampaignNotReady where one without texts would open.
    """
    campaign = Campaign.objects.select_for_update(of=("self",)).get(pk=campaign_id)
    if status not in TRANSITIONS[campaign.status]:
        raise CampaignTransition(state=campaign.get_status_display().lower(), wanted=status.label.lower())
    if status == CampaignStatus.OPEN and not (campaign.texts.exists() and campaign.consent_texts.exists()):
        raise CampaignNotReady
    campaign.status = status
    campaign.save(update_fields=["status"])
    record_admin_change(by=by, changed=campaign, message=_("Now %(status)s.") % {"status": status.label.lower()})
    return campaign
