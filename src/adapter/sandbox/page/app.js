// The page: keeps what the sandbox says for one person at a time, and sends what that person does.
import { drawMap, loadTown, makePicker, nearest } from "./map.js";
import { avatar, brief, day, drawMessage, make } from "./message.js";
import { drawPeople, hasNews, markSeen } from "./people.js";
import { drawGuide, finished, watchGuide } from "./welcome.js";
import { chatTitle, lang, occupation, personName, placeName, setLang, word } from "./words.js";

const $ = (id) => document.getElementById(id);
const store = { me: 0, chat: 0, people: new Map(), chats: [], messages: new Map(), inbox: {}, bot: { id: 0, name: "" }, commands: [], seq: 0 };
const read = JSON.parse(localStorage.getItem("read") ?? "{}");
let polling = null, draft = null, picked = null, toastTimer = 0;

async function post(what, body) {
  const multipart = body instanceof FormData;
  const answer = await fetch("/sandbox/" + what, { method: "POST", body: multipart ? body : JSON.stringify(body), headers: multipart ? {} : { "content-type": "application/json" } });
  const result = await answer.json();
  if (!answer.ok) { toast(result.description ?? "?", true); throw new Error(result.description); }
  return result;
}

function toast(text, bad = false) {
  const node = $("toast");
  node.textContent = text;
  node.className = bad ? "on bad" : "on";
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { node.className = ""; }, Math.max(2600, text.length * 90));
}

// What is new, for as long as this person is played.
async function poll(me, signal) {
  let since = 0, failed = 0;
  while (!signal.aborted) {
    try {
      const answer = await fetch(`/sandbox/state?as=${me}&since=${since}&wait=25000`, { signal });
      if (!answer.ok) throw new Error(answer.status);
      const news = await answer.json();
      if (signal.aborted) return;
      failed = 0;
      since = news.seq ?? since;
      take(news);
    } catch (error) {
      if (signal.aborted) return;
      if (++failed === 2) toast(word("offline"), true);
      await new Promise((resolve) => setTimeout(resolve, Math.min(5000, 300 * failed)));
    }
  }
}

function take(news) {
  if (news.people) {
    store.people = new Map(news.people.map((person) => [person.id, person]));
    store.bot = news.bot;
    store.commands = news.commands ?? [];
    setChats(news.chats);
  }
  store.inbox = news.inbox ?? store.inbox;
  for (const part of news.messages ?? []) {
    if (part.reset || !store.messages.has(part.chat)) store.messages.set(part.chat, new Map());
    const known = store.messages.get(part.chat);
    for (const message of part.messages) known.set(message.message_id, message);
    if (part.chat === store.chat) part.reset ? drawLog() : part.messages.forEach(redraw);
  }
  store.messages.get(store.chat) && markRead();
  watchGuide(store);
  drawAround();
}

function setChats(chats) {
  if (!chats.some((chat) => chat.id === store.me)) chats = [...chats, { id: store.me, type: "private", purpose: "private", members: 1 }];
  const order = { desk: 0, office: 1, liaison: 2, "": 3, private: 4 };
  store.chats = chats.sort((a, b) => (order[a.purpose || (a.type === "private" ? "private" : "")] ?? 3) - (order[b.purpose || (b.type === "private" ? "private" : "")] ?? 3) || a.id - b.id);
  const wanted = (chat) => (store.goal ? chat.purpose === store.goal || chat.type === store.goal : chat.id === store.chat);
  const chosen = store.chats.find(wanted) ?? store.chats[0];
  store.goal = null;
  if (chosen.id !== store.chat) openChat(chosen.id); else drawLog();
}

function play(me, goal = null) {
  polling?.abort();
  polling = new AbortController();
  // Whoever the bot wrote to in private meanwhile wants to see that first; others see what their work is about.
  Object.assign(store, { me, goal: goal ?? (hasNews(me, store.inbox) ? "private" : null), messages: new Map(), chat: 0 });
  setDraft(null);
  $("people").classList.remove("open");
  $("toast").className = "";
  location.hash = `as=${me}`;
  poll(me, polling.signal);
}

function openChat(id) {
  store.chat = id;
  setDraft(null);
  drawLog();
  markRead();
  drawAround();
}

const unread = (chat) => {
  const last = read[`${store.me}/${chat}`] ?? 0;
  let count = 0;
  for (const message of store.messages.get(chat)?.values() ?? []) if (message.message_id > last && !message.deleted && message.from.id !== store.me) count++;
  return count;
};

function markRead() {
  const last = Math.max(0, ...(store.messages.get(store.chat)?.keys() ?? []));
  if ((read[`${store.me}/${store.chat}`] ?? 0) < last) {
    read[`${store.me}/${store.chat}`] = last;
    localStorage.setItem("read", JSON.stringify(read));
  }
  if (store.chat === store.me) markSeen(store.me, store.inbox);
}

function drawAround() {
  const me = store.people.get(store.me);
  if (!me) return;
  $("who").replaceChildren(avatar(me), make("div", "", make("b", "", personName(me)), make("small", "", occupation(me))));
  $("me-avatar").replaceChildren(me.emoji);
  $("me-avatar").style.background = me.colour + "44";
  $("composer").placeholder = innerWidth > 840 ? word("writeAs", { name: personName(me) }) : word("write");
  drawPeople($("people-list"), { people: store.people, me: store.me, inbox: store.inbox, choose: (id) => play(id) });
  $("chats").replaceChildren(...store.chats.map((chat) => {
    const tab = make("button", "chat", chatTitle(chat));
    tab.type = "button";
    tab.dataset.testid = "chat-" + chat.id;
    tab.setAttribute("aria-current", chat.id === store.chat);
    const count = chat.id === store.chat ? 0 : unread(chat.id);
    if (count) tab.append(make("span", "count", count > 99 ? "99+" : String(count)));
    tab.addEventListener("click", () => openChat(chat.id));
    return tab;
  }));
  $("chats").querySelector("[aria-current=true]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  const fresh = store.chat === store.me && !me.started;
  $("start").hidden = !fresh;
  drawGuide($("guide"), store, go, speak);
  drawTown();
}

let townKey = "";
function drawTown() {
  const pins = [...(store.messages.get(store.chat)?.values() ?? [])].filter((m) => m.location).slice(-5).map((m) => ({ lat: m.location.latitude, lon: m.location.longitude, radius: m.location.horizontal_accuracy }));
  const key = lang() + JSON.stringify(pins);
  if (key === townKey) return;
  townKey = key;
  $("town-map").replaceChildren(drawMap({ pins, labels: "some", zoom: 2.1 }), make("div", "caption", word("townMap")));
}

const context = () => ({ me: store.me, people: store.people, bot: store.bot, open });

function drawLog() {
  const log = $("log");
  const messages = [...(store.messages.get(store.chat)?.values() ?? [])].filter((m) => !m.deleted).sort((a, b) => a.message_id - b.message_id);
  const nodes = [];
  let before = null;
  for (const message of messages) {
    if (!before || day(before.date) !== day(message.date)) nodes.push(make("div", "day", day(message.date)));
    nodes.push(place(drawMessage(message, context()), message, before));
    before = message;
  }
  log.replaceChildren(...nodes);
  log.scrollTop = log.scrollHeight;
}

function place(node, message, before) {
  const close = before?.from && message.from && before.from.id === message.from.id && message.date - before.date < 300 && !before.sender_chat === !message.sender_chat;
  if (close) node.classList.add("follows");
  return node;
}

function redraw(message) {
  const log = $("log");
  const old = log.querySelector(`[data-id="${message.message_id}"]`);
  const low = log.scrollHeight - log.scrollTop - log.clientHeight < 140;
  const node = drawMessage(message, context());
  if (old) {
    if (old.classList.contains("follows")) node.classList.add("follows");
    old.replaceWith(node);
  } else if (!message.deleted) {
    const all = [...store.messages.get(store.chat).values()].filter((m) => m.message_id < message.message_id && !m.deleted);
    const before = all.reduce((best, m) => (!best || m.message_id > best.message_id ? m : best), null);
    if (!before || day(before.date) !== day(message.date)) log.append(make("div", "day", day(message.date)));
    node.classList.add("fresh");
    log.append(place(node, message, before));
  }
  if (low || message.from?.id === store.me) log.scrollTop = log.scrollHeight;
}

// What messages lead to.
const open = {
  async press(message, key, button) {
    button.classList.add("busy");
    try {
      const { answer } = await post("press", { as: store.me, chat: store.chat, message_id: message.message_id, data: key.callback_data });
      if (!answer) return toast(word("noAnswer"), true);
      if (answer.url) open.follow(answer.url);
      if (answer.text && answer.show_alert) { $("alert-text").textContent = answer.text; $("alert").showModal(); } else if (answer.text) toast(answer.text);
    } finally { button.classList.remove("busy"); }
  },
  // Deep links to the bot stay inside; tells whether this was one.
  link(url) {
    const deep = url.match(/^(?:https?:\/\/t\.me\/|tg:\/\/resolve\?domain=)([A-Za-z0-9_]+)(?:[?&]start=([\w-]*))?/);
    if (!deep || deep[1].toLowerCase() !== store.bot.username?.toLowerCase()) return false;
    openChat(store.me);
    post("say", { as: store.me, text: deep[2] ? `/start ${deep[2]}` : "/start" });
    return true;
  },
  follow(url) { if (!open.link(url) && /^https?:\/\//.test(url)) window.open(url, "_blank", "noopener"); },
  command(words) { $("composer").value = words + " "; typed(); $("composer").focus(); },
  reply(message) { setDraft({ reply: message }); },
  edit(message) { setDraft({ edit: message }); },
  remove(message) { post("delete", { as: store.me, chat: store.chat, message_id: message.message_id }); },
  react(message) {
    const mine = message.reactions?.some(([by]) => by === store.me);
    post("react", { as: store.me, chat: store.chat, message_id: message.message_id, emoji: mine ? null : "👍" });
  },
  jump(id) {
    const node = $("log").querySelector(`[data-id="${id}"]`);
    if (!node) return;
    node.scrollIntoView({ block: "center", behavior: "smooth" });
    node.classList.add("flash");
    setTimeout(() => node.classList.remove("flash"), 1300);
  },
};

function setDraft(next) {
  if (draft?.edit && !next?.edit) $("composer").value = "";
  draft = next;
  const bar = $("bar");
  bar.hidden = !next;
  if (next) {
    const cancel = make("button", "plain", "✕");
    cancel.type = "button";
    cancel.addEventListener("click", () => setDraft(null));
    bar.replaceChildren(make("div", "", `${word(next.edit ? "editing" : "replyTo")}: ${brief(next.edit ?? next.reply)}`), cancel);
    if (next.edit) $("composer").value = next.edit.text;
    $("composer").focus();
  }
  typed();
}

function typed() {
  const box = $("composer");
  box.style.height = "auto";
  box.style.height = Math.min(box.scrollHeight + 2, innerHeight * 0.34) + "px";
  $("send").disabled = !box.value.trim();
  const start = box.value.match(/^\/(\w*)$/);
  const fitting = start ? store.commands.filter((entry) => entry.command.startsWith(start[1])) : [];
  $("commands").hidden = !fitting.length;
  $("commands").replaceChildren(...fitting.map((entry) => {
    const row = make("button", "", make("b", "", "/" + entry.command), make("small", "", entry.description));
    row.type = "button";
    row.addEventListener("click", () => open.command("/" + entry.command));
    return row;
  }));
}

async function submit() {
  const text = $("composer").value.trim();
  if (!text) return;
  const base = { as: store.me, chat: store.chat };
  if (draft?.edit) await post("edit", { ...base, message_id: draft.edit.message_id, text });
  else await post("say", { ...base, text, reply_to: draft?.reply?.message_id ?? null });
  $("composer").value = "";
  draft = null;
  setDraft(null);
}

async function sendPhoto(fields) {
  const form = new FormData();
  const caption = $("composer").value.trim();
  for (const [key, value] of Object.entries({ as: store.me, chat: store.chat, text: caption, ...fields })) form.append(key, value);
  if (draft?.reply) form.append("reply_to", draft.reply.message_id);
  await post("photo", form);
  $("composer").value = "";
  setDraft(null);
}

const attach = {
  location() {
    picked = null;
    $("picker-send").disabled = $("picker-venue").disabled = $("picker-live").disabled = true;
    $("picker-text").textContent = word("pickHint");
    makePicker($("picker-map"), (at) => {
      const close = nearest(at.lat, at.lon);
      picked = { ...at, close };
      $("picker-text").textContent = `${at.lat.toFixed(5)}, ${at.lon.toFixed(5)}` + (close && close.metres < 400 ? ` · ${word("near")} ${placeName(close.place)} (${Math.round(close.metres)} ${word("metres")})` : "");
      $("picker-send").disabled = $("picker-live").disabled = false;
      $("picker-venue").disabled = !(close && close.metres < 150);
    });
    $("picker").showModal();
  },
  photo() { $("file").click(); },
  sample0() { sendPhoto({ sample: 0 }); },
  sample1() { sendPhoto({ sample: 1 }); },
  voice() { post("voice", { as: store.me, chat: store.chat, duration: 4, reply_to: draft?.reply?.message_id ?? null }); },
};

async function sendPlace(venue, live = false) {
  $("picker").close();
  const where = live ? { lat: picked.lat, lon: picked.lon, live } : venue ? { lat: picked.close.place.lat, lon: picked.close.place.lon, venue: placeName(picked.close.place), address: lang() === "zh" ? "菱湾镇" : "Lingwan" } : { lat: picked.lat, lon: picked.lon, accuracy: 20 };
  await post("location", { as: store.me, chat: store.chat, reply_to: draft?.reply?.message_id ?? null, ...where });
  setDraft(null);
}

// For the guide: become somebody, in a chat, with words at hand.
function go(person, goal, text = "") {
  $("side").classList.remove("open");
  play(person, goal);
  $("composer").value = text;
  setTimeout(() => { $("composer").value = text; typed(); if (text && innerWidth > 840) $("composer").focus(); }, 250);
}

// The guide's orders to the bot, one after another; nobody needs to look at its answers.
async function speak(orders) {
  drawAround();
  for (const order of orders) await post("say", order);
  toast(word("spoken"));
  setTimeout(() => { for (const { as, chat } of orders) if (as === chat) markSeen(as, store.inbox); drawAround(); }, 2500);
}

function translate() {
  document.documentElement.lang = lang();
  $("lang").textContent = lang() === "zh" ? "EN" : "中文";
  for (const node of document.querySelectorAll("[data-word]")) node.textContent = word(node.dataset.word);
  for (const node of document.querySelectorAll("[data-word-label]")) { node.title = word(node.dataset.wordLabel); node.setAttribute("aria-label", node.title); }
}

function wire() {
  $("compose").addEventListener("submit", (event) => { event.preventDefault(); submit(); });
  $("composer").addEventListener("input", typed);
  $("composer").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); submit(); }
    if (event.key === "Escape") setDraft(null);
  });
  $("attach").addEventListener("click", (event) => { event.stopPropagation(); $("attach-menu").hidden = !$("attach-menu").hidden; });
  document.addEventListener("click", () => { $("attach-menu").hidden = true; });
  for (const node of document.querySelectorAll("[data-attach]")) node.addEventListener("click", () => attach[node.dataset.attach]());
  $("file").addEventListener("change", () => { const [file] = $("file").files; if (file) sendPhoto({ file }); $("file").value = ""; });
  $("picker-send").addEventListener("click", () => sendPlace(false));
  $("picker-venue").addEventListener("click", () => sendPlace(true));
  $("picker-live").addEventListener("click", () => sendPlace(false, true));
  $("me-avatar").addEventListener("click", () => $("people").classList.toggle("open"));
  $("who").addEventListener("click", () => $("people").classList.toggle("open"));
  $("guide-toggle").addEventListener("click", () => { if (innerWidth > 840) $("guide").hidden = !$("guide").hidden; else $("side").classList.toggle("open"); });
  $("log").addEventListener("click", () => { $("people").classList.remove("open"); $("side").classList.remove("open"); });
  $("start-button").addEventListener("click", () => post("say", { as: store.me, text: "/start" }));
  for (const node of document.querySelectorAll("[data-close]")) node.addEventListener("click", () => { const target = $(node.dataset.close); target.close ? target.close() : target.classList.remove("open"); });
  $("lang").addEventListener("click", () => { setLang(lang() === "zh" ? "en" : "zh"); translate(); drawLog(); drawAround(); });
}

translate();
wire();
const town = await loadTown();
// What was read and done in another town on this port says nothing about this one.
if (localStorage.getItem("town") !== town) {
  const stale = ["read", "seen", "guide", "spoken"].filter((key) => localStorage.getItem(key) !== null);
  for (const key of stale) localStorage.removeItem(key);
  localStorage.setItem("town", town);
  if (stale.length) location.reload();
}
const from = new URLSearchParams(location.hash.slice(1));
play(Number(from.get("as")) || 610501, from.get("goal") ?? "liaison");
if (innerWidth <= 840 && !finished() && !from.get("as")) $("side").classList.add("open");
