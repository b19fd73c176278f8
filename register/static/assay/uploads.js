// Progress of an import without reloading: asks how far it is, and loads the page again when the next step has come.
const card = document.querySelector("[data-progress]");
if (card) {
  const bar = card.querySelector("progress");
  const shown = card.querySelector("[data-done]");
  const ask = async () => {
    try {
      const answer = await fetch(card.dataset.progress, { headers: { Accept: "application/json" } });
      const told = await answer.json();
      if (told.state !== card.dataset.state) return location.reload();
      if (told.total) {
        bar.max = told.total;
        bar.value = told.done;
        shown.textContent = told.done.toLocaleString(document.documentElement.lang || undefined);
      }
    } catch {
      // The next question may be answered.
    }
    setTimeout(ask, 1500);
  };
  setTimeout(ask, 800);
}
const all = document.querySelector("[data-choose-all]");
if (all) {
  all.hidden = false;
  all.addEventListener("click", () => {
    for (const box of all.form.querySelectorAll('input[name="remark"]')) box.checked = true;
  });
}
