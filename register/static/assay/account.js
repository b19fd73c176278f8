/* Passkeys: hands the server's options to the browser and its answer back. A form with data-passkey="get" or "create". */
(() => {
  "use strict";
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const listed = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  const read = ({ publicKey: asked }) => ({
    ...asked,
    challenge: bytes(asked.challenge),
    ...(asked.user && { user: { ...asked.user, id: bytes(asked.user.id) } }),
    ...(asked.allowCredentials && { allowCredentials: listed(asked.allowCredentials) }),
    ...(asked.excludeCredentials && { excludeCredentials: listed(asked.excludeCredentials) }),
  });

  const tell = (made) => {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (made.response[name]) response[name] = text(made.response[name]);
    }
    if (made.response.getTransports) response.transports = made.response.getTransports();
    return {
      id: made.id,
      rawId: text(made.rawId),
      type: made.type,
      authenticatorAttachment: made.authenticatorAttachment,
      clientExtensionResults: made.getClientExtensionResults(),
      response,
    };
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    if (!window.PublicKeyCredential) continue;
    form.hidden = false;
    const wrong = form.querySelector("[role=alert]");
    const start = async () => {
      wrong.hidden = true;
      try {
        const publicKey = read(JSON.parse(form.dataset.options));
        const made = await navigator.credentials[form.dataset.passkey]({ publicKey });
        form.elements.credential.value = JSON.stringify(tell(made));
        form.submit();
      } catch {
        wrong.hidden = false;
      }
    };
    form.querySelector("button").addEventListener("click", start);
    if ("atOnce" in form.dataset) start();
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      start();
    });
  }
})();
