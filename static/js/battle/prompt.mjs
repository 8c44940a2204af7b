/**
 * The prompt box. What was typed leaves it only when the arena has accepted it, and a draft outlives a reload.
 */
import { codePoints } from "./conversation.mjs";
import { hook, hooks, pageData, text } from "./text.mjs";

const DRAFT_KEY = `lehia:draft:${pageData.uid}`;

/** From this share of the limit on, the counter is worth reading out. */
const NEAR_LIMIT = 0.9;

/** Storage can be full or forbidden; then a draft does not outlive a reload, and nothing else changes. */
function stored(action) {
  try {
    return action(window.sessionStorage);
  } catch (error) {
    console.warn("The draft cannot be kept:", error);
    return null;
  }
}

/** Whether a key event is somebody's Enter, and not the end of composing a character. */
export function isPlainEnter(event) {
  return event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229;
}

export class PromptBox {
  #limit = pageData.max_prompt_chars;

  /**
   * @param {HTMLFormElement} form
   * @param {(text: string) => string|null} send sends a prompt, or says why not
   */
  constructor(form, send) {
    this.form = form;
    this.send = send;
    this.box = hook("prompt", form);
    this.error = hook("prompt-error", form);
    this.box.value = stored((storage) => storage.getItem(DRAFT_KEY)) ?? pageData.draft;
    form.addEventListener("submit", (event) => this.#submit(event));
    this.box.addEventListener("keydown", (event) => this.#keydown(event));
    this.box.addEventListener("input", () => this.#changed());
    for (const button of hooks("starting-prompt")) {
      button.addEventListener("click", () => this.fill(button.textContent.trim()));
    }
    this.#changed();
  }

  get value() {
    return this.box.value;
  }

  set limit(limit) {
    this.#limit = limit;
    this.#count();
  }

  /** Puts a prompt into the box, ready to be changed or sent. */
  fill(value) {
    this.box.value = value;
    this.#changed();
    this.box.focus();
  }

  /** The arena has the prompt now, so that the box can be emptied. */
  accepted(prompt) {
    if (same(this.box.value, prompt)) {
      this.box.value = "";
      this.#changed();
    }
    this.refuse("");
  }

  /** Says why a prompt was not taken. What was typed stays. */
  refuse(message) {
    this.error.textContent = message;
    this.error.hidden = !message;
    this.box.toggleAttribute("aria-invalid", Boolean(message));
    if (message) this.box.setAttribute("aria-invalid", "true");
  }

  #keydown(event) {
    if (!isPlainEnter(event)) return;
    event.preventDefault();
    this.form.requestSubmit();
  }

  #submit(event) {
    event.preventDefault();
    this.refuse(this.#problem() ?? this.send(this.box.value) ?? "");
  }

  #problem() {
    if (!this.box.value.trim()) return text("prompt_empty");
    const over = this.#length() - this.#limit;
    return over > 0 ? text("prompt_too_long", { over }) : null;
  }

  /** As the arena counts: code points, without the space around. */
  #length() {
    return codePoints(this.box.value.trim());
  }

  #changed() {
    stored((storage) =>
      this.box.value ? storage.setItem(DRAFT_KEY, this.box.value) : storage.removeItem(DRAFT_KEY),
    );
    const starting = hook("starting-prompts");
    if (starting) starting.dataset.faded = String(this.box.value !== "");
    this.#grow();
    this.#count();
  }

  /** As tall as what is in it, where the style sheet cannot do that alone. */
  #grow() {
    if (CSS.supports("field-sizing", "content")) return;
    this.box.style.height = "auto";
    this.box.style.height = `${this.box.scrollHeight + 2}px`;
  }

  #count() {
    const count = this.#length();
    const counter = hook("count", this.form);
    counter.textContent = `${count} / ${this.#limit}`;
    counter.dataset.over = String(count > this.#limit);
    counter.dataset.near = String(count > this.#limit * NEAR_LIMIT);
    const warning = hook("count-warning", this.form);
    const left = this.#limit - count;
    if (left < 0) warning.textContent = text("prompt_too_long", { over: -left });
    else warning.textContent = count > this.#limit * NEAR_LIMIT ? text("characters_left", { left }) : "";
    if (!this.error.hidden && left >= 0 && this.box.value.trim()) this.refuse("");
  }
}

/** Whether two texts are the same prompt: the arena may tidy line ends and the space around. */
function same(typed, accepted) {
  const tidy = (value) => value.normalize("NFC").replace(/\r\n?/g, "\n").trim();
  return tidy(typed) === tidy(accepted);
}
