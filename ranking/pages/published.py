"""A computed ranking as a file: what `rank --format json` prints, and when and by what it was computed."""

from typing import Any

from ranking.models import ComputedRanking
from ranking.pages.leaderboard import command_of


def document_of(ranking: ComputedRanking) -> dict[str, Any]:
    """The object of `rank --format json`, with its circumstances added."""
    return {
        "campaign": ranking.campaign.slug,
        "slice": ranking.slice,
        "ties": ranking.ties,
        "style_control": ranking.style_control,
        "cluster": ranking.cluster,
        "cut_off": ranking.cut_off.isoformat(),
        "created_at": ranking.created_at.isoformat(),
        "software": ranking.software,
        "command": command_of(ranking),
        **ranking.result,
    }
