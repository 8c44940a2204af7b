/** The battle page: ties the conversation, the socket and the parts of the page together. */
import { Ballot } from "./ballot.mjs";
import { Announcer, BattleView } from "./battle.mjs";
import { Conversation, SIDES } from "./conversation.mjs";
import { setUpDialogs } from "./dialogs.mjs";
import { Follower } from "./follow.mjs";
import { Panels } from "./panels.mjs";
import { PromptBox } from "./prompt.mjs";
import { BattleSocket } from "./socket.mjs";
import { hook, hooks, pageData, text } from "./text.mjs";

/** A short break is not worth a word. */
const CALM_MS = 1500;

/** A running answer of which nothing is heard for longer is asked after. */
const QUIET_MS = 15_000;

/** So long the word that the ballot is open may be on its way. */
const DOUBT_MS = 1000;

/** Refusals that are no answer to a prompt that is on its way. */
const ABOUT_RETRIES = ["nothing_to_retry", "side_resting"];

class BattlePage {
  #pending = null;
  #isSynced = false;
  #calm = 0;
  #heardAt = 0;
  #doubt = 0;

  constructor(root) {
    this.root = root;
    this.conversation = new Conversation();
    this.conversation.status = pageData.status;
    this.announcer = new Announcer(hook("status"));
    this.panels = new Panels();
    this.follower = new Follower();
    this.prompt = new PromptBox(hook("prompt-form"), (prompt) => this.#ask(prompt));
    this.ballot = new Ballot(hook("ballot"), () => this.#render());
    this.socket = new BattleSocket({
      path: pageData.socket,
      have: () => this.conversation.have(),
      onFrame: (frame) => this.#receive(frame),
      onState: (state) => this.#connection(state),
      onBeat: () => this.#wonder(),
    });
    this.view = new BattleView(hook("turns"), {
      actions: {
        announce: (message) => this.announcer.say(message),
        stop: (side) => this.socket.send({ type: "stop", side }),
        retry: (turn, side) => this.socket.send({ type: "retry", turn, side }),
      },
      onTurn: (turn, track) => this.#added(turn, track),
      onGrown: () => this.follower.grew(),
    });
    this.#setUpButtons();
  }

  start() {
    setUpDialogs();
    this.#render();
    this.socket.connect();
    // Where a keyboard is at hand. On a phone it would jump up and hide the page.
    if (window.matchMedia("(pointer: fine)").matches && !this.conversation.turns.length) this.prompt.box.focus();
  }

  #setUpButtons() {
    hook("stop").addEventListener("click", () => this.socket.send({ type: "stop" }));
    this.prompt.box.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.ballot.isOpen) this.#goToBallot();
    });
    hook("vote").addEventListener("click", () => this.#goToBallot());
    this.root.addEventListener("click", (event) => {
      if (!event.target.closest("[data-arena-fold]")) return;
      this.ballot.fold();
      hook("vote").focus();
    });
    const inView = ([entry]) => (this.root.dataset.ballotInView = String(entry.isIntersecting));
    new IntersectionObserver(inView, { rootMargin: "0px 0px -120px 0px" }).observe(this.ballot.section);
  }

  #goToBallot() {
    this.ballot.unfold();
    // Where the ballot is a sheet, the answers are brought up into what is left of the screen.
    const answers = hooks("pair").at(-1);
    const isSheet = getComputedStyle(this.ballot.section).position === "fixed";
    if (isSheet && answers.getBoundingClientRect().top > 0) answers.scrollIntoView({ block: "start" });
  }

  /** Sends a prompt, now or as soon as there is a connection; says why not where that is known already. */
  #ask(prompt) {
    if (this.conversation.isRunning) return text("answers_running");
    if (this.#pending) return null;
    this.#pending = { type: "prompt", turn: this.conversation.nextTurn, text: prompt };
    if (this.#isSynced) this.socket.send(this.#pending);
    this.#render();
    return null;
  }

  /** Asks how things are where an answer should be coming and is not: the process that wrote it may be gone. */
  #wonder() {
    if (this.conversation.isRunning && Date.now() - this.#heardAt > QUIET_MS) this.#askAgain();
  }

  #receive(frame) {
    this.#heardAt = Date.now();
    const ballotWasOpen = this.conversation.ballotOpen;
    const inStep = this.#apply(frame);
    if (!inStep && this.#isSynced) this.#askAgain();
    if (frame.type === "delta") this.view.show(this.conversation);
    else this.#render();
    if (frame.type === "state") this.#synced();
    else this.announcer.tell(this.conversation, ballotWasOpen);
    clearTimeout(this.#doubt);
    if (frame.type !== "state" && this.conversation.ballotIsLate) {
      this.#doubt = setTimeout(() => this.#askAgain(), DOUBT_MS);
    }
  }

  /** Takes a frame in; false where something before it was missed. */
  #apply(frame) {
    switch (frame.type) {
      case "state":
        return this.conversation.applyState(frame);
      case "turn":
        return this.conversation.applyTurn(frame);
      case "delta":
        return this.conversation.applyDelta(frame);
      case "answer":
        return this.conversation.applyAnswer(frame);
      case "queue":
        return this.conversation.applyQueue(frame);
      case "ballot":
        return this.conversation.applyBallot(frame);
      case "closed":
        return this.conversation.applyClosed(frame);
      case "error":
        this.#refused(frame);
        return true;
      default:
        return true;
    }
  }

  #askAgain() {
    this.#isSynced = false;
    this.socket.hello();
  }

  /** The page has what the arena has: a prompt that is still on its way can go out. */
  #synced() {
    const isFirst = !this.root.dataset.synced;
    this.root.dataset.synced = "true";
    this.#isSynced = true;
    if (isFirst) this.announcer.note(this.conversation);
    if (this.#pending) this.socket.send(this.#pending);
    this.prompt.limit = this.conversation.maxPromptChars;
  }

  #added(turn, track) {
    this.panels.add(track);
    this.follower.goTo(turn);
    const { turn: index, prompt } = this.conversation.last;
    if (this.#pending?.turn !== index) return;
    this.#pending = null;
    this.prompt.accepted(prompt);
  }

  #refused({ code, message }) {
    if (this.#pending && !ABOUT_RETRIES.includes(code)) {
      this.#pending = null;
      this.prompt.refuse(message);
    } else {
      this.#notify(message);
    }
  }

  #connection(state) {
    clearTimeout(this.#calm);
    this.#isSynced = false;
    this.root.dataset.connection = state;
    if (state === "gone") this.#notify(text("gone"));
    if (state === "open") this.#notify("");
    if (state === "waiting") this.#calm = setTimeout(() => this.#notify(text("connecting_again")), CALM_MS);
  }

  #notify(message) {
    const notice = hook("notice");
    notice.textContent = message;
    notice.hidden = !message;
  }

  #render() {
    const { conversation } = this;
    this.view.show(conversation);
    this.root.dataset.stage = conversation.turns.length ? "talk" : "start";
    this.ballot.toggle(conversation.ballotOpen && !conversation.isRunning);
    this.#renderPrompt();
    const last = conversation.last;
    for (const tab of hooks("show-side")) tab.dataset.status = last?.[tab.dataset.arenaShowSide].status ?? "";
    const hasFailed = Boolean(last) && SIDES.some((side) => last[side].status === "failed");
    hook("redraw").hidden = !hasFailed || conversation.isRunning || !conversation.isOpen;
    this.#renderEnd();
  }

  #renderPrompt() {
    const { conversation } = this;
    const wasStopping = document.activeElement === hook("stop");
    hook("dock").hidden = !conversation.isOpen;
    hook("prompt-form").hidden = !conversation.hasTurnsLeft && !conversation.isRunning && conversation.turns.length > 0;
    hook("last-turn").hidden = !hook("prompt-form").hidden;
    hook("stop").hidden = !conversation.isRunning;
    hook("send").hidden = conversation.isRunning;
    hook("send").textContent = text(this.#pending ? "sending" : "send");
    hook("vote").hidden = hook("vote-key").hidden = !conversation.ballotOpen;
    if (conversation.turns.length) this.prompt.box.placeholder = text("ask_more");
    if (wasStopping && !conversation.isRunning) this.prompt.box.focus();
  }

  /** Says how the battle ended, where this page has not said it already by thanking for the vote. */
  #renderEnd() {
    const ended = !this.conversation.isOpen && !this.ballot.isBusy && !this.ballot.isCast;
    hook("closed").hidden = !ended;
    if (ended) hook("closed-text").textContent = text(`closed_${this.conversation.status}`);
  }
}

new BattlePage(hook("battle")).start();
