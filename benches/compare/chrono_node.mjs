// How many tips a second chrono-node finds the times of, Chinese and English: npm install chrono-node
// node chrono_node.mjs TEXTS.jsonl [COUNT]; TEXTS.jsonl as `BAIYING_TEXTS=FILE cargo bench --bench understand` writes it.
import { readFileSync } from "node:fs";
import * as chrono from "chrono-node";

const [path, count = "20000"] = process.argv.slice(2);
const texts = readFileSync(path, "utf8").split("\n").slice(0, Number(count)).filter(Boolean).map((line) => JSON.parse(line).text);
const at = new Date("2026-11-22T09:00:00+08:00");
const parse = (text) => (/[\u4e00-\u9fff]/.test(text) ? chrono.zh.hans.parse(text, at) : chrono.en.parse(text, at));
texts.slice(0, 500).forEach(parse);
const begin = process.cpuUsage();
let found = 0;
for (const text of texts) found += parse(text).length;
const { user, system } = process.cpuUsage(begin);
const seconds = (user + system) / 1e6;
console.log(`chrono-node ${Math.round(texts.length / seconds)} tips/s of processor time, ${found} times in ${texts.length} tips`);
