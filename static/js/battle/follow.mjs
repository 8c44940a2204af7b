/**
 * Scrolling while answers grow.
 *
 * After a prompt was sent, the page moves until its turn stands at the top, and then it stays. A reader who goes to the
 * end is kept there. One who is anywhere else is left alone.
 */
const NEAR_END_PX = 48;
const SCROLL_KEYS = ["ArrowDown", "ArrowUp", "End", "Home", "PageDown", "PageUp", " "];

export class Follower {
  #mode = "still";
  #turn = null;
  #own = window.scrollY;
  #isReaders = true;

  constructor() {
    window.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    // The browser scrolls too, when the page gets shorter: only what a reader does says where they want to be.
    for (const name of ["wheel", "touchmove", "pointerdown"]) {
      window.addEventListener(name, () => (this.#isReaders = true), { passive: true });
    }
    window.addEventListener("keydown", (event) => (this.#isReaders ||= SCROLL_KEYS.includes(event.key)));
  }

  /** Brings a new turn towards the top of the page. */
  goTo(turn) {
    this.#turn = turn;
    this.#mode = "turn";
    this.#isReaders = false;
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
    if (!this.#isReaders || Math.abs(window.scrollY - this.#own) < 2) return;
    this.#own = window.scrollY;
    const rest = document.documentElement.scrollHeight - window.innerHeight - window.scrollY;
    this.#mode = rest < NEAR_END_PX ? "end" : "still";
  }
}

function margin(element) {
  return parseFloat(getComputedStyle(element).scrollMarginTop) || 0;
}
