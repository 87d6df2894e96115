# baiying: every word that people read. The keys are those of zh.ftl; a test compares them.

understood =
    What: { $category }
    When: { $time }
    Where: { $place }
understood-line = { $category } · { $time } · { $place }
untold-category = kind?
untold-time = time?
untold-place = place?
unknown-category = not told
unknown-time = not told
unknown-place = not told
place-known = { $name } (±{ $accuracy }, { $source })
place-unknown-words = “{ $words }”, which is not in the gazetteer
place-unknown-link = a link that holds no coordinates
place-unknown-in-area = { $unknown }; { $area }

source-location = location sent
source-venue = venue sent
source-coordinates = coordinates
source-link = map link
source-plus-code = plus code
source-point-code = point code
source-gazetteer = gazetteer
source-crossing = crossing
source-address = address
source-group-area = roughly this group's area

question = ❓ Is this a tip?
question-filed = Noted as a tip
question-declined = All right, nothing of it is kept
button-is-tip = Yes
button-is-no-tip = No

receipt = ✅ Received: lead <b>{ $number }</b>
receipt-decided = Lead <b>{ $number }</b>: { $state }
receipt-withdrawn = Lead <b>{ $number }</b> was taken back by you
receipt-code = Police see only the code { $code }, not who you are.
receipt-urgent = ⚠️ If it is urgent call { $number } now; do not wait for an answer here.
ask-category = ❓ What is it? Tap one:
ask-place-link = ❓ This map link holds no point that can be read here. Where is it? Send the location itself, or the full link with its coordinates, in reply to this message.
ask-time = ❓ When did it happen? Tap one:
ask-place = ❓ Where is it? Send a location, tap the nearest place, or reply to this message with the place.
kept = ℹ️ We keep only the tips you send, your number and your points, to check and reward them; they are deleted in time, and your name is not made public. You can take a tip back at any time.
first-contact = { kept } /help tells more.
folded = ✅ { $count } tips within a minute. Reply to your own message to add or correct:
folded-line = <b>{ $number }</b> { $category } { $place }
go-private = Please do not tell this kind of thing in a group, it may put you in danger. It is now a private lead and the message is taken down. Go on in private below; police see only a code.

desk-card = 📋 Lead <b>{ $number }</b> · { $category }
desk-card-urgent = 🚨 Urgent lead <b>{ $number }</b> · { $category }
desk-from = from { $group } · code { $code } · { $time }
desk-private = a private chat
desk-evidence = 📎 { $count } attached
desk-state-new = State: <b>{ $state }</b>
desk-state = State: <b>{ $state }</b> · { $officer } { $time }
desk-state-duplicate = State: same as lead <b>{ $original }</b> · { $officer } { $time }
desk-state-withdrawn = State: taken back by its reporter { $time }
desk-scrubbed = Lead { $number } was out of scope; all of it has been wiped.
media-of = Attached to lead { $number }
pin-title = Lead { $number }
state-new = new
state-claimed = claimed
state-verified = verified
state-unfounded = unfounded
state-duplicate = duplicate
state-out-of-scope = out of scope
state-resolved = resolved
state-withdrawn = taken back

queue = 📥 new <b>{ $new }</b> · claimed <b>{ $claimed }</b> · urgent <b>{ $urgent }</b>
    Tap a number to open it:
queue-line = <b>{ $number }</b> { $category } { $time } { $place }
queue-line-urgent = 🚨 <b>{ $number }</b> { $category } { $time } { $place }

drill = 🟦 <b>DRILL 演练</b>: this is an exercise, not a real alarm
alarm = 🚨 <b>Alarm { $number } · { $category }</b>
alarm-over = ⬜ Alarm { $number } is over · { $category }
alarm-where = Where: { $place }
    From point { $point }: { $distance }
alarm-you = You: <b>{ $state }</b>
alarm-others = Going too: { $list }
alarm-pin-title = Alarm { $number }
call-called = no answer yet
call-failed = ⚠️ not delivered
outage = 📡 The platform could not be reached, <b>{ $span }</b>. What people wrote meanwhile comes in now.
outage-none-late = No alarm message was late because of it.
outage-late = Alarm messages that go out late because of it: <b>{ $count }</b>. Please check by radio or telephone who knows.
call-acknowledged = acknowledged
call-under-way = under way
call-on-scene = on scene
call-declined = cannot
board = 🚨 Alarm <b>{ $number }</b> · lead { $lead } · { $category } · raised { $time }
board-over = ⬜ Alarm <b>{ $number }</b> stood down · lead { $lead } · { $category } · raised { $time }
board-line = { $point } { $name } { $distance } <b>{ $state }</b> { $time }
board-more = and { $count } more points
stand-down = ⬜ Alarm { $number } is stood down. Thank you all.
stage-not-acknowledged = ⏱ Alarm { $number }: nobody has answered within { $seconds } s.
stage-not-on-scene = ⏱ Alarm { $number }: nobody is on scene within { $seconds } s.

button-claim = Claim
button-verify = Verify
button-unfounded = Unfounded
button-duplicate = Duplicate…
button-out-of-scope = Out of scope…
button-out-of-scope-sure = Yes, out of scope: wipe it all, for good
button-resolve = Resolve
button-reopen = Reopen
button-undo = Undo
button-alarm = 🚨 Alarm
button-pin = 📍 Map
button-back = ← Back
button-no-candidates = Nothing alike nearby, back
button-duplicate-of = Same as { $number }: { $why }
minutes = { $minutes } min
both = both { $words }
and = {" and "}
comma = {", "}
button-mend = Mend…
button-more-categories = more…
button-other-place = Another place…
button-withdraw = Take back
button-withdraw-sure = Yes, take it back
button-now = Right now
button-hour-ago = About 1 h ago
button-yesterday = Yesterday
button-hour-earlier = 1 h earlier
button-hour-later = 1 h later
button-earlier-day = The day before
button-later-day = The day after
button-at = At
button-go-private = Go on in private
button-acknowledge = Got it
button-under-way = On my way
button-on-scene = On scene
button-decline = Cannot
button-widen = Wider
button-stand-down = Stand down

done = Noted: { $state }
undone = Undone
undo-too-late = Only your own last decision can be undone, within a minute
already-done = It is so already
not-from = The lead is “{ $state }” now; reopen it first
bad-original = It cannot be merged into that lead
already-decided = This lead has been dealt with and cannot be changed
only-police = Only police can do this
only-reporter = Only the person who sent it can do this
only-reporter-or-police = Only the person who sent it, or police, can do this
only-contact = Only the people of that point can answer for it
only-admin = Only an admin can do this
not-anonymous = Please write as yourself; anonymous or channel posts cannot be put on file
no-such-lead = There is no such lead
no-such-alarm = There is no such alarm
stale-button = This button no longer works
mended = Now: { $what }
not-mended = That cannot be: it would be in the future, or is no longer on the list
withdrawn = Taken back
send-location = Send a location or a map link, or reply with the place
alarm-raised = { $count } points are called
alarm-needs-place = The place is not known yet, so nobody near it can be called
alarm-widened = { $count } more points are called
alarm-widest = This is the widest ring already
answer-noted = Noted. Take care
stood-down = Stood down; everyone who was called is told
stood-down-already = The alarm is over

outcome-verified = 🙏 Your lead { $number } was verified. Thank you!
outcome-unfounded = Your lead { $number } was looked into and nothing was found. Thank you for your care.
outcome-duplicate = Your lead { $number } is about the same thing as an earlier one and was merged. Thank you!
outcome-resolved = ✅ Your lead { $number } is resolved.
outcome-points = Points +{ $points }

help = <b>baiying</b>: see something, say one line.
    In a group begin with #, for example: <code>#theft last night after 11 Sunshine Estate garage, battery stolen</code>
    In private just write. You can send a location, a photo or a voice note after it.
    In an emergency call { $number }.
command-tip = send a tip
command-points = my points
command-language = language 语言
command-help = how to use this
command-export = this month's tally (office chat)
command-setup = set this group up (admin)
command-invite = invite people (admin, in private)
language-which = Which language?
language-set = All right, English from now on.
points = Points to spend <b>{ $balance }</b>, waiting for police <b>{ $held }</b>
points-line = { $time } <b>{ $amount }</b> { $rule } { $lead }
points-private = Points are shown in private only.
rule-tip-verified = tip verified
rule-tip-duplicate = tip about the same event
rule-on-scene = on scene at an alarm
rule-other = other
export-not-here = /export is for office staff in the office chat; those with the payout right may use it in private, with names.
export-usage = Write <code>/export 2026-11</code> for points, <code>/export 2026-11 leads</code> or <code>/export 2026-11 alarms</code>.
export-coming = Exporting { $period } …
setup-in-group = Send /setup in the group that you want to set up.
setup-usage = Write <code>/setup liaison</code>, <code>/setup desk</code> or <code>/setup office</code>, and after it, if you like, the middle of the group's area, such as <code>22.8400,114.1500</code>.
setup-liaison = This is a liaison group now, around { $area }.
setup-desk = This is the desk now.
setup-office = This is the office chat now.
group-unknown = This group is not set up yet; an admin sends /setup.
invite = An invitation, good for one person and seven days: { $url }
invite-in-private = Use /invite in private.
invite-usage = Write <code>/invite police</code>; possible are police, responder, office, payout, admin.
invite-bad = This invitation is not good, or not any more; ask an admin for a new one.
invite-accepted = Welcome. Your rights are in force.
