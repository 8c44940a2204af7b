"""Forms of rankings."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from arena.ballot_forms import OVERALL
from arena.models import Campaign
from ranking.comparisons import campaign_dimensions
from ranking.enums import ClusterChoice, IntervalChoice, MethodChoice, TieChoice
from ranking.estimators import EstimationError, Options
from ranking.selections import Selection
from ranking.slices import BadSlice, Slice


class SnapshotForm(forms.Form):
    """A snapshot to be taken now: of which votes, and how. `options` and `selection` are what it says, once valid."""

    campaign = forms.ModelChoiceField(label=_("campaign"), queryset=Campaign.objects.all())
    dimension = forms.SlugField(label=_("dimension"), initial=OVERALL, help_text=_("overall, or one of the ballot's."))
    label = forms.CharField(label=_("label"), max_length=120, required=False)
    is_public = forms.BooleanField(
        label=_("public"),
        required=False,
        initial=True,
        help_text=_("Where not, only admins see it. It cannot be changed later."),
    )
    slice = forms.CharField(
        label=_("slice"),
        max_length=300,
        required=False,
        help_text=_("Conditions as rank --slice takes them, separated by spaces: level=c1_c2 turns=one."),
    )
    ties = forms.ChoiceField(label=_("ties"), choices=TieChoice)
    method = forms.ChoiceField(label=_("method"), choices=MethodChoice)
    interval = forms.ChoiceField(label=_("interval"), choices=IntervalChoice, initial=IntervalChoice.SANDWICH)
    level = forms.FloatField(label=_("level"), initial=0.95)
    rounds = forms.IntegerField(label=_("bootstrap rounds"), initial=1000, min_value=1, max_value=20_000)
    seed = forms.IntegerField(label=_("seed"), initial=0, min_value=0, max_value=2**62)
    cluster = forms.ChoiceField(
        label=_("votes that belong together"),
        choices=[("", _("Those of one voter, where voters are known")), *ClusterChoice.choices],
        required=False,
    )
    side_effect = forms.BooleanField(
        label=_("side effect"), required=False, help_text=_("Estimate the advantage of being shown as A, too.")
    )
    regularisation = forms.FloatField(
        label=_("regularisation"), initial=0, min_value=0, help_text=_("A weak pull towards equality; 0 is none.")
    )
    anchor = forms.CharField(
        label=_("anchor"),
        required=False,
        help_text=_("A model that is held at 1000. Where none is named, the mean is."),
    )

    options: Options
    selection: Selection

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if self.errors:
            return data
        known = campaign_dimensions(data["campaign"])
        if data["dimension"] not in known:
            self.add_error("dimension", _("The ballot asks: %(known)s.") % {"known": ", ".join(known)})
        try:
            chosen = Slice.parse(data["slice"].split())
        except BadSlice as error:
            self.add_error("slice", str(error))
            return data
        self.selection = Selection(slice=chosen.text, without_ties=data["ties"] == TieChoice.DROP)
        try:
            self.options = Options(
                method=data["method"],
                interval=data["interval"],
                level=data["level"],
                rounds=data["rounds"],
                seed=data["seed"],
                cluster=data["cluster"] or None,
                ties=data["ties"],
                side_effect=data["side_effect"],
                regularisation=data["regularisation"],
                anchor=data["anchor"] or None,
            )
        except EstimationError as error:
            self.add_error(None, str(error))
        return data
