// One message as DOM. Whatever people or the bot wrote goes in as text nodes; markup comes from entities alone.
import { drawMap, nearest, timeZone } from "./map.js";
import { lang, occupation, personName, placeName, word } from "./words.js";

export function make(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export function avatar(person, isBot) {
  const node = make("span", "avatar", isBot ? "百" : person?.emoji || "👤");
  if (isBot) node.classList.add("bot");
  else node.style.background = (person?.colour || "#94a3b8") + "44";
  return node;
}

const PLAIN = { bold: "b", italic: "i", underline: "u", strikethrough: "s", code: "code", pre: "pre", blockquote: "blockquote", expandable_blockquote: "blockquote" };
const TAGS = new Set(["hashtag", "mention", "bot_command", "cashtag", "text_mention"]);

// Entities count UTF-16 units, as JavaScript strings do.
export function rich(text, entities, open) {
  const cuts = new Set([0, text.length]);
  for (const entity of entities) { cuts.add(entity.offset); cuts.add(entity.offset + entity.length); }
  const edges = [...cuts].filter((n) => n <= text.length).sort((a, b) => a - b);
  const out = make("div", "words");
  for (let i = 0; i + 1 < edges.length; i++) {
    const [from, to] = [edges[i], edges[i + 1]];
    let node = document.createTextNode(text.slice(from, to));
    const over = entities.filter((entity) => entity.offset <= from && entity.offset + entity.length >= to).sort((a, b) => a.length - b.length);
    for (const entity of over) node = wrap(entity, node, text.slice(entity.offset, entity.offset + entity.length), open);
    out.append(node);
  }
  return out;
}

function wrap(entity, inner, words, open) {
  if (PLAIN[entity.type]) return make(PLAIN[entity.type], "", inner);
  if (entity.type === "spoiler") return make("span", "spoiler", inner);
  if (TAGS.has(entity.type)) {
    const node = make("span", "tag", inner);
    if (entity.type === "bot_command") node.addEventListener("click", () => open.command(words));
    return node;
  }
  const url = entity.type === "text_link" ? entity.url : entity.type === "url" ? words : null;
  if (url && /^(https?:\/\/|tg:)/.test(url)) {
    const node = make("a", "", inner);
    node.href = url;
    node.rel = "noopener noreferrer";
    node.target = "_blank";
    node.addEventListener("click", (event) => { if (open.link(url)) event.preventDefault(); });
    return node;
  }
  return inner;
}

const clock = (seconds) => new Date(seconds * 1000).toLocaleTimeString(lang() === "zh" ? "zh-CN" : "en-GB", { hour: "2-digit", minute: "2-digit", timeZone: timeZone() });
export const day = (seconds) => new Date(seconds * 1000).toLocaleDateString(lang() === "zh" ? "zh-CN" : "en-GB", { month: "long", day: "numeric", weekday: "short", timeZone: timeZone() });

const fileUrl = (file) => "/sandbox/file/" + encodeURIComponent(file.file_id);
function size(bytes) { return bytes < 1024 ? bytes + " B" : bytes < 1 << 20 ? (bytes / 1024).toFixed(1) + " KB" : (bytes / (1 << 20)).toFixed(1) + " MB"; }

function pin(message) {
  const { latitude: lat, longitude: lon, horizontal_accuracy: radius } = message.location;
  const box = make("div", "pin", drawMap({ pins: [{ lat, lon, radius }], around: 420 }));
  if (message.venue) box.append(make("b", "", message.venue.title));
  const close = nearest(lat, lon);
  const address = message.venue?.address;
  const parts = [/^[\d., ]*$/.test(address ?? "") ? null : address, close && close.metres < 400 ? `${word("near")} ${placeName(close.place)}` : null, `${lat.toFixed(5)}, ${lon.toFixed(5)}`, radius ? `±${Math.round(radius)} ${word("metres")}` : null, message.location.live_period ? "📡" : null];
  box.append(make("small", "", parts.filter(Boolean).join(" · ")));
  return box;
}

function attachment(message) {
  if (message.location) return pin(message);
  if (message.photo) {
    const image = make("img", "photo");
    const { width, height } = message.photo.at(-1);
    // Its room is kept before it is loaded, so that the log does not jump.
    if (width && height) { image.width = width; image.height = height; }
    image.src = fileUrl(message.photo.at(-1));
    image.alt = word("photo");
    image.loading = "lazy";
    return image;
  }
  if (message.voice) {
    const audio = make("audio");
    audio.controls = true;
    audio.preload = "none";
    audio.src = fileUrl(message.voice);
    return audio;
  }
  const file = message.document || message.audio || message.video;
  if (!file) return null;
  const name = file.file_name || "file";
  const link = make("a", "doc", make("span", "ic", extension(name)), make("span", "", make("b", "", name), make("small", "", size(file.file_size))));
  link.href = fileUrl(file);
  link.download = name;
  link.dataset.testid = "document-" + message.message_id;
  return link;
}

// What fits on the sign of a document.
function extension(name) { const end = name.split(".").pop(); return end.length < 5 && end !== name ? end.toUpperCase() : "📄"; }

const name = (user, people, bot) => (user.id === bot.id ? bot.name : people.get(user.id) ? personName(people.get(user.id)) : user.first_name);

function serviceText(message, people, bot) {
  if (message.new_chat_members) return word("joined", { name: message.new_chat_members.map((user) => name(user, people, bot)).join("、") });
  if (message.left_chat_member) return word("left", { name: name(message.left_chat_member, people, bot) });
  if (message.migrate_to_chat_id || message.migrate_from_chat_id) return word("migrated");
  if (message.pinned_message) return `${name(message.from, people, bot)} ${word("pinned")}`;
  return null;
}

export function brief(message) {
  const kind = message.photo ? "🖼️ " : message.venue || message.location ? "📍 " : message.voice ? "🎙️ " : message.document ? "📄 " : "";
  return kind + (message.text || message.caption || message.venue?.title || message.document?.file_name || "");
}

// `open`: what a message can lead to: press, link, command, reply, edit, remove, react, jump.
export function drawMessage(message, { me, people, bot, open }) {
  const node = drawBody(message, { me, people, bot, open });
  node.dataset.testid = "message-" + message.message_id;
  node.dataset.id = message.message_id;
  return node;
}

function drawBody(message, { me, people, bot, open }) {
  if (message.deleted) return make("div", "note gone", word("deleted"));
  const service = serviceText(message, people, bot);
  if (service) return make("div", "note", service);
  const isBot = message.from.id === bot.id, mine = message.from.id === me;
  const person = people.get(message.from.id);
  const bubble = make("div", "bubble");
  if (!mine) {
    const label = make("div", "name", message.sender_chat ? word("anonymous") : name(message.from, people, bot), " ");
    label.append(make("small", "", isBot ? word("bot") : person ? occupation(person) : ""));
    if (person) label.style.color = `color-mix(in srgb, ${person.colour} 70%, var(--ink))`;
    bubble.append(label);
  }
  if (message.reply_to_message) {
    const other = message.reply_to_message;
    const quote = make("button", "quote", make("b", "", name(other.from, people, bot)), make("span", "", brief(other)));
    quote.type = "button";
    quote.addEventListener("click", () => open.jump(other.message_id));
    bubble.append(quote);
  }
  const attached = attachment(message);
  if (attached) bubble.append(attached);
  const text = message.text ?? message.caption;
  if (text) bubble.append(rich(text, message.entities ?? message.caption_entities ?? [], open));
  bubble.append(make("div", "meta", (message.edit_date ? word("edited") + " " : "") + (message.silent ? "🔕 " : "") + clock(message.date)));
  const column = make("div", "column", bubble);
  if (message.reply_markup?.inline_keyboard) column.append(keys(message, open));
  if (message.reactions?.length) {
    const chips = make("div", "reactions");
    for (const [by, emoji] of message.reactions) {
      const chip = make("span", "", emoji);
      chip.title = by === bot.id ? bot.name : personName(people.get(by) ?? { first_name: "" });
      chips.append(chip);
    }
    chips.dataset.testid = "reactions-" + message.message_id;
    column.append(chips);
  }
  // Beside nothing: what appears under the pointer must not move what is there.
  column.append(acts(message, mine, open));
  const node = make("div", "msg", avatar(person, isBot), column);
  if (mine) node.classList.add("mine");
  if (isBot) node.classList.add("frombot");
  bubble.addEventListener("click", (event) => {
    if (event.target.closest("a,button,audio,.tag")) return;
    for (const other of document.querySelectorAll(".msg.sel")) if (other !== node) other.classList.remove("sel");
    node.classList.toggle("sel");
  });
  return node;
}

function keys(message, open) {
  const box = make("div", "keys");
  for (const row of message.reply_markup.inline_keyboard) {
    const line = make("div");
    for (const key of row) {
      const button = make("button", key.url ? "link" : "", key.text);
      button.type = "button";
      button.dataset.testid = "button:" + key.text;
      if (key.callback_data) button.dataset.callback = key.callback_data;
      button.addEventListener("click", () => (key.url ? open.follow(key.url) : open.press(message, key, button)));
      line.append(button);
    }
    box.append(line);
  }
  return box;
}

function acts(message, mine, open) {
  const box = make("div", "acts");
  const add = (sign, what, action) => {
    const button = make("button", "", sign);
    button.type = "button";
    button.title = word(what);
    button.setAttribute("aria-label", word(what));
    button.dataset.testid = `${what}-${message.message_id}`;
    button.addEventListener("click", () => { box.closest(".msg")?.classList.remove("sel"); action(message); });
    box.append(button);
  };
  add("↩", "reply", open.reply);
  if (!mine) add("👍", "react", open.react);
  if (mine && message.text) add("✎", "edit", open.edit);
  if (mine) add("🗑", "delete", open.remove);
  return box;
}
