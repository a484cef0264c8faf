"use strict";

// The link's secret stands behind "#", which browsers do not send to servers.
const secret = location.hash.slice(1);
const form = document.querySelector("form");
const button = document.querySelector("button");
const output = document.querySelector("output");

// A problem's detail begins with a small letter.
const show = (text) => { output.textContent = text.charAt(0).toUpperCase() + text.slice(1); };

// What a refusal means, and what to do next.
const refusal = (answer, body) => {
  if (body.errors) return body.errors.map((error) => `${error.field} ${error.message}`).join(", ");
  if (answer.status === 422) return `${body.detail ?? body.title}. Ask for another link where you asked for this one, or the person who invited you.`;
  const wait = answer.headers.get("retry-after");
  return `${body.detail ?? body.title}.` + (wait ? ` Try again in ${wait} seconds.` : "");
};

const setPassword = async () => {
  const answer = await fetch("set-password", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ secret, password: form.password.value }),
  });
  // Without a body when the next login asks for a code too.
  const body = answer.status === 204 ? {} : await answer.json();
  if (!answer.ok) return show(refusal(answer, body));
  form.hidden = true;
  // The link is used up: it need not stay in the history.
  history.replaceState(null, "", location.pathname);
  show(`Your password is set. Log in ${body.email ? `as ${body.email} with it` : "with it and a code of your app"} (POST /auth/login); you can close this page.`);
};

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
  await setPassword().catch(() => show("The server did not answer. Try again."));
  button.disabled = false;
});
