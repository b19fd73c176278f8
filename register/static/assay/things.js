/* Forms of the desk: more rows without asking the server, and which elements a description still misses. */
"use strict";

(() => {
  const renumber = (text, from, to) => text.replace(`-${from}-`, `-${to}-`);

  const addRow = (rows) => {
    const all = rows.querySelectorAll("[data-row]");
    const last = all[all.length - 1];
    const row = last.cloneNode(true);
    for (const element of row.querySelectorAll("[name], [id], [for]")) {
      for (const name of ["name", "id", "for"]) {
        const value = element.getAttribute(name);
        if (value) element.setAttribute(name, renumber(value, all.length - 1, all.length));
      }
      if ("value" in element && element.tagName !== "OPTION") element.value = "";
    }
    for (const label of row.querySelectorAll(".visually-hidden")) {
      label.textContent = label.textContent.replace(String(all.length), String(all.length + 1));
    }
    for (const option of row.querySelectorAll("option[selected]")) option.removeAttribute("selected");
    last.after(row);
    row.querySelector("select, input, textarea").focus();
  };

  for (const button of document.querySelectorAll('fieldset button[name="more"]')) {
    const rows = button.closest("fieldset").querySelector("[data-rows]");
    button.addEventListener("click", (event) => {
      event.preventDefault();
      addRow(rows);
    });
  }

  const list = document.querySelector("[data-elements]");
  if (!list) return;
  const form = document.querySelector("form[data-described]");
  form.querySelector("[data-elements-button]").hidden = true;
  const told = document.querySelectorAll("[data-told]");
  const said = list.querySelector("[data-none]").dataset;

  const isStated = (field) => {
    const named = [...form.elements].filter((one) => one.name === field);
    const rows = [...form.querySelectorAll(`[data-rows="${field}"] :is(input, textarea)`)];
    return (
      named.some((one) => ((one.type === "radio" || one.type === "checkbox") ? one.checked : true) && one.value.trim()) ||
      rows.some((one) => one.value.trim())
    );
  };

  const look = () => {
    let missing = 0;
    for (const item of list.querySelectorAll("[data-fields]")) {
      const stated = item.dataset.fields.split(" ").some(isStated);
      item.dataset.state = stated ? "stated" : "missing";
      if (!stated && item.dataset.kind === "mandatory") missing += 1;
    }
    const words = missing === 0 ? said.none : missing === 1 ? said.one : said.many;
    const sentence = words.replace("{}", String(missing));
    for (const place of told) if (place.textContent !== sentence) place.textContent = sentence;
    list.dataset.missing = String(missing);
  };

  form.addEventListener("input", look);
  form.addEventListener("change", look);
  look();
})();
