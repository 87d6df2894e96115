// The town's map, drawn by hand: WGS-84 degrees to SVG units, nothing loaded from anywhere.
import { placeName, word } from "./words.js";

const NS = "http://www.w3.org/2000/svg";
const WEST = 113.88, NORTH = 23.0165, PER_LON = 22727, PER_LAT = 24691, PER_METRE = PER_LAT / 111195;
const WIDTH = 1000, HEIGHT = 766;
export const project = (lat, lon) => [(lon - WEST) * PER_LON, (NORTH - lat) * PER_LAT];
const unproject = (x, y) => [NORTH - y / PER_LAT, WEST + x / PER_LON];

const ROADS = [
  [26, [[23.0000, 113.8795], [23.0003, 113.8900], [23.0005, 113.9021], [23.0004, 113.9105], [23.0009, 113.9245]]],
  [16, [[22.9912, 113.8795], [22.9917, 113.8900], [22.9915, 113.9021], [22.9920, 113.9105], [22.9928, 113.9245]]],
  [13, [[22.9958, 113.8865], [22.9957, 113.8945], [22.9955, 113.9021], [22.9957, 113.9105], [22.9964, 113.9185]]],
  [14, [[23.0052, 113.8865], [23.0055, 113.8945], [23.0055, 113.9021], [23.0056, 113.9105], [23.0060, 113.9182]]],
  [18, [[23.0106, 113.8795], [23.0110, 113.8945], [23.0110, 113.9021], [23.0108, 113.9105], [23.0112, 113.9245]]],
  [18, [[23.0170, 113.8858], [23.0050, 113.8865], [22.9960, 113.8866], [22.9913, 113.8868]]],
  [14, [[23.0150, 113.8940], [23.0055, 113.8945], [22.9957, 113.8945], [22.9890, 113.8945], [22.9850, 113.8948]]],
  [18, [[23.0170, 113.9018], [23.0055, 113.9021], [22.9955, 113.9021], [22.9889, 113.9021], [22.9850, 113.9024]]],
  [16, [[23.0148, 113.9108], [23.0056, 113.9105], [22.9957, 113.9105], [22.9888, 113.9105], [22.9850, 113.9101]]],
  [14, [[23.0170, 113.9182], [23.0060, 113.9182], [23.0009, 113.9180], [22.9964, 113.9186], [22.9926, 113.9190]]],
];
const WATER = "M-20 668 C120 646 250 690 420 676 S640 640 760 664 S930 600 1020 640 L1020 740 C930 720 860 742 760 726 S560 742 420 738 S140 712 -20 728Z";
const GREENS = ["M596 296h84q12 0 12 12v50q0 12-12 12h-84q-12 0-12-12v-50q0-12 12-12Z", "M304 436h62q10 0 10 10v34q0 10-10 10h-62q-10 0-10-10v-34q0-10 10-10Z", "M430 634q90 14 190-8l4 16q-100 22-196 8Z", "M740 60q70-40 150-20l-10 60q-70 10-140-40Z"];
const BLOCKS = [[180, 90, 110, 34], [330, 70, 90, 40], [560, 96, 60, 44], [640, 150, 90, 30], [880, 120, 70, 50], [180, 190, 60, 60], [400, 190, 60, 70], [540, 200, 60, 50], [180, 300, 90, 50], [360, 300, 60, 60], [440, 300, 40, 50], [160, 420, 100, 40], [410, 420, 70, 60], [540, 420, 90, 40], [720, 420, 90, 70], [180, 540, 90, 40], [360, 540, 80, 40], [540, 550, 90, 40], [720, 540, 90, 50], [890, 420, 60, 80]];

let places = [];
let zone = undefined;
export async function loadTown() {
  const town = await (await fetch("/sandbox/town")).json();
  ({ places, time_zone: zone } = town);
  return String(town.since);
}
// The town's own clock, by which the bot tells times too, wherever the browser is.
export const timeZone = () => zone;

function el(name, attributes, parent) {
  const node = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  parent?.append(node);
  return node;
}

const distance = (a, b) => Math.hypot((a.lat - b.lat) * 111195, (a.lon - b.lon) * 102360);
export function nearest(lat, lon) {
  let best = null;
  for (const place of places) {
    if (place.kind === "road" || place.kind === "community") continue;
    const metres = distance(place, { lat, lon });
    if (!best || metres < best.metres) best = { place, metres };
  }
  return best;
}

const MAJOR = new Set(["park", "police", "government", "village", "bridge", "square", "logistics"]);
const rankOf = (place) => (place.kind === "liaison_point" ? 0 : place.kind === "road" ? 1 : MAJOR.has(place.kind) ? 2 : 3);

// `pins`: [{lat, lon, radius}]. `around`: metres of half the width around the first pin; without it the whole town.
// `zoom` makes signs and letters larger where the map is shown small. A label that would cover another is left out.
export function drawMap({ pins = [], around = 0, labels = "some", zoom = 1 } = {}) {
  let box = [0, 0, WIDTH, HEIGHT];
  if (around && pins.length) {
    const [x, y] = project(pins[0].lat, pins[0].lon);
    const half = around * PER_METRE;
    box = [x - half, y - half * 0.56, half * 2, half * 1.12];
  }
  const scale = (box[2] / WIDTH) * (around ? 2.9 : zoom);
  const svg = el("svg", { class: "map", viewBox: box.join(" "), role: "img", "aria-label": word("townMap") });
  for (const d of GREENS) el("path", { class: "green", d }, svg);
  for (const [x, y, width, height] of BLOCKS) el("rect", { class: "block", x, y, width, height, rx: 6 }, svg);
  el("path", { class: "water", d: WATER }, svg);
  const line = (points) => points.map(([lat, lon]) => project(lat, lon).map((n) => n.toFixed(1)).join(" ")).join(" L");
  for (const [width, points] of ROADS) el("path", { class: "edge", d: "M" + line(points), "stroke-width": width * 0.7 + 3 }, svg);
  for (const [width, points] of ROADS) el("path", { class: "road", d: "M" + line(points), "stroke-width": width * 0.7 }, svg);
  const shown = places.map((place) => ({ place, rank: rankOf(place), at: project(place.lat, place.lon) })).sort((a, b) => a.rank - b.rank);
  const taken = shown.filter((s) => s.rank === 0).map(({ at: [x, y] }) => [x - 7 * scale, y - 7 * scale, x + 7 * scale, y + 7 * scale]);
  const inside = ([x, y]) => x > box[0] && x < box[0] + box[2] && y > box[1] && y < box[1] + box[3];
  for (const { place, rank, at: [x, y] } of shown) {
    if (!inside([x, y])) continue;
    if (rank !== 1) el("circle", { class: rank === 0 ? "point" : "place", cx: x, cy: y, r: (rank === 0 ? 8 : 3.5) * scale, "stroke-width": 2.5 * scale }, svg);
    if (rank === 3 && labels !== "all" && !around) continue;
    drawLabel(svg, taken, placeName(place), x, y, rank, scale, box);
  }
  for (const pin of pins) drawPin(svg, pin, scale);
  return svg;
}

function drawLabel(svg, taken, text, x, y, rank, scale, box) {
  const size = (rank === 0 ? 16 : 14) * scale;
  const width = [...text].reduce((sum, letter) => sum + (letter > "\u2e80" ? 1 : 0.56), 0) * size + 4 * scale;
  const middle = Math.min(Math.max(x, box[0] + width / 2), box[0] + box[2] - width / 2);
  for (const base of rank === 1 ? [y + 5 * scale] : [y + 25 * scale, y - 13 * scale]) {
    const frame = [middle - width / 2, base - size, middle + width / 2, base + size * 0.2];
    if (frame[3] > box[1] + box[3] || frame[1] < box[1]) continue;
    if (taken.some((other) => frame[0] < other[2] && other[0] < frame[2] && frame[1] < other[3] && other[1] < frame[3])) continue;
    taken.push(frame);
    el("text", { class: rank === 0 ? "strong" : "", x: middle, y: base, "font-size": size, "stroke-width": 4 * scale }, svg).textContent = text;
    return;
  }
}

function drawPin(svg, pin, scale) {
  const [x, y] = project(pin.lat, pin.lon);
  const group = el("g", { class: "pin-mark" }, svg);
  if (pin.radius) el("circle", { class: "radius", cx: x, cy: y, r: pin.radius * PER_METRE, "stroke-width": 1.5 * scale }, group);
  el("path", { class: "here", "stroke-width": 2 * scale, d: "M0 0C-4-12-15-18-15-30a15 15 0 0 1 30 0C15-18 4-12 0 0Z", transform: `translate(${x} ${y}) scale(${scale * 1.1})` }, group);
  el("circle", { cx: x, cy: y - 33 * scale, r: 5.5 * scale, fill: "#fff" }, group);
  return group;
}

export function makePicker(host, picked) {
  const svg = drawMap({ labels: "all", zoom: innerWidth < 840 ? 2 : 1.15 });
  svg.dataset.testid = "picker-svg";
  let pin = null;
  svg.addEventListener("click", (event) => {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    const [lat, lon] = unproject(at.x, at.y);
    pin?.remove();
    pin = drawPin(svg, { lat, lon, radius: 20 }, innerWidth < 840 ? 2 : 1.3);
    picked({ lat: +lat.toFixed(6), lon: +lon.toFixed(6) });
  });
  host.replaceChildren(svg);
}
