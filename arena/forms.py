"""Forms of the volunteer's pages."""

from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from arena.enums import Education, LanguageLevel, ReportKind

LEVEL_HELP: dict[str, str | Promise] = {
    LanguageLevel.A: _("I understand simple sentences and everyday expressions."),
    LanguageLevel.B: _("I get by in most situations, and I read and write about things that I know."),
    LanguageLevel.C: _("I use Basque with ease, also in long and demanding texts, or it is my mother tongue."),
}
EDUCATION_HELP: dict[str, str | Promise] = {
    Education.UNIVERSITY: _("A degree, a master's or a doctorate."),
    Education.VOCATIONAL: _("Intermediate or higher vocational courses."),
    Education.UPPER_SECONDARY: _("Baccalaureate or the like."),
    Education.LOWER_SECONDARY: _("Compulsory school, or still in it."),
}


class DescribedRadioSelect(forms.RadioSelect):
    """Radio buttons with a sentence under each. Templates read it as `option.data.description`."""

    def __init__(self, *, descriptions: dict[str, str | Promise], attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.descriptions = descriptions

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(name, value, *args, **kwargs)
        option["description"] = self.descriptions.get(str(value), "")
        return option


class AboutYouForm(forms.Form):
    """What everybody says of themselves on joining, with an account or without."""

    language_level = forms.ChoiceField(
        label=_("How well do you know Basque?"),
        choices=LanguageLevel.choices,
        widget=DescribedRadioSelect(descriptions=LEVEL_HELP),
        help_text=_("If you are between two levels, choose the one in which you feel at ease."),
    )
    education = forms.ChoiceField(
        label=_("Which studies have you finished?"),
        choices=Education.choices,
        widget=DescribedRadioSelect(descriptions=EDUCATION_HELP),
        help_text=_("The highest level. It helps to know whose opinions the ranking gathers."),
    )
    confirmed_age = forms.BooleanField(
        label=_("I am 14 or older"), error_messages={"required": _("You have to be 14 or older to take part.")}
    )
    accept_consent = forms.BooleanField(
        label=_("I have read the text of the campaign and accept it"),
        error_messages={"required": _("To take part you have to accept the text of the campaign.")},
    )


class ConsentForm(forms.Form):
    """Accepts the campaign's text, where it has changed since somebody joined."""

    accept_consent = forms.BooleanField(
        label=_("I have read the text of the campaign and accept it"),
        error_messages={"required": _("To take part you have to accept the text of the campaign.")},
    )


class ReportForm(forms.Form):
    """Says what is wrong in a battle."""

    kind = forms.ChoiceField(label=_("What is wrong?"), choices=ReportKind.choices, widget=forms.RadioSelect)
    reason = forms.CharField(
        label=_("Tell us a little more"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Say what is wrong, in a few words.")},
    )


class EraseForm(forms.Form):
    """Confirms that the account is to be erased."""

    confirm = forms.BooleanField(
        label=_("Yes, erase my account and my personal data"),
        error_messages={"required": _("Tick the box to confirm.")},
    )
