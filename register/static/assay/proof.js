/*
 * Checks a ledger entry's receipt in the browser: RFC 6962/9162 hashing, the C2SP tlog-proof, the checkpoint's note.
 * Everything it needs stands on the page; it asks no server. Without it the page loses nothing but the button.
 * verify.js takes its steps from here (`assayProof`).
 */
"use strict";

(() => {
  const HEADER = "c2sp.org/tlog-proof@v1";
  const ED25519 = 1;
  const encoder = new TextEncoder();

  const decodeBase64 = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));

  const join = (...parts) => {
    const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  };

  const equal = (left, right) => left.length === right.length && left.every((byte, at) => byte === right[at]);
  const hash = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", join(...parts)));
  const hashLeaf = (data) => hash(Uint8Array.of(0), data);
  const hashNode = (left, right) => hash(Uint8Array.of(1), left, right);

  /* Receipt → index, path, and the checkpoint's signed text, size, root and signature lines. Throws when malformed. */
  const parseReceipt = (text) => {
    const cut = text.indexOf("\n\n");
    const [header, ...lines] = text.slice(0, cut).split("\n");
    if (cut < 0 || header !== HEADER) throw new Error("not a receipt");
    const rest = lines[0].startsWith("extra ") ? lines.slice(1) : lines;
    if (!/^index (0|[1-9][0-9]*)$/.test(rest[0])) throw new Error("no index");
    const note = text.slice(cut + 2);
    const end = note.indexOf("\n\n") + 1;
    const [origin, size, root] = note.slice(0, end).split("\n");
    const signatures = note.slice(end + 1).split("\n").filter(Boolean).map((line) => {
      const [dash, name, blob] = line.split(" ");
      if (dash !== "—") throw new Error("not a signature line");
      return { name, blob: decodeBase64(blob) };
    });
    const path = rest.slice(1).map(decodeBase64);
    return { index: BigInt(rest[0].slice(6)), path, signed: note.slice(0, end), origin, size: BigInt(size),
      root: decodeBase64(root), signatures };
  };

  /* RFC 9162, section 2.1.3.2: the root that a leaf's hash and its path lead to; null when the path has a wrong length. */
  const computeRoot = async (leaf, index, size, path) => {
    if (index >= size) return null;
    let place = index;
    let last = size - 1n;
    let root = leaf;
    for (const sibling of path) {
      if (last === 0n) return null;
      if (place % 2n === 1n || place === last) {
        root = await hashNode(sibling, root);
        while (place % 2n === 0n && place !== 0n) {
          place /= 2n;
          last /= 2n;
        }
      } else {
        root = await hashNode(root, sibling);
      }
      place /= 2n;
      last /= 2n;
    }
    return last === 0n ? root : null;
  };

  /* Verifier key `name+id+base64(type, key)` → name, key id, public key. */
  const parseKey = (text) => {
    const [name, id, ...blob] = text.split("+");
    const bytes = decodeBase64(blob.join("+"));
    if (bytes[0] !== ED25519 || bytes.length !== 33) throw new Error("not an Ed25519 key");
    return { name, id: Uint8Array.from(id.match(/../g), (pair) => parseInt(pair, 16)), key: bytes.slice(1) };
  };

  /* "good", "bad", or "off" where the browser knows no Ed25519. */
  const checkSignature = async (receipt, vkey) => {
    const { name, id, key } = parseKey(vkey);
    const line = receipt.signatures.find((one) => one.name === name && equal(one.blob.slice(0, 4), id));
    if (!line || receipt.origin !== name) return "bad";
    let imported;
    try {
      imported = await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
    } catch {
      return "off";
    }
    const signed = encoder.encode(receipt.signed);
    const sound = await crypto.subtle.verify({ name: "Ed25519" }, imported, line.blob.slice(4), signed);
    return sound ? "good" : "bad";
  };

  const check = async (data, text, vkey, place) => {
    const receipt = parseReceipt(text);
    const root = await computeRoot(await hashLeaf(encoder.encode(data)), receipt.index, receipt.size, receipt.path);
    const leads = root !== null && equal(root, receipt.root) && receipt.index === place;
    return { leaf: "good", path: leads ? "good" : "bad", signature: await checkSignature(receipt, vkey), key: "off" };
  };

  const SYMBOLS = { good: "ok", bad: "no", off: "dash" };

  /* Check → outcome, as a list of sentences from a template: one element a check, its sentences by outcome. */
  const list = (results, words) => {
    const shown = document.createElement("ul");
    shown.className = "checks";
    for (const [name, outcome] of Object.entries(results)) {
      const sentence = words.content.querySelector(`[data-check="${name}"]`).dataset[outcome];
      const item = document.createElement("li");
      item.className = outcome;
      const symbol = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      symbol.setAttribute("aria-hidden", "true");
      const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
      use.setAttribute("href", `#${SYMBOLS[outcome]}`);
      symbol.append(use);
      const said = document.createElement("span");
      said.textContent = sentence;
      item.append(symbol, said);
      shown.append(item);
    }
    return shown;
  };

  const show = (results) => {
    const said = list(results, document.getElementById("check-words"));
    document.getElementById("check-result").replaceChildren(said);
  };

  globalThis.assayProof = { parseReceipt, computeRoot, checkSignature, hash, hashLeaf, equal, encoder, list };

  const island = document.getElementById("check");
  /* Web pages that did not come over HTTPS or from this very machine have no crypto to check with. */
  if (!island || !window.crypto?.subtle) return;
  island.hidden = false;
  document.getElementById("check-off").hidden = true;
  document.getElementById("check-start").addEventListener("click", async () => {
    const data = document.getElementById("entry-bytes").textContent;
    const receipt = document.getElementById("receipt").textContent;
    const place = BigInt(location.pathname.split("/").pop());
    try {
      show(await check(data, receipt, island.dataset.vkey, place));
    } catch {
      show({ leaf: "good", path: "bad", signature: "bad" });
    }
  });
})();
