"use strict";
// Whoever follows the link of an invitation: signs in or up, sees who asks, and answers.

const ENGLISH = {
  email: "E-mail address",
  password: "Password",
  newPassword: "Password, at least 8 characters",
  name: "Name",
  code: "Code of your authenticator",
  signIn: "Sign in",
  signUp: "Sign up",
  toSignIn: "I have an account: sign in",
  toSignUp: "I have no account: sign up",
  signOut: "Sign in as somebody else",
  accept: "Accept",
  decline: "Decline",
  signedOut: "You are invited to join a team. Sign in with the e-mail address that the invitation was sent to.",
  verify: "Send me a link",
  unverified: "Show first that the e-mail address is yours.",
  sent: "Open the link in the mail that we have just sent you. It leads back here.",
  secondFactor: "Enter the code of your second factor.",
  none: "There is no such invitation for you. It may have expired, been answered or taken back, or be addressed to somebody else.",
  invited: "You are invited to join:",
  asks: (inviter, role) => `${inviter} asks you to join as “${role}”.`,
  accepted: "You have joined.",
  declined: "You have declined.",
  failed: "It did not work. Try again in a moment.",
};

const PORTUGUESE = {
  email: "E-mail",
  password: "Senha",
  newPassword: "Senha, com ao menos 8 caracteres",
  name: "Nome",
  code: "Código do seu autenticador",
  signIn: "Entrar",
  signUp: "Cadastrar-se",
  toSignIn: "Já tenho uma conta: entrar",
  toSignUp: "Não tenho conta: cadastrar-se",
  signOut: "Entrar com outra conta",
  accept: "Aceitar",
  decline: "Recusar",
  signedOut: "Você foi convidado para uma equipe. Entre com o e-mail que recebeu o convite.",
  verify: "Enviar um link",
  unverified: "Confirme primeiro que o e-mail é seu.",
  sent: "Abra o link no e-mail que acabamos de enviar. Ele traz você de volta para cá.",
  secondFactor: "Digite o código do seu segundo fator.",
  none: "Não há tal convite para você. Ele pode ter expirado, sido respondido ou retirado, ou ser de outra pessoa.",
  invited: "Você foi convidado para:",
  asks: (inviter, role) => `${inviter} convida você como “${role}”.`,
  accepted: "Você agora faz parte.",
  declined: "Você recusou.",
  failed: "Não deu certo. Tente de novo daqui a pouco.",
};

const words = navigator.language.startsWith("pt") ? PORTUGUESE : ENGLISH;
const invitation = location.pathname.split("/").at(-1).toLowerCase();
const at = (id) => document.getElementById(id);
const PARTS = ["sign-in", "sign-up", "second-factor", "verify", "answer", "sign-out"];

/** Shows a message and these parts of the page. What others have chosen is only ever set as text. */
function show(message, ...parts) {
  at("message").textContent = message;
  for (const part of PARTS) at(part).hidden = !parts.includes(part);
}

/** Asks the API; answers the status and the body. */
async function call(path, body) {
  const post = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(path, body ? post : {});
  return { ok: answer.ok, status: answer.status, body: await answer.json().catch(() => null) };
}

/** What is tried when somebody acts: nothing else can be pressed meanwhile, and a failure is told. */
function when(id, event, act) {
  at(id).addEventListener(event, async (happening) => {
    happening.preventDefault();
    const buttons = document.querySelectorAll("button");
    for (const button of buttons) button.disabled = true;
    await act(Object.fromEntries(event === "submit" ? new FormData(at(id)) : [])).catch(() => (at("message").textContent = words.failed));
    for (const button of buttons) button.disabled = false;
  });
}

const refusal = ({ body }) => (at("message").textContent = body?.message ?? words.failed);

/** Has the reader show first that the address is theirs. */
function unverified(email) {
  at("verify").dataset.email = email;
  show(words.unverified, "verify", "sign-out");
}

/** Where the reader stands: signed out, with an address that is not verified, or before the invitation. */
async function look() {
  const session = (await call("/api/auth/get-session")).body;
  if (!session?.user) return show(words.signedOut, "sign-in");
  if (!session.user.emailVerified) return unverified(session.user.email);
  const found = await call(`/api/tenant/invitations/${invitation}`);
  if (found.status === 404) return show(words.none, "sign-out");
  if (!found.ok) return refusal(found);
  const { tenantId, tenantName, inviterEmail, role } = found.body.data;
  at("tenant").textContent = tenantName;
  at("details").textContent = words.asks(inviterEmail, role);
  at("answer").dataset.tenant = tenantId;
  show(words.invited, "answer", "sign-out");
}

/** Answers the invitation. */
async function answer(verb, done) {
  const outcome = await call(`/api/tenant/${at("answer").dataset.tenant}/invitations/${invitation}/${verb}`, {});
  if (outcome.ok) show(done);
  else refusal(outcome);
}

when("sign-in", "submit", async (form) => {
  const outcome = await call("/api/auth/sign-in/email", form);
  if (outcome.body?.twoFactorRedirect) return show(words.secondFactor, "second-factor");
  if (outcome.body?.code === "EMAIL_NOT_VERIFIED") return unverified(form.email);
  return outcome.ok ? look() : refusal(outcome);
});
when("sign-up", "submit", async (form) => {
  const outcome = await call("/api/auth/sign-up/email", { ...form, callbackURL: location.pathname });
  return outcome.ok ? show(words.sent) : refusal(outcome);
});
when("second-factor", "submit", async (form) => {
  const outcome = await call("/api/auth/two-factor/verify-totp", form);
  return outcome.ok ? look() : refusal(outcome);
});
when("verify", "click", async () => {
  const outcome = await call("/api/auth/send-verification-email", { email: at("verify").dataset.email, callbackURL: location.pathname });
  return outcome.ok ? show(words.sent) : refusal(outcome);
});
when("sign-out", "click", async () => {
  await call("/api/auth/sign-out", {});
  await look();
});
when("accept", "click", () => answer("accept", words.accepted));
when("decline", "click", () => answer("decline", words.declined));
when("to-sign-up", "click", async () => show(words.signedOut, "sign-up"));
when("to-sign-in", "click", async () => show(words.signedOut, "sign-in"));

document.documentElement.lang = words === PORTUGUESE ? "pt-BR" : "en";
for (const place of document.querySelectorAll("[data-word]")) place.textContent = words[place.dataset.word];
look().catch(() => show(words.failed));
