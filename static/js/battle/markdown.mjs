/**
 * Markdown of a stranger, made safe.
 *
 * Models say anything, so nothing of it reaches the page but through DOMPurify, with a short list of what may stay. Raw
 * HTML is shown as the text that it is, but for a few harmless tags: whoever judges an answer should see what was said.
 * While an answer streams, only the blocks that changed are rendered again, which is the last one nearly always.
 */
import { Lexer, Marked, Parser } from "../../vendor/marked/marked.esm.js";
import "../../vendor/dompurify/purify.min.js";

const HARMLESS_TAG = /^<\/?(?:b|br|em|i|kbd|mark|strong|sub|sup|u)\s*\/?>$/i;
const SAFE_ADDRESS = /^(?:https?:|mailto:)/i;
const PURIFY = {
  ALLOWED_TAGS: [
    "a", "b", "blockquote", "br", "code", "del", "div", "em", "h4", "h5", "h6", "hr", "i", "kbd", "li", "mark", "ol", "p", "pre",
    "s", "strong", "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "u", "ul",
  ],
  ALLOWED_ATTR: ["align", "href", "start"],
  ALLOW_ARIA_ATTR: false,
  ALLOW_DATA_ATTR: false,
  ALLOWED_URI_REGEXP: SAFE_ADDRESS,
  ADD_URI_SAFE_ATTR: ["align", "start"],
  RETURN_DOM_FRAGMENT: true,
};

function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

const renderer = {
  html({ text, block }) {
    if (HARMLESS_TAG.test(text.trim())) return text;
    return block ? `<p>${escaped(text.trim())}</p>` : escaped(text);
  },
  // The page has headings of its own above those of an answer.
  heading({ tokens, depth }) {
    const level = Math.min(6, depth + 3);
    return `<h${level}>${this.parser.parseInline(tokens)}</h${level}>\n`;
  },
  // Pictures would be requests to strangers.
  image({ text, href }) {
    return escaped(text || href);
  },
  checkbox({ checked }) {
    return checked ? "☑ " : "☐ ";
  },
};

const options = new Marked({ gfm: true, breaks: true, renderer }).defaults;

/** Opens links apart from the battle, and lets wide code and tables scroll inside a box of their own. */
function finish(fragment, labels) {
  for (const link of fragment.querySelectorAll("a[href]")) {
    link.target = "_blank";
    link.rel = "noopener noreferrer nofollow";
  }
  for (const table of fragment.querySelectorAll("table")) {
    const box = document.createElement("div");
    table.replaceWith(box);
    box.append(table);
    makeScrollable(box, labels.table);
  }
  for (const code of fragment.querySelectorAll("pre")) makeScrollable(code, labels.code);
  return fragment;
}

/** A box that scrolls has to be reachable from the keyboard, and then it needs a name. */
function makeScrollable(box, label) {
  box.dataset.arenaScroll = "";
  box.tabIndex = 0;
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", label);
}

/** One block of markdown, as nodes that are safe to show. */
function renderBlock(token, labels) {
  return finish(window.DOMPurify.sanitize(Parser.parse([token], options), PURIFY), labels);
}

/** An element that shows markdown and is told the whole text again and again. */
export class MarkdownView {
  #blocks = [];
  #links = "";

  /** @param {HTMLElement} element @param {{table: string, code: string}} labels names of the boxes that scroll */
  constructor(element, labels) {
    this.element = element;
    this.labels = labels;
  }

  show(text) {
    const tokens = Lexer.lex(text, options);
    const blocks = tokens.filter((token) => token.type !== "space" && token.type !== "def");
    const links = JSON.stringify(tokens.links);
    // A link definition further down changes blocks above it.
    if (links !== this.#links) this.#cut(0);
    this.#links = links;
    const same = this.#blocks.findIndex((block, index) => block.raw !== blocks[index]?.raw);
    if (same !== -1) this.#cut(same);
    for (const token of blocks.slice(this.#blocks.length)) this.#add(token);
  }

  #cut(from) {
    for (const block of this.#blocks.splice(from)) block.element.remove();
  }

  #add(token) {
    const element = document.createElement("div");
    element.append(renderBlock(token, this.labels));
    this.element.append(element);
    this.#blocks.push({ raw: token.raw, element });
  }
}
