/*
 * /verify in the browser: dropping and scanning, printing, and the check of a receipt that sends nothing but the id
 * of the issuer. Without it the page is a form that works.
 */
"use strict";

(() => {
  const { parseReceipt, computeRoot, checkSignature, hash, hashLeaf, equal, encoder, list } = globalThis.assayProof;
  const LABEL = "assay/credential-commitment: SHA-256 over this line, version, salt, digest\n";
  const MOST_PAGES = 100;

  const find = (id) => document.getElementById(id);
  const words = find("receipt-words");
  const { format: FORMAT, tree: TREE } = find("ledgers").dataset;
  const say = (name) => words.content.querySelector(`[data-say="${name}"]`).dataset.text;

  /* ---------- The receipt, step by step (register/credentials/README.md) ---------- */

  const readHex = (text, length) => {
    if (typeof text !== "string" || text.length !== 2 * length || /[^0-9a-f]/.test(text)) throw new Error("not hex");
    return Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));
  };

  /* RFC 8785: what JSON.stringify writes, with names in the order of their UTF-16 units. */
  const canonical = (value) => {
    if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
    if (value === null || typeof value !== "object") return JSON.stringify(value);
    const members = Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`);
    return `{${members.join(",")}}`;
  };

  /* The text that a credential's digest is of; null for a file this page cannot read. */
  const readCovered = (text) => {
    const trimmed = text.trim();
    if (/^[\w-]+\.[\w-]+\.[\w-]+$/.test(trimmed)) return trimmed;
    let value;
    try {
      value = JSON.parse(trimmed);
    } catch {
      return null;
    }
    if (typeof value === "string") return readCovered(value);
    if (value === null || typeof value !== "object" || Array.isArray(value)) return null;
    if (value.credential && value.receipt) {
      return typeof value.credential === "string" ? readCovered(value.credential) : canonical(value.credential);
    }
    if (typeof value.payload === "string" && value.signatures) return value.payload;
    return canonical(value);
  };

  const checkCredential = async (receipt, covered) => {
    if (covered === undefined) return "off";
    const digest = await hash(encoder.encode(covered));
    const salt = readHex(receipt.salt, 16);
    const commitment = await hash(encoder.encode(LABEL), Uint8Array.of(1), salt, digest);
    return equal(commitment, readHex(receipt.proof.targetHash, 32)) ? "good" : "bad";
  };

  /* The turns of a path, from the root down, must end at one leaf of a tree of `count`. */
  const endsAtLeaf = (path, count) => {
    let leaves = count;
    for (const step of [...path].reverse()) {
      if (leaves < 2) return false;
      let half = 1;
      while (half * 2 < leaves) half *= 2;
      leaves = "left" in step ? leaves - half : half;
    }
    return leaves === 1;
  };

  const checkBatch = async ({ targetHash, merkleRoot, path }, count) => {
    let node = readHex(targetHash, 32);
    for (const step of path) {
      node = await ("left" in step ? hash(readHex(step.left, 32), node) : hash(node, readHex(step.right, 32)));
    }
    return equal(node, readHex(merkleRoot, 32)) && endsAtLeaf(path, count) ? "good" : "bad";
  };

  const checkEntry = (receipt, entry) => {
    const { root, tree_algorithm: tree } = entry.data;
    const names = entry.type === "credentials.anchored" && root === receipt.proof.merkleRoot && tree === TREE;
    return names && entry.subject === receipt.batch ? "good" : "bad";
  };

  const checkSigned = async (proof, vkeys) => {
    const outcomes = await Promise.all(vkeys.map((vkey) => checkSignature(proof, vkey).catch(() => "bad")));
    return ["good", "off"].find((outcome) => outcomes.includes(outcome)) ?? "bad";
  };

  const findLedger = (origin) =>
    [...find("ledgers").children].find((ledger) => ledger.dataset.origin === origin);

  /* Receipt as text, and what the credential's digest is of → check → outcome; and the entry, for whom to ask. */
  const checkReceipt = async (text, covered) => {
    const receipt = JSON.parse(text);
    if (receipt.format !== FORMAT) throw new Error("not a receipt");
    const entry = JSON.parse(receipt.entry);
    const proof = parseReceipt(receipt.tlog_proof);
    const leaf = await hashLeaf(encoder.encode(receipt.entry));
    const root = await computeRoot(leaf, proof.index, proof.size, proof.path);
    const ledger = findLedger(proof.origin);
    const vkeys = ledger ? ledger.dataset.vkeys.split(" ") : receipt.keys.filter((key) => key.startsWith(`${proof.origin}+`));
    const results = {
      credential: await checkCredential(receipt, covered),
      batch: await checkBatch(receipt.proof, entry.data.count),
      entry: checkEntry(receipt, entry),
      path: root !== null && equal(root, proof.root) ? "good" : "bad",
      signature: await checkSigned(proof, vkeys),
      ledger: ledger ? "good" : "off",
    };
    return { results, ledger, issuer: entry.data.issuer, time: entry.time, commitment: receipt.proof.targetHash };
  };

  /* Reads all that the issuer ever withdrew and looks here for the one: the register does not learn which it is. */
  const checkRevoked = async ({ ledger, issuer, commitment }) => {
    let next = `/api/v1/issuers/${encodeURIComponent(issuer)}/withdrawals?limit=200`;
    if (ledger.dataset.register) next += `&register=${encodeURIComponent(ledger.dataset.register)}`;
    for (let page = 0; next && page < MOST_PAGES; page += 1) {
      const answer = await fetch(next, { headers: { Accept: "application/json" }, credentials: "omit" });
      if (!answer.ok) return "off";
      const { items, next: following } = await answer.json();
      const found = items.find((item) => item.commitment === commitment);
      if (found) return ["revoked", "suspended"].includes(found.state) ? "bad" : "good";
      const address = following && new URL(following);
      next = address && address.pathname + address.search;
    }
    return next ? "off" : "good";
  };

  /* When it was anchored, and a link to whoever did; only of a receipt that holds. */
  const nameIssuer = ({ ledger, issuer, time }) => {
    const told = document.createElement("p");
    const days = { dateStyle: "long", timeStyle: "short", timeZone: "UTC" };
    const { lang } = document.documentElement;
    const spelt = new Date(time).toLocaleString(lang === "en" ? "en-GB" : lang, days);
    told.textContent = `${say("anchored")} ${spelt} UTC. `;
    told.title = time;
    if (ledger && /^[0-9a-f-]{36}$/.test(issuer)) {
      const link = document.createElement("a");
      const register = ledger.dataset.register;
      link.href = `/issuers/${issuer}${register && `?register=${encodeURIComponent(register)}`}`;
      link.textContent = say("issuer");
      told.append(link);
    }
    return told;
  };

  const showReceipt = async (place, text, covered) => {
    try {
      const checked = await checkReceipt(text, covered);
      const { results } = checked;
      const sound = !Object.values(results).includes("bad");
      if (sound) results.revoked = checked.ledger ? await checkRevoked(checked).catch(() => "off") : "off";
      place.replaceChildren(list({ ...results, rest: "off" }, words), ...(sound ? [nameIssuer(checked)] : []));
    } catch {
      place.replaceChildren(list({ form: "bad" }, words));
    }
  };

  const hasCrypto = Boolean(window.crypto?.subtle);

  /* ---------- The report ---------- */

  const kept = find("receipt-text");
  for (const island of hasCrypto && kept ? document.querySelectorAll(".receipt-check") : []) {
    island.hidden = false;
    const place = island.querySelector("[role=status]");
    island.querySelector("button").addEventListener("click", () => showReceipt(place, kept.textContent));
  }

  // Of several reports the first stands open; one that is asked for, or all on paper, open as well.
  const unfold = (where) => where?.querySelectorAll("details.unfolds").forEach((one) => { one.open = true; });
  const unfoldNamed = () => unfold(location.hash.startsWith("#credential-") ? find(location.hash.slice(1)) : null);
  window.addEventListener("hashchange", unfoldNamed);
  window.addEventListener("beforeprint", () => unfold(document));
  unfoldNamed();

  const print = find("print");
  if (print) {
    print.hidden = false;
    print.addEventListener("click", () => window.print());
  }

  find("wrong")?.focus();

  /* ---------- Handing in ---------- */

  const form = find("hand-in");
  if (!form) return;

  const [file, text, receipt] = ["file", "text", "receipt"].map(find);
  const said = find("hand-in-said");
  for (const part of document.querySelectorAll(".with-script")) part.hidden = false;

  const take = (files) => {
    file.files = files;
    said.textContent = `${say("chosen")} ${files[0].name}`;
    file.dispatchEvent(new Event("change"));
  };

  for (const input of [file, receipt]) {
    input.addEventListener("change", () => {
      const [chosen] = input.files;
      input.setCustomValidity(chosen && chosen.size > Number(form.dataset.most) ? say("large") : "");
      input.reportValidity();
    });
  }

  const drop = find("drop");
  for (const name of ["dragover", "dragleave", "drop"]) {
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", name === "dragover");
      if (name === "drop" && event.dataTransfer.files.length) take(event.dataTransfer.files);
    });
  }

  document.addEventListener("paste", (event) => {
    if (event.clipboardData.files.length) {
      event.preventDefault();
      take(event.clipboardData.files);
    }
  });

  const privately = find("private-check");
  if (hasCrypto) {
    privately.hidden = false;
    find("private-off").hidden = true;
  }
  find("private-start").addEventListener("click", async () => {
    const place = find("private-result");
    const given = text.value || (file.files[0] && await file.files[0].text());
    if (!given || !receipt.files[0]) return place.replaceChildren(list({ missing: "off" }, words));
    const covered = readCovered(given);
    if (covered === null) return place.replaceChildren(list({ kind: "off" }, words));
    return showReceipt(place, await receipt.files[0].text(), covered);
  });

  /* ---------- Scanning ---------- */

  const [start, stop, view] = ["scan-start", "scan-stop", "scan-view"].map(find);
  let stream = null;

  const end = () => {
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = null;
    view.hidden = stop.hidden = true;
    start.hidden = false;
  };

  const takeCode = (code) => {
    end();
    if (/^[a-z][a-z0-9+.-]+:[^\s{}"]+$/i.test(code.trim())) {
      said.textContent = say("address");
      return start.focus();
    }
    text.value = code;
    said.textContent = say("scanned");
    return form.querySelector("button:not([type])").focus();
  };

  const look = async (detector) => {
    while (stream) {
      const [found] = await detector.detect(view).catch(() => []);
      if (found && stream) return takeCode(found.rawValue);
      await new Promise(requestAnimationFrame);
    }
    return undefined;
  };

  const scan = async () => {
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch {
      said.textContent = say("camera");
      return undefined;
    }
    view.srcObject = stream;
    view.hidden = stop.hidden = false;
    start.hidden = true;
    said.textContent = say("looking");
    stop.focus();
    await view.play();
    return look(new BarcodeDetector({ formats: ["qr_code"] }));
  };

  const offerScan = async () => {
    const known = "BarcodeDetector" in window ? await BarcodeDetector.getSupportedFormats() : [];
    find("scan").hidden = !(known.includes("qr_code") && navigator.mediaDevices);
  };

  start.addEventListener("click", scan);
  stop.addEventListener("click", () => {
    end();
    said.textContent = "";
    start.focus();
  });
  offerScan();
})();
