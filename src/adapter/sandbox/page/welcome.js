// The guide for newcomers: four steps that end with a downloaded table. It only points; people do the pressing.
import { make } from "./message.js";
import { lang, personName, word } from "./words.js";

const COURIER = 610501, OFFICER = 610521, CLERK = 610531, DIRECTOR = 610532, GUARD = 610541;
const done = new Set(JSON.parse(localStorage.getItem("guide") ?? "[]"));
export const finished = () => done.size >= 4;
function finish(step) { if (!done.has(step)) { done.add(step); localStorage.setItem("guide", JSON.stringify([...done])); } }

// Looks at what is new and ticks off what has happened.
export function watchGuide(store) {
  const messages = [...(store.messages.get(store.chat)?.values() ?? [])];
  if (store.me === COURIER && messages.some((m) => m.from?.id === store.bot.id && m.reply_to_message?.from.id === COURIER)) finish(1);
  if (calledGuard(store)) finish(2);
  if (done.has(2) && (store.people.get(store.me)?.roles ?? []).includes("responder") && messages.some((m) => m.from?.id === store.bot.id && m.edit_date)) finish(3);
  if (store.me === CLERK && messages.some((m) => m.document)) finish(4);
}

function calledGuard(store) {
  const guards = [...store.people.values()].filter((person) => (person.roles ?? []).includes("responder") && store.inbox[person.id]?.buttons);
  return guards.find((person) => person.id === GUARD) ?? guards[0];
}

// The bot speaks each group's and each person's own language, whatever the page's is: this tells it in everybody's
// name, as they would, that it is the page's language now. Gives what is to be said, by whom and where.
export function languageOrders(people) {
  const order = (as, chat) => ({ as, chat, text: "/language " + lang() });
  const groups = [[OFFICER, -1001700000001], [OFFICER, -4700002], [OFFICER, -1001700000003], [DIRECTOR, -1001700000004]];
  const started = [...people.values()].filter((person) => person.started);
  return [...groups.map(([as, chat]) => order(as, chat)), ...started.map((person) => order(person.id, person.id))];
}
const spoken = () => localStorage.getItem("spoken") ?? "zh";

export function drawGuide(host, store, go, speak) {
  if (!store.people.size) return;
  const guard = calledGuard(store) ?? store.people.get(GUARD);
  const month = new Date().toISOString().slice(0, 7);
  const steps = [
    ["step1", {}, () => go(COURIER, "liaison", word("tip"))],
    ["step2", {}, () => go(OFFICER, "desk")],
    ["step3", { name: guard ? personName(guard) : "" }, () => go(guard?.id ?? GUARD, "private")],
    ["step4", {}, () => go(CLERK, "office", `/export ${month}`)],
  ];
  const now = steps.findIndex((_, n) => !done.has(n + 1));
  const list = make("ol");
  steps.forEach(([key, values, action], n) => {
    const button = make("button", n === now ? "primary" : "", word(key + "do", values));
    button.type = "button";
    button.dataset.testid = "guide-" + (n + 1);
    button.addEventListener("click", action);
    const item = make("li", done.has(n + 1) ? "done" : n === now ? "now" : "", make("span", "n", done.has(n + 1) ? "✓" : String(n + 1)), make("b", "", word(key)), make("small", "", word(key + "hint")), button);
    list.append(item);
  });
  const ask = make("button", "ask", word("speak"));
  ask.type = "button";
  ask.dataset.testid = "speak";
  ask.addEventListener("click", () => { localStorage.setItem("spoken", lang()); speak(languageOrders(store.people)); });
  host.replaceChildren(make("h2", "", word("welcome")), make("p", "", word("welcomeText")), ...(spoken() === lang() ? [] : [ask]), list);
}
