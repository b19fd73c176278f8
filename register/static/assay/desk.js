/*
 * The desk in the browser: institutions found as one types, their programmes, the hash of a report made here so that
 * the file never leaves the machine, and forms that are sent once. Without it all of this works by buttons.
 */
"use strict";

(() => {
  const WAIT = 200;
  const LARGEST = 512 * 1024 * 1024;

  const fetchPart = async (address, signal) => {
    const response = await fetch(address, { signal, headers: { "X-Requested-With": "fetch" } });
    if (!response.ok || response.redirected) throw new Error(String(response.status));
    return response.text();
  };

  /* What comes is our own page's markup, escaped by the server; it is parsed without running anything. */
  const put = (place, markup) => {
    place.replaceChildren(...new DOMParser().parseFromString(markup, "text/html").body.childNodes);
  };

  const findAsOneTypes = (box) => {
    const place = document.getElementById(box.dataset.into);
    const count = document.getElementById(box.dataset.count ?? "found-count");
    const button = box.form.querySelector("[name=find]");
    const question = `${box.dataset.find}${box.dataset.find.includes("?") ? "&" : "?"}q=`;
    let timer = 0;
    let asked = null;
    const find = async () => {
      asked?.abort();
      asked = new AbortController();
      const q = box.value.trim();
      if (q.length < 2) {
        place.replaceChildren();
        count.textContent = "";
        return;
      }
      try {
        put(place, await fetchPart(question + encodeURIComponent(q), asked.signal));
        count.textContent = place.querySelector("legend, .hint")?.textContent ?? "";
      } catch (error) {
        if (error.name !== "AbortError" && button) button.hidden = false;
      }
    };
    /* The first one found is chosen at once: arrows go on to the others, Tab to what was decided. */
    const chooseFirst = () => {
      const first = place.querySelector("input:not([disabled])");
      first?.focus();
      first?.click();
      return Boolean(first);
    };
    if (button) button.hidden = true;
    box.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(find, WAIT);
    });
    box.addEventListener("keydown", (event) => {
      if (event.key === "Enter") {
        event.preventDefault();
        clearTimeout(timer);
        find().then(chooseFirst);
      }
      if (event.key === "ArrowDown" && chooseFirst()) event.preventDefault();
    });
  };

  const offerProgrammes = (form) => {
    const place = document.getElementById("offers");
    form.addEventListener("change", async (event) => {
      if (event.target.name !== "issuer") return;
      try {
        put(place, await fetchPart(`/desk/issuers/offers?issuer=${encodeURIComponent(event.target.value)}`));
      } catch {
        place.replaceChildren();
      }
    });
  };

  const hashHere = (input) => {
    const result = document.getElementById(input.dataset.hashInto);
    const name = input.name;
    input.addEventListener("change", async () => {
      input.name = name;
      const [file] = input.files;
      if (!file || file.size > LARGEST || !globalThis.crypto?.subtle) return;
      const beginning = new TextDecoder("latin1").decode(await file.slice(0, 1024).arrayBuffer());
      if (!beginning.includes("%PDF-")) return;
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
      result.value = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
      input.removeAttribute("name");
    });
  };

  /* What is chosen stands in the line that folds it away. */
  const tellChosen = (event) => {
    const told = event.target.closest?.("details.pick")?.querySelector(":scope > summary [data-none]");
    if (!told) return;
    const chosen = [...event.target.closest("details.pick").querySelectorAll("input:checked")];
    const words = chosen.slice(0, 3).map((input) => input.closest("label").firstElementChild.nextSibling.textContent.trim());
    told.textContent = words.length ? words.join(", ") + (chosen.length > 3 ? ` + ${chosen.length - 3}` : "") : told.dataset.none;
  };

  /* Browsers show days in an order of their own; beside them they stand as they are spoken. */
  const spellDay = (input) => {
    const language = document.documentElement.lang;
    const writer = new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
    const told = document.createElement("span");
    const spell = () => {
      told.textContent = Number.isNaN(input.valueAsNumber) ? "" : writer.format(input.valueAsNumber);
    };
    told.className = "spelt";
    told.ariaHidden = "true";
    input.after(told);
    input.addEventListener("input", spell);
    spell();
  };

  const sendOnce = (form) => {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) {
        event.preventDefault();
        return;
      }
      form.dataset.sent = "1";
      form.setAttribute("aria-busy", "true");
    });
  };

  document.querySelectorAll("[data-find]").forEach(findAsOneTypes);
  document.querySelectorAll("form[data-desk=decision]").forEach(offerProgrammes);
  document.addEventListener("change", tellChosen);
  document.querySelectorAll("[data-hash-into]").forEach(hashHere);
  document.querySelectorAll("main input[type=date]").forEach(spellDay);
  document.querySelectorAll("main form[method=post]").forEach(sendOnce);
  /* Whoever comes back by the browser's history may send again. */
  addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => {
    delete form.dataset.sent;
    form.removeAttribute("aria-busy");
  }));
})();
