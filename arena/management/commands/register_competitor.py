"""A model that was trained, or released, becomes a served model and a competitor."""

from argparse import ArgumentParser
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, no_translations
from django.db import transaction

from arena.actions.registering import CompetitorDiffers, enter_matchup, register_competitor
from arena.commands import campaign_or_error, factor, in_words
from arena.exceptions import Refusal
from arena.model_folders import BadModelFolder, MadeModel, read_made_model, short_name
from arena.models import Campaign
from arena.serving_specs import spec_text, with_model
from arena.spec_files import served_by_spec
from inference.actions import register_served_model
from inference.exceptions import SpecError
from inference.models import ServedModel

_ASKED = ("system_prompt", "temperature", "top_p", "max_tokens")


class Command(BaseCommand):
    help = "Make a trained model a served model and a competitor of a campaign, with its factors filled in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "model", metavar="FOLDER", help="with lehia-model.json, or a released model, with --factors"
        )
        parser.add_argument("--campaign", required=True, metavar="SLUG")
        parser.add_argument("--name", help="in rankings (default: the model's own)")
        parser.add_argument(
            "--factors", nargs="+", type=factor, metavar="NAME=LEVEL", help="what it is made of; over its file's"
        )
        parser.add_argument("--base", metavar="MODEL", help="what it was trained from, where its file does not say")
        where = parser.add_mutually_exclusive_group()
        where.add_argument("--served", metavar="NAME", help="a served model that is there already")
        where.add_argument("--base-url", metavar="URL", help="where it answers, up to and with /v1")
        where.add_argument("--spec", type=Path, metavar="FILE", help="add it to this spec of serve_models")
        parser.add_argument("--model-name", metavar="M", help="what the server at --base-url calls it")
        parser.add_argument("--system-prompt", metavar="TEXT", help="{date} becomes the date of the battle")
        parser.add_argument("--temperature", type=float, help="default of all three: the campaign's, or the study's")
        parser.add_argument("--top-p", type=float, help="(0.9, 0.95, 2048)")
        parser.add_argument("--max-tokens", type=int)
        parser.add_argument("--matchup", metavar="NAME", help="enter it into this matchup, which must not run")
        parser.add_argument("--update", action="store_true", help="change a competitor that is there with other values")

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        if options["model_name"] and not options["base_url"]:
            raise CommandError("--model-name is for --base-url.")
        try:
            with transaction.atomic():
                self._register(options)
        except (BadModelFolder, CompetitorDiffers, SpecError, Refusal) as error:
            raise CommandError(str(error)) from error
        except ValidationError as error:
            raise CommandError(in_words(error)) from error

    def _register(self, options: dict[str, Any]) -> None:
        campaign = campaign_or_error(options["campaign"])
        model = read_made_model(
            options["model"], factors=dict(options["factors"]) if options["factors"] is not None else None
        )
        name = options["name"] or model.name
        values = {field: options[field] for field in _ASKED if options[field] is not None}
        with _served(model, name, options) as served_model:
            registered = register_competitor(
                campaign=campaign,
                name=name,
                served_model=served_model,
                update=options["update"],
                factors=dict(model.factors),
                base=short_name(options["base"] or "") or model.base_name,
                **values,
            )
        competitor = registered.competitor
        made_of = ", ".join(f"{factor}: {level}" for factor, level in competitor.factors.items()) or "nothing said"
        self.stdout.write(f"{competitor.name} in {campaign.slug}: {registered.outcome}. Made of: {made_of}.")
        self._tell_where(model, name, options, competitor.served_model)
        if options["matchup"]:
            self._enter(campaign, options["matchup"], competitor)

    def _enter(self, campaign: Campaign, name: str, competitor: Any) -> None:
        matchup = enter_matchup(campaign=campaign, name=name, competitor=competitor)
        self.stdout.write(f"It takes part in {matchup.name} ({matchup.state}).")

    def _tell_where(self, model: MadeModel, name: str, options: dict[str, Any], served: ServedModel | None) -> None:
        if served is not None:
            self.stdout.write(f"Served as {served.model_name} at {served.base_url}.")
        if options["spec"]:
            self.stdout.write(f"Serve it: manage.py serve_models {options['spec']}")
        elif not options["served"]:
            spec, _name = with_model({}, model, name)
            self.stdout.write(f"For a spec of serve_models:\n{spec_text(spec)}", ending="")


def _served(model: MadeModel, name: str, options: dict[str, Any]) -> AbstractContextManager[ServedModel]:
    """The served model that was named, or that is made here."""
    if options["spec"]:
        return served_by_spec(options["spec"], model, name)
    if options["base_url"]:
        made = register_served_model(
            name=name,
            base_url=options["base_url"],
            model_name=options["model_name"] or name,
            revision=model.revision,
        )
        return nullcontext(made)
    wanted = options["served"] or name
    found = ServedModel.objects.filter(name=wanted).first()
    if found is None:
        known = ", ".join(ServedModel.objects.values_list("name", flat=True)[:20]) or "none"
        raise CommandError(
            f"There is no served model {wanted!r} (there are: {known}). Say where the model is served: --served NAME, "
            "--base-url URL, or --spec FILE to have serve_models serve it."
        )
    return nullcontext(found)
