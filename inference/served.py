"""From a served model's row to the endpoint that the streaming client asks."""

from typing import cast

from config.secrets import model_api_key
from inference.models import ServedModel
from inference.prompting import PromptMode
from inference.streaming import Endpoint


def endpoint_for(served_model: ServedModel) -> Endpoint:
    """Where and how to ask `served_model`. Raises ImproperlyConfigured where the variable of its key is not set."""
    return Endpoint(
        base_url=served_model.base_url,
        model_name=served_model.model_name,
        api_key=model_api_key(served_model.api_key_env) if served_model.api_key_env else "",
        connect_timeout=served_model.connect_timeout,
        first_token_timeout=served_model.first_token_timeout,
        silence_timeout=served_model.silence_timeout,
        system_prompt_mode=cast(PromptMode, served_model.system_prompt_mode),
    )
