/**
 * The battle's WebSocket, kept up for as long as the page is there.
 *
 * It says hello whenever it connects, connects again after a growing and random wait, and takes a socket from which no
 * pong comes for dead, because a half-open one never says so itself.
 */
const PING_MS = 20_000;
const PONG_MS = 10_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

/** Close code of a battle that is not there, or not this volunteer's: trying again would not help. */
const NO_SUCH_BATTLE = 4404;

/** How long to wait before the given attempt (from 0), in milliseconds: at random, so that not all come back at once. */
export function waitBefore(attempt, random = Math.random()) {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt) * (0.5 + random / 2);
}

/** A message as frames. Text, which is nearly all that is sent, comes as a list of deltas, each a list itself. */
export function readFrames(data) {
  const frame = JSON.parse(data);
  if (!Array.isArray(frame)) return [frame];
  return frame.map(([turn, side, run, at, text]) => ({ type: "delta", turn, side, run, at, text }));
}

export class BattleSocket {
  #socket = null;
  #attempt = 0;
  #timers = {};

  /**
   * @param {object} options
   * @param {string} options.path address of the socket on this host
   * @param {() => object[]} options.have what the page shows already
   * @param {(frame: object) => void} options.onFrame
   * @param {(state: "open"|"waiting"|"gone") => void} options.onState
   * @param {() => void} options.onBeat called with each ping
   */
  constructor({ path, have, onFrame, onState, onBeat }) {
    this.url = new URL(path, window.location.href);
    this.url.protocol = this.url.protocol === "https:" ? "wss:" : "ws:";
    Object.assign(this, { have, onFrame, onState, onBeat });
    window.addEventListener("online", () => this.#hurry());
    window.addEventListener("pageshow", () => this.#hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.#hurry());
  }

  connect() {
    this.#clearTimers();
    const socket = new WebSocket(this.url);
    this.#socket = socket;
    socket.addEventListener("open", () => socket === this.#socket && this.#opened());
    socket.addEventListener("message", (event) => socket === this.#socket && this.#received(event.data));
    socket.addEventListener("close", (event) => socket === this.#socket && this.#lost(event.code));
  }

  /** Sends a frame; false where there is no connection now. */
  send(frame) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  hello() {
    return this.send({ type: "hello", have: this.have() });
  }

  #opened() {
    this.hello();
    this.#timers.ping = setInterval(() => this.#ping(), PING_MS);
    this.#expectLife();
    this.onState("open");
  }

  #received(data) {
    this.#attempt = 0;
    clearTimeout(this.#timers.pong);
    for (const frame of readFrames(data)) if (frame.type !== "pong") this.onFrame(frame);
  }

  #ping() {
    this.send({ type: "ping" });
    this.#expectLife();
    this.onBeat();
  }

  #expectLife() {
    clearTimeout(this.#timers.pong);
    this.#timers.pong = setTimeout(() => this.#drop(), PONG_MS);
  }

  /** Gives a silent socket up without waiting for its close, which a half-open one delays for minutes. */
  #drop() {
    const socket = this.#socket;
    this.#lost(1006);
    socket.close();
  }

  #lost(code) {
    this.#clearTimers();
    this.#socket = null;
    if (code === NO_SUCH_BATTLE) {
      this.onState("gone");
      return;
    }
    this.#timers.again = setTimeout(() => this.connect(), waitBefore(this.#attempt));
    this.#attempt += 1;
    this.onState("waiting");
  }

  /** Connects at once where it is only waiting to. */
  #hurry() {
    if (this.#timers.again && !this.#socket) this.connect();
  }

  #clearTimers() {
    clearInterval(this.#timers.ping);
    clearTimeout(this.#timers.pong);
    clearTimeout(this.#timers.again);
    this.#timers = {};
  }
}
