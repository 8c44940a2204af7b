/**
 * The ballot: a plain form that htmx sends. Here are only its keys, the question that comes and goes, and where the focus
 * goes afterwards. What may be voted is decided by the server.
 */
import { hook, hooks, text } from "./text.mjs";

const TYPING = "textarea, select, [contenteditable], input:not([type=radio], [type=checkbox])";
const PRESSABLE = "a, button, summary, label, input";

/** Whether choices point at different sides, so that the tie-breaker is asked. */
export function pointApart(choices) {
  return choices.includes("a") && choices.includes("b");
}

export class Ballot {
  /** @param {HTMLElement} section what htmx puts the answer into @param {() => void} onChange */
  constructor(section, onChange) {
    Object.assign(this, { section, onChange, isBusy: false });
    document.addEventListener("keydown", (event) => this.#keydown(event));
    section.addEventListener("change", () => this.#chosen());
    section.addEventListener("toggle", (event) => this.#unfoldedMore(event.target), { capture: true });
    // Before htmx hears of it, which listens on the form itself.
    section.addEventListener("submit", (event) => this.#check(event), { capture: true });
    section.addEventListener("htmx:beforeRequest", (event) => event.target === this.form && this.#sending());
    section.addEventListener("htmx:afterRequest", (event) => event.target.matches("form") && this.#answered(event));
    section.addEventListener("htmx:afterSwap", (event) => event.target === section && this.#swapped());
    section.addEventListener("htmx:beforeSwap", keepWaiting);
    this.#chosen();
  }

  /** Into what was opened by hand; a refused ballot comes with its comment open. */
  #unfoldedMore(details) {
    if (details.open && details.contains(document.activeElement)) details.querySelector("textarea").focus();
  }

  get form() {
    return hook("ballot-form", this.section);
  }

  /** Whether the arena has accepted a ballot, as this page knows. */
  get isCast() {
    return this.form === null;
  }

  get isOpen() {
    return !this.section.hidden && !this.isCast;
  }

  /** Shows the ballot, or takes it away; what was chosen stays. */
  toggle(open) {
    if (!this.isCast && !this.isBusy) this.section.hidden = !open;
  }

  /** Unfolds the ballot on a narrow screen, and goes to the first question without an answer. */
  unfold() {
    this.section.dataset.unfolded = "true";
    this.#goOn();
  }

  fold() {
    delete this.section.dataset.unfolded;
  }

  #questions() {
    return hooks("question", this.section).filter((question) => !question.hidden);
  }

  #unanswered() {
    return this.#questions().find((question) => !question.querySelector(":checked"));
  }

  /** Asks the tie-breaker where the others point at different sides, and forgets its answer where they do not. */
  #chosen() {
    if (this.isCast) return;
    const [always, breakers] = [[], []];
    for (const question of hooks("question", this.section)) {
      (question.dataset.asked === "always" ? always : breakers).push(question);
    }
    const apart = pointApart(always.map((question) => question.querySelector(":checked")?.value));
    for (const question of breakers) {
      const isNew = question.hidden && apart;
      question.hidden = question.disabled = !apart;
      for (const radio of question.querySelectorAll("input")) radio.checked &&= apart;
      // On a phone it comes below the edge of the sheet, where nobody would look for it.
      if (isNew) question.scrollIntoView({ block: "nearest" });
    }
    for (const question of this.#questions()) if (question.querySelector(":checked")) delete question.dataset.missing;
    hook("after-choice", this.section).hidden = this.#questions().every((question) => !question.querySelector(":checked"));
    if (!this.#unanswered()) this.#say("");
  }

  #keydown(event) {
    if (!this.isOpen || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest(TYPING) || document.querySelector("dialog[open]")) return;
    if (/^[1-9]$/.test(event.key)) this.#choose(Number(event.key), event);
    if (event.key === "Escape") this.fold();
    if (event.key === "Enter" && !event.target.closest(PRESSABLE) && !this.#unanswered()) {
      event.preventDefault();
      this.form.requestSubmit();
    }
  }

  #choose(number, event) {
    const question = event.target.closest("[data-arena-question]") ?? this.#unanswered();
    const radio = question?.querySelectorAll("input[type=radio]")[number - 1];
    if (!radio) return;
    event.preventDefault();
    this.section.dataset.unfolded = "true";
    radio.click();
    this.#goOn();
  }

  /** To the next question, or to the button that casts the ballot. */
  #goOn() {
    const next = this.#unanswered();
    (next?.querySelector("input") ?? hook("cast", this.section))?.focus();
  }

  #check(event) {
    if (event.target !== this.form) return;
    const missing = this.#questions().filter((question) => !question.querySelector(":checked"));
    for (const question of missing) question.dataset.missing = "true";
    if (missing.length === 0) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.#say(text("ballot_incomplete"));
    this.#goOn();
  }

  #say(message) {
    const error = hook("ballot-error", this.section);
    error.textContent = message;
    error.hidden = !message;
  }

  #sending() {
    this.isBusy = true;
    this.#say("");
  }

  #answered(event) {
    this.isBusy = false;
    if (!event.detail.successful && !event.detail.xhr?.responseText?.includes("data-arena-ballot-form")) {
      this.#say(text("ballot_not_sent"));
    }
    this.onChange();
  }

  #swapped() {
    if (this.isCast) {
      this.section.hidden = false;
      this.section.dataset.unfolded = "true";
      hook("thanks-title", this.section)?.focus();
    } else {
      this.#chosen();
      hook("ballot-refusal", this.section)?.focus();
    }
    this.onChange();
  }
}

/** "Not counted yet" is no news: the page only changes when the vote has been counted. */
function keepWaiting(event) {
  const asker = event.detail.elt;
  if (!asker?.matches("[data-arena-counted=false]")) return;
  event.detail.shouldSwap = event.detail.serverResponse.includes('data-arena-counted="true"');
}
