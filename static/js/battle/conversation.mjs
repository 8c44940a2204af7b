/**
 * What the page knows of a battle. Pure: no DOM, no socket.
 *
 * Lengths and offsets count code points, as docs/protocol.md says. The methods that take a frame return whether the page
 * is still in step: `false` means that something was missed, and that a `hello` has to ask for it.
 */
export const SIDES = ["a", "b"];

const RUNNING = ["waiting", "streaming"];

/** The number of Unicode code points of a text. */
export function codePoints(text) {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

function emptyAnswer() {
  return { run: 1, status: "waiting", text: "", length: 0, place: null };
}

/** Adds what is new in a piece of text that starts at offset `at`; false where there is a hole before it. */
function append(answer, at, text) {
  if (at > answer.length) return false;
  const known = answer.length - at;
  const points = [...text];
  if (points.length > known) {
    answer.text += known ? points.slice(known).join("") : text;
    answer.length += points.length - known;
  }
  return true;
}

/** Makes room for a newer run; false where the frame is of a run that has been replaced. */
function enterRun(answer, run) {
  if (run < answer.run) return false;
  if (run > answer.run) Object.assign(answer, emptyAnswer(), { run });
  return true;
}

export class Conversation {
  turns = [];
  status = "open";
  ballotOpen = false;
  canPrompt = false;
  maxTurns = 1;
  maxPromptChars = 0;

  /** What the page shows already, for `hello`. */
  have() {
    return this.turns.flatMap((turn) =>
      SIDES.map((side) => ({ turn: turn.turn, side, run: turn[side].run, length: turn[side].length })),
    );
  }

  get last() {
    return this.turns.at(-1);
  }

  get nextTurn() {
    return this.turns.length + 1;
  }

  get isOpen() {
    return this.status === "open";
  }

  get isRunning() {
    return this.turns.some((turn) => SIDES.some((side) => RUNNING.includes(turn[side].status)));
  }

  /** Whether the ballot should be open by all that is known here, and is not: the word of it was lost or overtaken. */
  get ballotIsLate() {
    const first = this.turns[0];
    const canBeJudged = ({ status, text }) => ["complete", "stopped"].includes(status) && text.trim() !== "";
    return this.isOpen && !this.ballotOpen && !this.isRunning && SIDES.every((side) => first && canBeJudged(first[side]));
  }

  get hasTurnsLeft() {
    return this.turns.length < this.maxTurns;
  }

  turnAt(index) {
    return this.turns.find((turn) => turn.turn === index);
  }

  applyState(frame) {
    this.status = frame.status;
    this.maxTurns = frame.max_turns;
    this.maxPromptChars = frame.max_prompt_chars;
    this.applyBallot(frame);
    return frame.turns.map((turn) => this.#mergeTurn(turn)).every(Boolean);
  }

  applyTurn(frame) {
    if (this.turnAt(frame.turn)) return true;
    if (frame.turn !== this.nextTurn) return false;
    this.turns.push({ turn: frame.turn, prompt: frame.prompt, a: emptyAnswer(), b: emptyAnswer() });
    return true;
  }

  applyDelta(frame) {
    const answer = this.turnAt(frame.turn)?.[frame.side];
    if (!answer) return false;
    if (!enterRun(answer, frame.run)) return true;
    if (answer.status === "waiting") answer.status = "streaming";
    answer.place = null;
    return append(answer, frame.at, frame.text);
  }

  applyAnswer(frame) {
    const answer = this.turnAt(frame.turn)?.[frame.side];
    if (!answer) return false;
    if (!enterRun(answer, frame.run)) return true;
    answer.status = frame.status;
    answer.place = null;
    // While an answer is running, the text that is counted here is still to come.
    return RUNNING.includes(frame.status) || frame.length <= answer.length;
  }

  /** The answer waits in a queue; who is next there has place 1. */
  applyQueue(frame) {
    const answer = this.turnAt(frame.turn)?.[frame.side];
    if (!answer) return false;
    if (enterRun(answer, frame.run) && answer.status === "waiting") answer.place = frame.place;
    return true;
  }

  applyBallot(frame) {
    this.ballotOpen = frame.ballot_open;
    this.canPrompt = frame.can_prompt;
    return true;
  }

  applyClosed(frame) {
    this.status = frame.status;
    this.ballotOpen = false;
    this.canPrompt = false;
    return true;
  }

  #mergeTurn(frame) {
    if (!this.applyTurn(frame)) return false;
    const turn = this.turnAt(frame.turn);
    return SIDES.map((side) => {
      const { run, status, at, text, place = null } = frame[side];
      if (!enterRun(turn[side], run)) return true;
      Object.assign(turn[side], { status, place });
      return append(turn[side], at, text);
    }).every(Boolean);
  }
}
