/**
 * On a narrow screen the two answers of a turn lie beside each other in a track that is swiped, and two buttons say which
 * one is shown. All tracks of the battle show the same side. On a wide screen both are there, and nothing of this happens.
 */
import { hooks } from "./text.mjs";

const LONGEST_MOVE_MS = 600;

export class Panels {
  #side = "a";

  constructor() {
    this.tabs = hooks("show-side");
    for (const tab of this.tabs) tab.addEventListener("click", () => this.show(tab.dataset.arenaShowSide));
    window.addEventListener("resize", () => this.#align());
  }

  /** Takes a new turn's track into the group. */
  add(track) {
    track.addEventListener("scroll", () => this.#swiped(track), { passive: true });
    track.addEventListener("scrollend", () => this.#arrived(track), { passive: true });
    this.#place(track, "instant");
  }

  show(side) {
    this.#mark(side);
    for (const track of hooks("pair")) this.#place(track, "smooth");
  }

  #swiped(track) {
    const width = track.scrollWidth - track.clientWidth;
    if (width < 1 || track.dataset.moving) return;
    const side = track.scrollLeft > width / 2 ? "b" : "a";
    if (side === this.#side) return;
    this.#mark(side);
    for (const other of hooks("pair")) if (other !== track) this.#place(other, "instant");
  }

  #mark(side) {
    this.#side = side;
    for (const tab of this.tabs) tab.setAttribute("aria-pressed", String(tab.dataset.arenaShowSide === side));
  }

  #align() {
    for (const track of hooks("pair")) this.#place(track, "instant");
  }

  #place(track, behavior) {
    const left = this.#side === "b" ? track.scrollWidth - track.clientWidth : 0;
    if (Math.abs(track.scrollLeft - left) < 1 && !track.dataset.moving) return;
    // The way there passes the other side, which is no swipe.
    track.dataset.moving = "true";
    // Not every browser tells the end of scrolling.
    setTimeout(() => this.#arrived(track), LONGEST_MOVE_MS);
    track.scrollTo({ left, behavior });
  }

  #arrived(track) {
    delete track.dataset.moving;
    this.#swiped(track);
  }
}
