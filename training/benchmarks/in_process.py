"""The harness's model of this process. Imported late: it loads torch."""

from typing import Any

from lm_eval.models.huggingface import HFLM


class LocalModel(HFLM):  # type: ignore[misc]
    """As the harness has it, without a progress bar for each window of each text."""

    def _loglikelihood_tokens(self, requests: Any, disable_tqdm: bool = False, override_bs: int | None = None) -> Any:
        # Only windows of texts come in batches of a size of their own.
        return super()._loglikelihood_tokens(requests, disable_tqdm or override_bs is not None, override_bs)
