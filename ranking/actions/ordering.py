"""Snapshots by hand."""

from django.db import transaction

from arena.actions.admin_history import record_admin_change
from arena.models import Campaign, User
from arena.sending import send_on_commit
from ranking.actions.computing import stored_options
from ranking.estimators import Options
from ranking.models import Computation
from ranking.selections import Selection
from ranking.tasks import compute_ranking


@transaction.atomic
def order_snapshot(
    *,
    campaign: Campaign,
    dimension: str,
    selection: Selection,
    options: Options,
    by: User,
    label: str = "",
    is_public: bool = True,
) -> Computation:
    """Asks the worker for a snapshot, and writes into the campaign's history who did. Takes no lock."""
    computation = Computation.objects.create(
        campaign=campaign,
        dimension=dimension,
        **selection.columns(),
        snapshot_options={"options": stored_options(options), "label": label, "is_public": is_public},
    )
    how = f"{options.method} {options.interval}" + (f" {selection}" if str(selection) else "")
    record_admin_change(by=by, changed=campaign, message=f"Asked for a snapshot: {dimension}, {how}.")
    send_on_commit(compute_ranking, computation.pk)
    return computation
