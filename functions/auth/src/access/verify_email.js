"use strict";

// The link's secret stands behind "#", which browsers do not send to servers. "&stop" after it stops a change.
const [secret, what] = location.hash.slice(1).split("&");
const stops = what === "stop";
const form = document.querySelector("form");
const button = document.querySelector("button");
const output = document.querySelector("output");

// A problem's detail begins with a small letter.
const show = (text) => { output.textContent = text.charAt(0).toUpperCase() + text.slice(1); };

const DONE = {
  PROVEN: "Your e-mail address is confirmed; you can close this page.",
  CONFIRMED_BY_ONE: "Confirmed. The other address has to confirm too: open the link that was sent to it.",
  CHANGED: "Your e-mail address is changed: log in with the new one from now on. You can close this page.",
};
const STOPPED = "The change is stopped; your e-mail address stays as it is. If you did not ask for the change, choose " +
  "another password now, because your present one is known to another person.";

const post = async () => {
  const answer = await fetch(stops ? "stop-email-change" : "verify-email", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ secret }),
  });
  const body = answer.status === 204 ? {} : await answer.json();
  if (!answer.ok) {
    const wait = answer.headers.get("retry-after");
    const next = wait ? ` Try again in ${wait} seconds.` : "";
    const again = answer.status === 422 ? " It works once: if you have used it, all is done; if not, ask for another." : "";
    return show(`${body.detail ?? body.title}.${again}${next}`);
  }
  form.hidden = true;
  // The link is used up: it need not stay in the history.
  history.replaceState(null, "", location.pathname);
  show(stops ? STOPPED : DONE[body.state]);
};

if (stops) {
  document.title = "Stop the change of your e-mail address";
  document.querySelector("h1").textContent = document.title;
  button.textContent = "Stop the change";
}
if (secret) {
  button.disabled = false;
  show("");
} else {
  show("This link is incomplete: copy the whole link from the e-mail, up to its last character.");
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  show("");
  await post().catch(() => show("The server did not answer. Try again."));
  button.disabled = false;
});
