/** The conversation as the page shows it: one row for each turn, with the prompt and the two answers. */
import { setUpCopy } from "./copy.mjs";
import { SIDES } from "./conversation.mjs";
import { MarkdownView } from "./markdown.mjs";
import { hook, text } from "./text.mjs";

const RUNNING = ["waiting", "streaming"];

class AnswerView {
  #shown = { text: "", run: 1, status: "" };
  #frame = 0;

  constructor(element, { turn, side, actions }) {
    Object.assign(this, { element, side });
    this.element.setAttribute("aria-label", text("answer_label", { side: side.toUpperCase(), turn }));
    this.markdown = new MarkdownView(hook("answer-text", element), { table: text("table"), code: text("code") });
    this.answer = null;
    setUpCopy(hook("copy", element), () => this.answer.text, actions.announce);
    this.#setUp("stop-side", () => actions.stop(side));
    this.#setUp("retry", () => actions.retry(turn, side));
  }

  /** These buttons go away once pressed, so the focus moves to their answer. */
  #setUp(name, action) {
    hook(name, this.element).addEventListener("click", () => {
      this.element.focus({ preventScroll: true });
      action();
    });
  }

  /** Shows an answer; the text itself follows with the next picture that the browser draws. */
  show(answer, { isLast, onGrown }) {
    this.answer = answer;
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#showText();
      onGrown();
    });
    this.#showStatus(isLast);
  }

  #showText() {
    if (this.#shown.text === this.answer.text) return;
    this.#shown.text = this.answer.text;
    this.markdown.show(this.answer.text);
  }

  #showStatus(isLast) {
    const { status, length, place } = this.answer;
    const isRunning = RUNNING.includes(status);
    const isEmpty = length === 0;
    const canRetry = isLast && (status === "failed" || (status === "stopped" && isEmpty));
    this.element.dataset.status = status;
    this.element.setAttribute("aria-busy", String(isRunning));
    hook("answer-state", this.element).textContent = state(status, isEmpty, place);
    hook("copy", this.element).hidden = isRunning || isEmpty;
    hook("stop-side", this.element).hidden = !isRunning;
    hook("retry", this.element).hidden = !canRetry;
    const note = this.#note(status, isEmpty, place);
    hook("answer-note", this.element).hidden = !note && !canRetry;
    hook("answer-note-text", this.element).textContent = note;
  }

  #note(status, isEmpty, place) {
    if (place) return text("queued_note");
    if (status === "failed") return text(isEmpty ? "failed_empty" : "failed_partial");
    return status === "stopped" && isEmpty ? text("stopped_empty") : "";
  }
}

function state(status, isEmpty, place) {
  if (place) return text(place === 1 ? "queued_next" : "queued", { place });
  if (status === "complete") return "";
  return text(status === "failed" && !isEmpty ? "broken_off" : status);
}

class TurnView {
  constructor(fragment, turn, actions) {
    this.element = fragment.firstElementChild;
    hook("turn-title", this.element).textContent = text("turn_label", { turn: turn.turn });
    hook("prompt-said", this.element).textContent = turn.prompt;
    this.track = hook("pair", this.element);
    this.answers = SIDES.map((side) => {
      const element = this.element.querySelector(`[data-arena-answer="${side}"]`);
      return new AnswerView(element, { turn: turn.turn, side, actions });
    });
  }

  show(turn, options) {
    for (const answer of this.answers) answer.show(turn[answer.side], options);
  }
}

export class BattleView {
  #turns = [];

  /**
   * @param {HTMLElement} list where the turns go
   * @param {{announce, stop, retry}} actions what the buttons do
   * @param {(turn: HTMLElement, track: HTMLElement) => void} onTurn called with each new row
   * @param {() => void} onGrown called when text was added
   */
  constructor(list, { actions, onTurn, onGrown }) {
    Object.assign(this, { list, actions, onTurn, onGrown });
    this.template = hook("turn-template");
  }

  show(conversation) {
    for (const turn of conversation.turns.slice(this.#turns.length)) this.#add(turn);
    conversation.turns.forEach((turn, index) => {
      this.#turns[index].show(turn, { isLast: turn === conversation.last && conversation.isOpen, onGrown: this.onGrown });
    });
  }

  #add(turn) {
    const view = new TurnView(this.template.content.cloneNode(true), turn, this.actions);
    this.#turns.push(view);
    this.list.append(view.element);
    this.onTurn(view.element, view.track);
  }
}

/** Says the start and the end of answers once, for those who do not see them. */
export class Announcer {
  #said = new Map();

  constructor(line) {
    this.line = line;
  }

  say(message) {
    this.line.textContent = message;
  }

  /** What is there already when the page opens is no news. */
  note(conversation) {
    this.#changes(conversation);
  }

  tell(conversation, ballotWasOpen) {
    const messages = this.#changes(conversation);
    if (conversation.ballotOpen && !ballotWasOpen) messages.push(text("announce_ballot"));
    if (messages.length) this.say(messages.join(" "));
  }

  #changes(conversation) {
    return conversation.turns.flatMap((turn) => {
      const changed = SIDES.filter((side) => this.#isNews(turn, side));
      if (changed.length === 2 && changed.every((side) => phase(turn[side]) === "running")) {
        return [text("announce_both_running")];
      }
      return changed.map((side) => text(`announce_${phase(turn[side])}`, { side: side.toUpperCase() }));
    });
  }

  #isNews(turn, side) {
    const key = `${turn.turn}${side}`;
    const now = `${turn[side].run} ${phase(turn[side])}`;
    const before = this.#said.get(key);
    this.#said.set(key, now);
    return before !== now;
  }
}

function phase({ status, place }) {
  if (place) return "queued";
  return RUNNING.includes(status) ? "running" : status;
}
