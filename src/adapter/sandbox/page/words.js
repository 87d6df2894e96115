// Texts of the page, zh and en. The bot's own texts are its own business.
const WORDS = {
  title: ["百应 · 沙盒", "Baiying sandbox"],
  subtitle: ["菱湾镇：一呼百应", "Lingwan: one call, many answer"],
  close: ["关闭", "Close"], guide: ["引导", "Guide"], attach: ["附件", "Attach"], send: ["发送", "Send"], cancel: ["取消", "Cancel"],
  switchPerson: ["换人", "Switch person"],
  location: ["位置", "Location"], photo: ["照片", "Photo"], voice: ["语音", "Voice"],
  sampleStreet: ["样图：夜街", "Sample: street"], sampleSmoke: ["样图：起火", "Sample: fire"],
  notStarted: ["还没有和机器人私聊过", "No private chat with the bot yet"],
  pickPlace: ["选位置", "Pick a place"], pickHint: ["点一下地图", "Tap the map"],
  sendVenue: ["按地点名发送", "Send as a named place"], sendLocation: ["发送位置", "Send location"], sendLive: ["共享或移动实时位置", "Share live, or move"],
  near: ["靠近", "near"], accuracy: ["精度", "accuracy"], metres: ["米", "m"],
  write: ["说点什么…", "Write something…"], writeAs: ["以{name}的身份发言…", "Write as {name}…"],
  edited: ["已编辑", "edited"], deleted: ["消息已删除", "message deleted"], replyTo: ["回复", "Reply to"], editing: ["编辑", "Edit"],
  reply: ["回复", "Reply"], edit: ["编辑", "Edit"], delete: ["删除", "Delete"], react: ["点赞", "React"],
  joined: ["{name} 加入了群聊", "{name} joined"], left: ["{name} 离开了群聊", "{name} left"],
  migrated: ["群已升级为超级群", "The group became a supergroup"], pinned: ["置顶了一条消息", "pinned a message"],
  private: ["百应（私聊）", "Baiying (private)"], bot: ["机器人", "bot"], anonymous: ["匿名管理员", "anonymous admin"],
  informants: ["线索员", "Informants"], police: ["民警", "Police"], office: ["综治办", "Office"], guards: ["联络点保安", "Liaison point guards"],
  noAnswer: ["机器人没有应答（它在运行吗？）", "The bot did not answer (is it running?)"],
  offline: ["与沙盒的连接断了，正在重连…", "Connection to the sandbox lost, trying again…"],
  townMap: ["菱湾镇 · 蓝点是联络点", "Lingwan · blue dots are liaison points"],
  members: ["{n} 人", "{n} people"],
  welcome: ["四步走一遍", "Four steps, two minutes"],
  welcomeText: ["一个浏览器，扮演全镇的人。", "One browser plays everybody in town."],
  speak: ["让机器人说中文", "Let the bot speak English here"], spoken: ["好，机器人以后说中文", "Done: the bot speaks English from now on"],
  step1: ["快递员阿强发现有人打架", "Ah Keung the courier sees a fight"],
  step1do: ["填好这条线索", "Fill in this tip"], step1hint: ["再按发送。机器人回一张回执。", "Then press send. The bot answers with a receipt."],
  step2: ["周警官在研判群处理", "Officer Chow handles it at the desk"],
  step2do: ["变成周警官", "Become Officer Chow"], step2hint: ["在线索卡上按「核实」，再按「🚨 呼叫」。", "On the lead’s card press Verify (核实), then 🚨 Alarm (🚨 呼叫)."],
  step3: ["附近联络点的保安收到呼叫", "A guard nearby is called"],
  step3do: ["变成{name}", "Become {name}"], step3hint: ["依次按「收到」「出发」「到场」。", "Press Got it (收到), On my way (出发), On scene (到场)."],
  step4: ["月底，吴文员导出积分", "Clerk Ng exports the month"],
  step4do: ["变成吴文员", "Become Clerk Ng"], step4hint: ["发送 /export，下载表格。", "Send /export and download the tables."],
  tip: ["#打架 刚刚 渔市夜市门口，两伙人拿酒瓶打起来了，有人流血", "#fight just now at Fish Market Night Bazaar, two groups fighting with bottles, one man is bleeding"],
};
let at = localStorage.getItem("lang") ?? ((navigator.language || "zh").startsWith("zh") ? "zh" : "en");
export const lang = () => at;
export function setLang(to) { at = to; localStorage.setItem("lang", to); }
export function word(key, values = {}) {
  const text = WORDS[key]?.[at === "zh" ? 0 : 1] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}
export const personName = (person) => (at === "en" && person.name_en) || person.first_name;
export const occupation = (person) => (at === "en" && person.occupation_en) || person.occupation;
export const chatTitle = (chat) => chat.type === "private" ? word("private") : (at === "en" && chat.title_en) || chat.title;
export const placeName = (place) => at === "en" ? place.name_en : place.name;
