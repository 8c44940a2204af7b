"""Joining without an account, and accepting a text that has changed."""

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from arena.actions import joining
from arena.forms import AboutYouForm, ConsentForm
from arena.identity import ArenaRequest, remember_participant
from arena.markdown import render_markdown
from arena.models import Campaign


@require_http_methods(["GET", "HEAD", "POST"])
def join_campaign(request: HttpRequest, slug: str) -> HttpResponse:
    campaign = get_object_or_404(Campaign.objects.public(), slug=slug)
    if cast(ArenaRequest, request).participant:
        return redirect("arena:consent", slug=slug)
    form = AboutYouForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        about = joining.AboutYou(form.cleaned_data["language_level"], form.cleaned_data["education"])
        user = request.user if request.user.is_authenticated else None
        remember_participant(request.session, joining.join(campaign=campaign, about=about, user=user))
        return redirect("arena:campaign", slug=slug)
    context = {"campaign": campaign, "form": form, "consent_html": consent_html(campaign)}
    return render(request, "arena/join.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def consent(request: HttpRequest, slug: str) -> HttpResponse:
    campaign = get_object_or_404(Campaign.objects.public(), slug=slug)
    participant = cast(ArenaRequest, request).participant
    if not participant:
        return redirect("arena:join", slug=slug)
    if joining.has_joined(participant=participant, campaign=campaign):
        return redirect("arena:campaign", slug=slug)
    form = ConsentForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        joining.accept_consent(participant=participant, campaign=campaign)
        return redirect("arena:campaign", slug=slug)
    context = {"campaign": campaign, "form": form, "consent_html": consent_html(campaign)}
    return render(request, "arena/consent.html", context, status=422 if form.errors else 200)


def consent_html(campaign: Campaign | None) -> str:
    """The campaign's current text, as safe HTML; empty where it has none."""
    text = campaign.consent_text() if campaign else None
    return render_markdown(text.body) if text else ""
