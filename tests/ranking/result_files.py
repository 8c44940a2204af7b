"""Result files as lm-evaluation-harness writes them, with the study's published figures in them."""

import json
from pathlib import Path
from typing import Any

#: Accuracies in percent as the study's tables have them: a variant, and a model that is asked over an API.
PUBLISHED = {
    "exp_0_010": {
        "arc_eu_challenge": 36.35,
        "arc_eu_easy": 61.95,
        "belebele_eus_Latn": 69.44,
        "bertaqa_eu_global": 67.39,
        "bertaqa_eu_local": 42.98,
        "bl2mp": 84.06,
        "eus_exams_eu": 48.39,
        "eus_proficiency": 35.42,
        "eus_reading": 44.89,
        "eus_trivia": 45.42,
        "mgsm_native_cot_eu": 30.8,
        "mmlu_eu": 50.37,
        "piqa_eu": 61.44,
        "xstorycloze_eu": 62.14,
    },
    "gpt-4o-2024-11-20": {
        "belebele_eus_Latn": 92.89,
        "bertaqa_eu_global": 91.01,
        "bertaqa_eu_local": 74.83,
        "eus_proficiency": 74.25,
        "eus_reading": 84.38,
        "eus_trivia": 80.70,
        "mgsm_native_cot_eu": 79.2,
        "mmlu_eu": 76.67,
    },
}
#: The means that the study printed for them, of their tasks in Basque.
PUBLISHED_MEANS = {"exp_0_010": 52.93, "gpt-4o-2024-11-20": 81.74}
#: The parts of basqbbq as the study's file of exp_0_010 has them, with their sizes, and the whole that it gives.
PUBLISHED_PARTS = {
    "Adin_ambig": (0.22176308539944903, 1452),
    "Adin_disambig": (0.6370523415977961, 1452),
    "Arraza_etnizitate_ambig": (0.1356652205350687, 11064),
    "Arraza_etnizitate_disambig": (0.7684381778741866, 11064),
    "Ezgaitasun_egoera_ambig": (0.29404761904761906, 840),
    "Ezgaitasun_egoera_disambig": (0.5202380952380953, 840),
    "Genero_identitate_ambig": (0.24680397727272727, 2816),
    "Genero_identitate_disambig": (0.7610085227272727, 2816),
    "Itxura_fisikoa_ambig": (0.5766129032258065, 744),
    "Itxura_fisikoa_disambig": (0.510752688172043, 744),
    "MSE_ambig": (0.36668681983071344, 3308),
    "MSE_disambig": (0.7442563482466747, 3308),
    "Nazionalitate_ambig": (0.43078512396694213, 968),
    "Nazionalitate_disambig": (0.6477272727272727, 968),
    "Orientazio_sexual_ambig": (0.3411214953271028, 428),
    "Orientazio_sexual_disambig": (0.6565420560747663, 428),
}
PUBLISHED_WHOLE = 0.47934782608695653


def metrics_of(task: str, value: float, *, api: bool = False) -> dict[str, Any]:
    """A task's metrics, with others beside the one that counts."""
    if task.startswith("mgsm"):
        return {
            "alias": task,
            "exact_match,flexible-extract": value,
            "exact_match_stderr,flexible-extract": 0.02,
            "exact_match,strict-match": 0.004,
            "exact_match_stderr,strict-match": 0.004,
        }
    name = "exact_match" if api else "acc"
    end = "strict_match" if api else "none"
    found = {"alias": task, f"{name},{end}": value, f"{name}_stderr,{end}": 0.01}
    return found if api else {**found, "acc_norm,none": value / 2, "acc_norm_stderr,none": "N/A"}


def document(
    results: dict[str, Any], *, n: dict[str, int] | None = None, shots: int | None = 5, **more: Any
) -> dict[str, Any]:
    """A result file's content. `n`: how many questions were asked of each task (100 by default, of 100)."""
    return {
        "results": results,
        "group_subtasks": {},
        "n-shot": {task: 4 if "bbq" in task else shots for task in results} if shots else {},
        "higher_is_better": {task: {key.split(",")[0]: True for key in results[task]} for task in results},
        "n-samples": {
            task: {"original": (n or {}).get(task, 100), "effective": (n or {}).get(task, 100)} for task in results
        },
        "config": {"model": "hf", "model_args": "pretrained=HiTZ/some-model,dtype=bfloat16"},
        "git_hash": "fede5c0",
        "date": 1740545764.4,
        "lm_eval_version": "0.4.13",
        "model_name": "HiTZ/some-model",
        **more,
    }


def write(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def write_published(folder: Path) -> list[Path]:
    """The study's two models, a file a task, as its repository has them: variants are revisions of one repository."""
    paths = []
    for model, scores in PUBLISHED.items():
        api = model.startswith("gpt")
        said = {"model_name": model, "config": {"model": "openai-chat-completions", "model_args": f"model={model}"}}
        if not api:
            repository = "HiTZ/Latxa-Llama-3.1-8B-Instruct"
            arguments = f"pretrained={repository},attn_implementation=flash_attention_2,dtype=bfloat16,revision={model}"
            said = {"model_name": repository, "config": {"model": "hf", "model_args": arguments}}
        for task, percent in scores.items():
            results = {task: metrics_of(task, percent / 100, api=api)}
            sizes = None
            if task == "eus_exams_eu":
                # Two parts with the published mean, once they are weighted; the whole is their plain mean.
                results = {
                    "eus_exams_eu": {"acc,none": 0.6, "alias": "eus_exams_eu"},
                    "eus_exams_eu_opebilbaoeu": metrics_of("part", percent / 100 - 0.1),
                    "eus_exams_eu_osakidetza1e": metrics_of("part", percent / 100 + 0.3),
                }
                sizes = {"eus_exams_eu_opebilbaoeu": 300, "eus_exams_eu_osakidetza1e": 100, "eus_exams_eu": 400}
            paths.append(write(folder / f"{model}-{task}.json", document(results, n=sizes, **said)))
        if not api:
            results = {f"basqbbq_{part}": metrics_of("part", score) for part, (score, _n) in PUBLISHED_PARTS.items()}
            sizes = {f"basqbbq_{part}": n for part, (_score, n) in PUBLISHED_PARTS.items()}
            paths.append(write(folder / f"{model}-basqbbq.json", document(results, n=sizes, **said)))
    return paths
