"""From a served model's row to the endpoint that the streaming client asks."""

import random
from typing import cast

from config.secrets import model_api_key
from inference.models import ServedModel
from inference.prompting import PromptMode
from inference.streaming import Endpoint


def endpoints_for(served_model: ServedModel) -> tuple[Endpoint, ...]:
    """How to ask `served_model` at each of its servers that can be reached, in a random order.

    Raises ImproperlyConfigured where the variable of its key is not set.
    """
    addresses = served_model.reachable_addresses
    return tuple(endpoint_for(served_model, base_url=each) for each in random.sample(addresses, len(addresses)))


def endpoint_for(served_model: ServedModel, *, base_url: str) -> Endpoint:
    """How to ask `served_model` at one of its addresses. Raises ImproperlyConfigured as `endpoints_for` does."""
    return Endpoint(
        base_url=base_url,
        model_name=served_model.model_name,
        api_key=model_api_key(served_model.api_key_env) if served_model.api_key_env else "",
        connect_timeout=served_model.connect_timeout,
        first_token_timeout=served_model.first_token_timeout,
        silence_timeout=served_model.silence_timeout,
        system_prompt_mode=cast(PromptMode, served_model.system_prompt_mode),
    )
