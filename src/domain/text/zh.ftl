# 百应：发给人看的每一句话。键与 en.ftl 相同，有测试核对。

understood =
    类别：{ $category }
    时间：{ $time }
    地点：{ $place }
understood-line = { $category } · { $time } · { $place }
untold-category = 类别？
untold-time = 时间？
untold-place = 地点？
unknown-category = 未说明
unknown-time = 未说明
unknown-place = 未说明
place-known = { $name }（±{ $accuracy }，{ $source }）
place-unknown-words = “{ $words }”，地名库里没有
place-unknown-link = 链接里没有坐标，读不出地点
place-unknown-in-area = { $unknown }；{ $area }

source-location = 发送的位置
source-venue = 发送的地点
source-coordinates = 文字坐标
source-link = 地图链接
source-plus-code = 加号代码
source-point-code = 联络点编号
source-gazetteer = 地名库
source-crossing = 路口
source-address = 门牌
source-group-area = 本群大致范围

question = ❓ 是线索吗？
question-filed = 已记为线索
question-declined = 好的，不作记录
button-is-tip = 是
button-is-no-tip = 不是

receipt = ✅ 已收到，线索 <b>{ $number }</b> 号
receipt-decided = 线索 <b>{ $number }</b> 号：{ $state }
receipt-withdrawn = 线索 <b>{ $number }</b> 号已由您撤回
receipt-code = 民警只看到代号 { $code }，看不到您是谁。
receipt-urgent = ⚠️ 情况紧急请立即拨打 { $number }，不要只等群里回复。
ask-category = ❓ 是什么情况？点一下：
ask-place-link = ❓ 这个地图短链接里读不出坐标。请直接发送位置，或回复这条消息发带坐标的完整链接。
ask-time = ❓ 什么时候发生的？点一下：
ask-place = ❓ 在哪里？请发送位置、点最近的地点，或回复这条消息写明地点。
kept = ℹ️ 我们只保存您发来的线索、您的编号和积分，用于核实和奖励；到期删除，不公开姓名。随时可撤回。
first-contact = { kept }/help 查看说明。
folded = ✅ 一分钟内收到 { $count } 条线索，回复自己的消息即可补充或更正：
folded-line = <b>{ $number }</b> 号 { $category } { $place }
go-private = 这类线索请不要在群里说，以免给您带来危险。已转为私密线索，原消息会撤下。点下面私聊继续，民警只看到代号。

desk-card = 📋 线索 <b>{ $number }</b> 号 · { $category }
desk-card-urgent = 🚨 紧急线索 <b>{ $number }</b> 号 · { $category }
desk-from = 来自 { $group } · 代号 { $code } · { $time }
desk-private = 私聊
desk-evidence = 📎 { $count } 个附件
desk-state-new = 状态：<b>{ $state }</b>
desk-state = 状态：<b>{ $state }</b> · { $officer } { $time }
desk-state-duplicate = 状态：与 <b>{ $original }</b> 号重复 · { $officer } { $time }
desk-state-withdrawn = 状态：线索员已撤回 { $time }
desk-scrubbed = 线索 { $number } 号超出范围，内容已全部清除。
media-of = 线索 { $number } 号的附件
pin-title = 线索 { $number } 号
state-new = 待处理
state-claimed = 已认领
state-verified = 已核实
state-unfounded = 不属实
state-duplicate = 重复
state-out-of-scope = 超出范围
state-resolved = 已办结
state-withdrawn = 已撤回

queue = 📥 待处理 <b>{ $new }</b> · 已认领 <b>{ $claimed }</b> · 紧急 <b>{ $urgent }</b>
    点号码打开：
queue-line = <b>{ $number }</b> { $category } { $time } { $place }
queue-line-urgent = 🚨 <b>{ $number }</b> { $category } { $time } { $place }

drill = 🟦 <b>演练 DRILL</b>：这是拉动演练，不是真实警情
alarm = 🚨 <b>警情呼叫 { $number } 号 · { $category }</b>
alarm-over = ⬜ 警情呼叫 { $number } 号已解除 · { $category }
alarm-where = 地点：{ $place }
    距联络点 { $point }：{ $distance }
alarm-you = 您的状态：<b>{ $state }</b>
alarm-others = 同去：{ $list }
alarm-pin-title = 警情 { $number } 号
call-called = 未应答
call-failed = ⚠️ 未送达
outage = 📡 聊天平台曾无法连接：<b>{ $span }</b>。其间群众发来的消息现在陆续收到。
outage-none-late = 没有警情呼叫消息因此延误。
outage-late = 因此延误、现在才发出的警情呼叫消息：<b>{ $count }</b> 条。请用对讲机或电话核实谁已知情。
call-acknowledged = 收到
call-under-way = 已出发
call-on-scene = 已到场
call-declined = 去不了
board = 🚨 警情呼叫 <b>{ $number }</b> 号 · 线索 { $lead } 号 · { $category } · { $time } 发出
board-over = ⬜ 警情呼叫 <b>{ $number }</b> 号已解除 · 线索 { $lead } 号 · { $category } · { $time } 发出
board-line = { $point } { $name } { $distance } <b>{ $state }</b> { $time }
board-more = 另有 { $count } 个联络点
stand-down = ⬜ 警情呼叫 { $number } 号解除。谢谢各位。
stage-not-acknowledged = ⏱ 警情呼叫 { $number } 号：{ $seconds } 秒内无人应答。
stage-not-on-scene = ⏱ 警情呼叫 { $number } 号：{ $seconds } 秒内无人到场。

button-claim = 认领
button-verify = 核实
button-unfounded = 不属实
button-duplicate = 重复…
button-out-of-scope = 超出范围…
button-out-of-scope-sure = 确定超出范围：内容全部清除，不可恢复
button-resolve = 办结
button-reopen = 重开
button-undo = 撤销
button-alarm = 🚨 呼叫
button-pin = 📍 地图
button-back = ← 返回
button-no-candidates = 附近没有相似线索，返回
button-duplicate-of = 与 { $number } 号重复：{ $why }
minutes = { $minutes } 分钟
both = 同为 { $words }
and = 、
comma = ，
button-mend = 更正…
button-more-categories = 更多…
button-other-place = 别的地点…
button-withdraw = 撤回
button-withdraw-sure = 确定撤回
button-now = 就是现在
button-hour-ago = 约 1 小时前
button-yesterday = 昨天
button-hour-earlier = 早 1 小时
button-hour-later = 晚 1 小时
button-earlier-day = 前一天
button-later-day = 后一天
button-at = 在
button-go-private = 私聊继续
button-acknowledge = 收到
button-under-way = 出发
button-on-scene = 到场
button-decline = 去不了
button-widen = 扩大范围
button-stand-down = 解除

done = 已记录：{ $state }
undone = 已撤销
undo-too-late = 只能由本人在一分钟内撤销最近一次操作
already-done = 已经是这样了
not-from = 线索现在是“{ $state }”，请先重开
bad-original = 不能与这条线索合并
already-decided = 这条线索已经处理，不能再改
only-police = 只有民警可以操作
only-reporter = 只有线索员本人可以操作
only-reporter-or-police = 只有线索员本人或民警可以操作
only-contact = 只有该联络点的人员可以应答
only-admin = 只有管理员可以操作
not-anonymous = 请用本人身份发送，匿名或频道身份无法记录
no-such-lead = 没有这条线索
no-such-alarm = 没有这次呼叫
stale-button = 这个按钮已经失效
not-mended = 不能这样改：时间还没到，或该选项已不在列表中
mended = 已更正：{ $what }
withdrawn = 已撤回
send-location = 可以直接发送位置或地图链接，或回复这条消息写明地点
alarm-raised = 已呼叫 { $count } 个联络点
alarm-needs-place = 还不知道地点，无法呼叫附近联络点
alarm-widened = 又呼叫 { $count } 个联络点
alarm-widest = 已经是最大范围
answer-noted = 已记录，注意安全
stood-down = 已解除，正在通知所有被呼叫的人
stood-down-already = 呼叫已解除

outcome-verified = 🙏 您的线索 { $number } 号已核实，谢谢！
outcome-unfounded = 您的线索 { $number } 号经查暂未发现异常，谢谢您留心。
outcome-duplicate = 您的线索 { $number } 号与之前的线索是同一件事，已合并，谢谢！
outcome-resolved = ✅ 您的线索 { $number } 号已办结。
outcome-points = 积分 +{ $points }

help = <b>百应</b>：看到情况，说一句就行。
    群里以 # 开头，例如：<code>#盗窃 昨晚11点多 阳光小区地下车库 电瓶被偷</code>
    私聊直接写。可以接着发送位置、照片、语音。
    紧急情况请直接拨打 { $number }。
command-tip = 报线索
command-points = 我的积分
command-language = 语言 Language
command-help = 使用说明
command-export = 导出当月统计（综治办群）
command-setup = 设置本群（管理员）
command-invite = 邀请人员（管理员私聊）
language-which = 请选择语言：
language-set = 好的，以后用中文。
points = 可用积分 <b>{ $balance }</b>，待核实 <b>{ $held }</b>
points-line = { $time } <b>{ $amount }</b> { $rule } { $lead }
points-private = 积分只在私聊里看。
rule-tip-verified = 线索核实
rule-tip-duplicate = 同一事件的线索
rule-on-scene = 警情到场
rule-other = 其他
export-not-here = 请由综治办人员在综治办群里使用 /export；有发放权限的人员可私聊使用，表中有姓名。
export-usage = 请这样写：<code>/export 2026-11</code>（积分），或 <code>/export 2026-11 leads</code>（线索）、<code>/export 2026-11 alarms</code>（呼叫）。
export-coming = 正在导出 { $period } ……
setup-in-group = 请在要设置的群里发送 /setup。
setup-usage = 请这样写：<code>/setup liaison</code>（联络群）、<code>/setup desk</code>（研判群）或 <code>/setup office</code>（综治办群），后面可加本群中心坐标，例如 <code>22.8400,114.1500</code>。
setup-liaison = 本群已设为联络群，中心 { $area }。
setup-desk = 本群已设为研判群。
setup-office = 本群已设为综治办群。
group-unknown = 本群还没有设置，请管理员发送 /setup。
invite = 邀请链接，七天内一人可用：{ $url }
invite-in-private = 请在私聊里使用 /invite。
invite-usage = 请这样写：<code>/invite police</code>，可选 police、responder、office、payout、admin。
invite-bad = 邀请无效或已过期，请向管理员要新的。
invite-accepted = 欢迎加入，权限已生效。
