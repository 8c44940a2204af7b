/** The strings of the page, in the volunteer's language: the server puts them into the page's data. */
const data = JSON.parse(document.getElementById("battle-data").textContent);

/** What the page was rendered with: uid, socket, limits, draft, status. */
export const pageData = data;

/** A string by its key, with `{name}` places filled in. */
export function text(key, values = {}) {
  return data.strings[key].replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
}

/** The first element with a hook, in the page or in an element. */
export function hook(name, root = document) {
  return root.querySelector(`[data-arena-${name}]`);
}

/** All elements with a hook. */
export function hooks(name, root = document) {
  return [...root.querySelectorAll(`[data-arena-${name}]`)];
}
