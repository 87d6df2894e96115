// The list of people: who the browser plays now, and who was written to meanwhile.
import { avatar, make } from "./message.js";
import { occupation, personName, word } from "./words.js";

const rank = (person) => {
  const roles = person.roles ?? [];
  return ["police", "patrol", "response"].some((role) => roles.includes(role)) ? "police" : roles.includes("office") || roles.includes("admin") ? "office" : roles.includes("responder") ? "guards" : "informants";
};

// A person is marked when the bot wrote to them in private since the page last played them.
const seen = JSON.parse(localStorage.getItem("seen") ?? "{}");
export function markSeen(id, inbox) {
  if (!inbox[id] || seen[id] === inbox[id].id) return;
  seen[id] = inbox[id].id;
  localStorage.setItem("seen", JSON.stringify(seen));
}
export const hasNews = (id, inbox) => Boolean(inbox[id] && inbox[id].id > (seen[id] ?? 0));

export function drawPeople(host, { people, me, inbox, choose }) {
  const nodes = [];
  for (const group of ["informants", "police", "guards", "office"]) {
    const members = [...people.values()].filter((person) => rank(person) === group);
    if (!members.length) continue;
    nodes.push(make("div", "group-name", word(group)));
    for (const person of members) {
      const row = make("button", "person", avatar(person), make("span", "", make("b", "", personName(person)), make("small", "", occupation(person))));
      row.type = "button";
      row.dataset.testid = "person-" + person.id;
      row.setAttribute("role", "option");
      row.setAttribute("aria-selected", person.id === me);
      if (person.id !== me && hasNews(person.id, inbox)) row.append(make("span", "dot"));
      row.addEventListener("click", () => choose(person.id));
      nodes.push(row);
    }
  }
  host.replaceChildren(...nodes);
}
