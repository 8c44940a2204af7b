"""Chat templates of ours that mark what the assistant generates.

Each renders what the models' own templates render, for conversations without tools; that is checked against the
tokenizer's own before one is used. The formats are those that the models' cards describe: Llama 3 and 3.1 by Meta,
ChatML by OpenAI. A turn's end token is inside the marks: the model is to learn to stop.
"""

LLAMA_DATE = "26 Jul 2024"
"""The date that Llama 3.1's own template shows where it is told none. Fixed, so that rows do not depend on the day."""

_LLAMA_TURNS = (
    "{%- for message in turns -%}"
    "{{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' -}}"
    "{%- if message['role'] == 'assistant' -%}"
    "{%- generation -%}{{- message['content'] | trim + '<|eot_id|>' -}}{%- endgeneration -%}"
    "{%- else -%}{{- message['content'] | trim + '<|eot_id|>' -}}{%- endif -%}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' -}}{%- endif -%}"
)

LLAMA_3 = "{{- bos_token -}}{%- set turns = messages -%}" + _LLAMA_TURNS

LLAMA_3_1 = (
    "{{- bos_token -}}"
    "{%- if messages[0]['role'] == 'system' -%}"
    "{%- set system = messages[0]['content'] | trim -%}{%- set turns = messages[1:] -%}"
    "{%- else -%}{%- set system = '' -%}{%- set turns = messages -%}{%- endif -%}"
    "{{- '<|start_header_id|>system<|end_header_id|>\\n\\nCutting Knowledge Date: December 2023\\nToday Date: ' -}}"
    f"{{{{- date_string | default('{LLAMA_DATE}') + '\\n\\n' + system + '<|eot_id|>' -}}}}" + _LLAMA_TURNS
)

CHATML = (
    "{%- for message in messages -%}"
    "{{- '<|im_start|>' + message['role'] + '\\n' -}}"
    "{%- if message['role'] == 'assistant' -%}"
    "{%- generation -%}{{- message['content'] + '<|im_end|>' -}}{%- endgeneration -%}"
    "{%- else -%}{{- message['content'] + '<|im_end|>' -}}{%- endif -%}"
    "{{- '\\n' -}}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}"
)

TEMPLATES = {"llama-3.1": LLAMA_3_1, "llama-3": LLAMA_3, "chatml": CHATML}
