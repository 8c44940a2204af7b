/** Copies an answer as it was written: markdown and all. */
import { text } from "./text.mjs";

const SHOWN_MS = 2000;

/** Where the clipboard is not to be had (a page without HTTPS), the old way does it. */
function copyByHand(value) {
  const box = document.createElement("textarea");
  box.value = value;
  box.readOnly = true;
  box.className = "visually-hidden";
  document.body.append(box);
  box.select();
  const done = document.execCommand("copy");
  box.remove();
  return done;
}

async function copied(value) {
  if (!navigator.clipboard) return copyByHand(value);
  try {
    await navigator.clipboard.writeText(value);
    return true;
  } catch {
    // Refused by the browser, which the old way may still be allowed.
    return copyByHand(value);
  }
}

/** Copies `value()` when the button is pressed, and says so. */
export function setUpCopy(button, value, announce) {
  const label = button.textContent;
  button.addEventListener("click", async () => {
    const isDone = await copied(value());
    const message = text(isDone ? "copied" : "copy_failed");
    button.focus();
    button.textContent = message;
    announce(message);
    setTimeout(() => (button.textContent = label), SHOWN_MS);
  });
}
