"""Filters that were published."""

from training.filtering.rules import Rules

#: `hitz`: what the study says of its filter. It does not say which text the repeated word was looked for in: here it is
#: the instruction and the response, each by itself. That the last two rules were kept from upstream is likely.
#:
#: `magpie`: `data_sft/data_filter.ipynb` of github.com/magpie-align/magpie (MIT licence). After it upstream takes the
#: 300,000 longest responses: `--sample 300000 --order longest`.
PRESETS = {
    "hitz": Rules(
        qualities=("average", "good", "excellent"), reward_above=-10.0, same_word=100, no_colon=True, no_neighbours=True
    ),
    "magpie": Rules(qualities=("good", "excellent"), reward_above=-10.0, no_colon=True, no_neighbours=True),
}
