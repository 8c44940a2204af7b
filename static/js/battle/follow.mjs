/**
 * Scrolling while answers grow.
 *
 * After a prompt was sent, the page moves until its turn stands at the top, and then it stays. A reader who goes to the
 * end is kept there. One who is anywhere else is left alone.
 */
const NEAR_END_PX = 48;

export class Follower {
  #mode = "still";
  #turn = null;
  #own = window.scrollY;

  constructor() {
    window.addEventListener("scroll", () => this.#scrolled(), { passive: true });
  }

  /** Brings a new turn towards the top of the page. */
  goTo(turn) {
    this.#turn = turn;
    this.#mode = "turn";
    this.grew();
  }

  /** To be called when the page has become taller. */
  grew() {
    const end = document.documentElement.scrollHeight - window.innerHeight;
    if (this.#mode === "end") this.#scrollTo(end);
    if (this.#mode !== "turn") return;
    const top = window.scrollY + this.#turn.getBoundingClientRect().top - margin(this.#turn);
    this.#scrollTo(Math.min(top, end));
    if (top <= end) this.#mode = "still";
  }

  #scrollTo(top) {
    if (Math.abs(top - window.scrollY) < 1) return;
    window.scrollTo({ top, behavior: "instant" });
    this.#own = window.scrollY;
  }

  #scrolled() {
    if (Math.abs(window.scrollY - this.#own) < 2) return;
    this.#own = window.scrollY;
    const rest = document.documentElement.scrollHeight - window.innerHeight - window.scrollY;
    this.#mode = rest < NEAR_END_PX ? "end" : "still";
  }
}

function margin(element) {
  return parseFloat(getComputedStyle(element).scrollMarginTop) || 0;
}
