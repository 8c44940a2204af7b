"""How allauth's accounts and the arena's participants go together."""

from typing import Any, cast

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import SignupForm as BaseSignupForm
from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from arena.actions.joining import AboutYou, accept_consent, claim_participant, join
from arena.forms import AboutYouForm
from arena.identity import ArenaRequest, find_participant
from arena.models import Campaign, Participant, User


def _anonymous_participant(request: HttpRequest) -> Participant | None:
    """The participant of the session before the log-in. Asked of the session, not of the request's lazy value."""
    from django.contrib.auth.models import AnonymousUser

    return find_participant(request.session, AnonymousUser())


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Gives the battles of an anonymous volunteer to the account that they log in to."""

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        anonymous = _anonymous_participant(request)
        if anonymous is not None:
            cast(ArenaRequest, request).participant = claim_participant(participant=anonymous, user=user)
        return cast(HttpResponse, super().post_login(request, user, **kwargs))


class SignupForm(BaseSignupForm):  # type: ignore[misc]
    """An account, and what everybody says of themselves on joining."""

    language_level = AboutYouForm.base_fields["language_level"]
    education = AboutYouForm.base_fields["education"]
    confirmed_age = AboutYouForm.base_fields["confirmed_age"]
    accept_consent = AboutYouForm.base_fields["accept_consent"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.campaign = Campaign.objects.featured()
        if self.campaign is not None and self.campaign.requires_email:
            self.fields["email"].required = True
            self.fields["email"].help_text = _("For the raffle only. It is erased when the campaign is over.")
        self.fields["username"].help_text = _("It is shown on the list of contributors, so it need not be your name.")

    def clean_email(self) -> str:
        email = cast(str, super().clean_email())
        if email and User.objects.filter(email__iexact=email).exists():
            raise forms.ValidationError(_("Another account uses this e-mail address."))
        return email

    def save(self, request: HttpRequest) -> User:
        user = cast(User, super().save(request))
        if self.campaign is None:
            return user
        anonymous = _anonymous_participant(request)
        participant = claim_participant(participant=anonymous, user=user) if anonymous else None
        if participant is not None:
            accept_consent(participant=participant, campaign=self.campaign)
            return user
        about = AboutYou(self.cleaned_data["language_level"], self.cleaned_data["education"])
        join(campaign=self.campaign, about=about, user=user)
        return user
