"""A model's server on a real port, which scores and writes with the model in a folder, and fails as it is told to."""

import asyncio
import threading
from collections import Counter
from pathlib import Path
from typing import Any

from aiohttp import web


class ScoringServer:
    """Completions with log-probabilities of the prompt, as vLLM gives them, and answers to messages.

    `faults` are taken off one by one, each by one request to complete: `500`, `cut` (the connection breaks in the
    middle of the reply), `nothing` (no log-probabilities), `no echo` (those of the new token only), `fewer` (a
    completion is missing).
    """

    def __init__(self, folder: Path, *, name: str = "tiny", max_model_len: int = 2048) -> None:
        self.name = name
        self.max_model_len = max_model_len
        self.faults: list[str] = []
        self.asked: Counter[str] = Counter()
        self.keys: set[str] = set()
        self.prompts: list[Any] = []
        self._folder = folder
        self._port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="scoring-server", daemon=True)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    def start(self) -> None:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self._model = AutoModelForCausalLM.from_pretrained(self._folder).eval()
        self._tokenizer = AutoTokenizer.from_pretrained(self._folder)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(timeout=10)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(timeout=10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()

    def forget(self) -> None:
        self.faults, self.prompts = [], []
        self.asked.clear()
        self.keys.clear()

    async def _listen(self) -> None:
        application = web.Application(client_max_size=1 << 26)
        application.add_routes(
            [
                web.get("/v1/models", self._models),
                web.post("/v1/completions", self._completions),
                web.post("/v1/chat/completions", self._chat),
            ]
        )
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._port = self._runner.addresses[0][1]

    async def _models(self, request: web.Request) -> web.Response:
        self.keys.add(request.headers.get("Authorization", ""))
        base = {"id": self.name, "max_model_len": self.max_model_len}
        return web.json_response({"data": [base, {"id": "an-adapter", "parent": self.name, "max_model_len": None}]})

    async def _completions(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.asked["completions"] += 1
        self.keys.add(request.headers.get("Authorization", ""))
        prompts = body["prompt"] if isinstance(body["prompt"][0], list) else [body["prompt"]]
        self.prompts += prompts
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "500":
            return web.json_response({"error": "scripted"}, status=500)
        reply = {"choices": [self._choice(number, prompt, body, fault) for number, prompt in enumerate(prompts)]}
        if fault == "fewer":
            reply["choices"].pop()
        if fault == "cut":
            return await self._cut(request)
        return web.json_response(reply)

    async def _chat(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.asked["chat"] += 1
        self.prompts.append(body["messages"])
        encoded = self._tokenizer.apply_chat_template(
            body["messages"], add_generation_prompt=True, return_dict=True, return_tensors="pt"
        )
        text = self._write(encoded["input_ids"][0].tolist(), body["max_tokens"])
        return web.json_response({"choices": [{"index": 0, "message": {"role": "assistant", "content": text}}]})

    async def _cut(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b'{"choices": [')
        assert request.transport is not None
        request.transport.abort()
        return response

    def _choice(self, index: int, prompt: list[int], body: dict[str, Any], fault: str) -> dict[str, Any]:
        if not body.get("echo"):
            return {"index": index, "text": self._write(prompt, body["max_tokens"])}
        if fault == "nothing":
            return {"index": index, "text": "", "logprobs": None}
        return {"index": index, "text": "", "logprobs": self._scores(prompt, with_prompt=fault != "no echo")}

    def _scores(self, prompt: list[int], *, with_prompt: bool) -> dict[str, Any]:
        """Of each token of the prompt, the first one without, and of one more; each beside the likeliest one."""
        import torch

        with torch.no_grad():
            scores = self._model(torch.tensor([prompt])).logits[0].float().log_softmax(-1)
        best = scores.max(-1)
        own: list[float | None] = [None]
        top: list[dict[str, float] | None] = [None]
        for position, token in enumerate([*prompt[1:], int(best.indices[-1])]):
            own.append(float(scores[position, token]))
            likeliest = {f"token_id:{int(best.indices[position])}": float(best.values[position])}
            top.append({**likeliest, f"token_id:{token}": float(scores[position, token])})
        kept = slice(0 if with_prompt else len(prompt), None)
        return {"token_logprobs": own[kept], "top_logprobs": top[kept]}

    def _write(self, prompt: list[int], tokens: int) -> str:
        import torch

        with torch.no_grad():
            whole = self._model.generate(
                torch.tensor([prompt]),
                attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
                max_new_tokens=tokens,
                do_sample=False,
            )
        return str(self._tokenizer.decode(whole[0, len(prompt) :], skip_special_tokens=True))
