/** Buttons that open a `<dialog>`, and buttons in it that close it. The browser keeps the focus inside. */
export function setUpDialogs() {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-arena-opens]");
    if (opener) document.getElementById(opener.dataset.arenaOpens).showModal();
    event.target.closest("[data-arena-closes]")?.closest("dialog").close();
  });
}
