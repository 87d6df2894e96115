//! What a button means: the press data, packed into the platform's 64 bytes and unpacked again.

use crate::domain::alarm::{Answer, Callee, Outcome};
use crate::domain::duty::{Duty, Turn, TurnKey};
use crate::domain::id::{AlarmId, EventSeq, LeadId, MessageId, RedemptionId, UserId};
use crate::domain::lead::LeadOutcome;
use crate::domain::member::Language;
use crate::domain::place::Wgs84;
use chrono::{NaiveDate, NaiveTime, Timelike};

/// A press, as data.
#[derive(Debug, Clone, PartialEq)]
pub enum Tap {
    /// On a lead at the desk.
    Desk(LeadId, DeskTap),
    /// On a receipt, by its reporter or police.
    Receipt(LeadId, ReceiptTap),
    /// A responder's answer.
    Answer(AlarmId, Callee, Answer),
    /// On an alarm's board at the desk.
    Alarm(AlarmId, AlarmTap),
    /// At the desk: call the next ring after this one.
    Widen(AlarmId, i32),
    /// Choose a language.
    Language(Language),
    /// At the office: close this month (`202611`) although something is open.
    Close {
        /// The month.
        month: u32,
        /// The message that asked for the checklist.
        card: MessageId,
    },
    /// On one's own duty, in private.
    Duty(DutyTap),
    /// On what one takes for one's points; the office's, too.
    Redeem(RedeemTap),
    /// To be compared with others (true), or not any more.
    Rank(bool),
    /// Whether a message is a tip.
    Question {
        /// Who wrote it.
        writer: UserId,
        /// The message.
        message: MessageId,
        /// It is one.
        yes: bool,
    },
}

/// What the desk taps on an alarm's board.
#[derive(Debug, Clone, PartialEq)]
pub enum AlarmTap {
    /// 接警: the desk has it.
    Take,
    /// 已控制; also under the card of patrol or response police who are there.
    Controlled,
    /// 解除, with its outcome.
    StandDown(Outcome),
    /// Call the people of this point, whether or not they are on duty.
    Call(String),
}

/// What an officer taps on a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeskTap {
    /// 认领
    Claim,
    /// 核实
    Verify,
    /// 不属实
    Unfounded,
    /// 重复: show the candidates.
    Candidates,
    /// 与…重复
    DuplicateOf(LeadId),
    /// 超范围: ask for a second tap.
    AskOutOfScope,
    /// 超范围, for good.
    OutOfScope,
    /// 办结: where a rule book has a bonus by outcome, asks for it.
    Resolve,
    /// 办结, with its outcome.
    ResolveAs(LeadOutcome),
    /// 重开
    Reopen,
    /// 撤销: takes back the decision that made this version.
    Undo(i64),
    /// Back to the card's own buttons.
    Back,
    /// Show a map pin.
    Pin,
    /// 呼叫: raise the alarm.
    Alarm,
    /// Open a card from the queue.
    Open,
    /// 更正: show what can be mended.
    Mend,
}

/// What a reporter, or police, taps to mend what was understood.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ReceiptTap {
    /// The time is this one: seconds since the epoch, not a step, so that one press that arrives twice moves it once.
    Time(i64),
    /// It is happening now.
    Now,
    /// 更多类别: show the whole list.
    Categories,
    /// It is this one: an index into the closed list.
    Category(usize),
    /// 别的地点: hear how to tell it.
    Places,
    /// It is here.
    Place(Wgs84),
    /// 撤回: ask for a second tap.
    AskWithdraw,
    /// 撤回, for good.
    Withdraw,
    /// Back to the receipt's own buttons.
    Back,
}

/// What a person taps about their duty. The first value is the message that asked for the card, which names the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DutyTap {
    /// 我到岗 (true), 我下班了 (false).
    Say(MessageId, bool),
    /// Back to the overview.
    Show(MessageId),
    /// 换班: show the turns.
    Turns(MessageId),
    /// This turn: show the colleagues, from that page on.
    Turn(MessageId, TurnRef, usize),
    /// Ask this colleague to take it.
    Ask(MessageId, TurnRef, UserId),
    /// 接班
    Take {
        /// Which turn.
        turn: TurnRef,
        /// Who has it and asked.
        asker: UserId,
        /// Who was asked.
        colleague: UserId,
    },
    /// 不行
    Refuse {
        /// Which turn.
        turn: TurnRef,
        /// Who has it and asked.
        asker: UserId,
        /// Who was asked.
        colleague: UserId,
    },
}

/// What people tap who take something for their points, and what the office taps. The first value of the former is the
/// message that asked for the card, which names the card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RedeemTap {
    /// The list of rewards.
    List(MessageId),
    /// This one, with a question whether it shall be.
    Show(MessageId, String),
    /// Yes.
    Take {
        /// The card.
        card: MessageId,
        /// The event that asked.
        offer: EventSeq,
        /// At this price.
        price: i64,
        /// The reward.
        code: String,
    },
    /// Not any more.
    Cancel(MessageId, RedemptionId),
    /// 批准
    Approve(RedemptionId),
    /// 不批准
    Refuse(RedemptionId),
    /// 已交付, on the card that this message asked for.
    HandOut(RedemptionId, MessageId),
}

impl RedeemTap {
    fn encode(&self) -> String {
        match self {
            Self::List(card) => format!("rl:{card}"),
            Self::Show(card, code) => format!("rs:{card}:{code}"),
            Self::Take { card, offer, price, code } => format!("rt:{card}:{offer}:{price}:{code}"),
            Self::Cancel(card, id) => format!("rc:{card}:{id}"),
            Self::Approve(id) => format!("ra:{id}"),
            Self::Refuse(id) => format!("rn:{id}"),
            Self::HandOut(id, card) => format!("rh:{id}:{card}"),
        }
    }

    fn decode(data: &str) -> Option<Self> {
        let (key, rest) = data.split_once(':')?;
        let (first, more) = rest.split_once(':').map_or((rest, None), |(first, more)| (first, Some(more)));
        let number = |text: &str| text.parse::<i64>().ok().filter(|id| *id > 0);
        let first = number(first)?;
        let card = MessageId(first);
        match key {
            "rl" => Some(Self::List(card)),
            "rs" => Some(Self::Show(card, more?.to_owned())),
            "rt" => {
                let (offer, rest) = more?.split_once(':')?;
                let (price, code) = rest.split_once(':')?;
                let (offer, price) = (EventSeq(number(offer)?), number(price)?);
                Some(Self::Take { card, offer, price, code: code.to_owned() })
            }
            "rc" => Some(Self::Cancel(card, RedemptionId(number(more?)?))),
            "ra" => Some(Self::Approve(RedemptionId(first))),
            "rn" => Some(Self::Refuse(RedemptionId(first))),
            "rh" => Some(Self::HandOut(RedemptionId(first), MessageId(number(more?)?))),
            _ => None,
        }
    }
}

/// A turn as a button can hold it: the post as a number that is made from its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TurnRef {
    owner: UserId,
    date: NaiveDate,
    from: NaiveTime,
    post: u32,
}

impl TurnRef {
    /// That of a turn.
    pub fn of(key: &TurnKey) -> Self {
        Self { owner: key.owner, date: key.date, from: key.from, post: Self::post(&key.post) }
    }

    /// The turn, if the rota has it.
    pub fn find(&self, duty: &Duty) -> Option<Turn> {
        duty.find_turn(self.owner, self.date, self.from, |post| Self::post(post) == self.post)
    }

    /// FNV-1a: a person's shifts that begin at one time are few, so that two posts never meet by chance.
    fn post(code: &str) -> u32 {
        code.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
    }

    /// Packs it: hexadecimal, four parts, 31 bytes at most.
    pub fn encode(&self) -> String {
        let day = self.date.signed_duration_since(NaiveDate::default()).num_days();
        let minute = self.from.num_seconds_from_midnight() / 60;
        format!("{:x}:{day:x}:{minute:x}:{:x}", self.owner.0, self.post)
    }

    fn decode<'a>(parts: &mut impl Iterator<Item = &'a str>) -> Option<Self> {
        let owner = UserId(hex(parts.next()?)?);
        let days = u64::try_from(hex(parts.next()?)?).ok()?;
        let date = NaiveDate::default().checked_add_days(chrono::Days::new(days))?;
        let seconds = u32::try_from(hex(parts.next()?)?).ok()?.checked_mul(60)?;
        let from = NaiveTime::from_num_seconds_from_midnight_opt(seconds, 0)?;
        let post = u32::try_from(hex(parts.next()?)?).ok()?;
        Some(Self { owner, date, from, post })
    }
}

fn hex(text: &str) -> Option<i64> {
    i64::from_str_radix(text, 16).ok().filter(|n| *n >= 0)
}

impl DutyTap {
    fn encode(&self) -> String {
        match self {
            Self::Say(card, true) => format!("dn:{:x}", card.0),
            Self::Say(card, false) => format!("df:{:x}", card.0),
            Self::Show(card) => format!("do:{:x}", card.0),
            Self::Turns(card) => format!("ds:{:x}", card.0),
            Self::Turn(card, turn, page) => format!("dt:{:x}:{}:{page:x}", card.0, turn.encode()),
            Self::Ask(card, turn, colleague) => format!("dc:{:x}:{}:{:x}", card.0, turn.encode(), colleague.0),
            Self::Take { turn, asker, colleague } => format!("dk:{}:{:x}:{:x}", turn.encode(), asker.0, colleague.0),
            Self::Refuse { turn, asker, colleague } => format!("dx:{}:{:x}:{:x}", turn.encode(), asker.0, colleague.0),
        }
    }

    fn decode(data: &str) -> Option<Self> {
        let mut parts = data.split(':');
        let key = parts.next()?;
        let tap = match key {
            "dk" | "dx" => {
                let turn = TurnRef::decode(&mut parts)?;
                let (asker, colleague) = (UserId(hex(parts.next()?)?), UserId(hex(parts.next()?)?));
                if key == "dk" {
                    Self::Take { turn, asker, colleague }
                } else {
                    Self::Refuse { turn, asker, colleague }
                }
            }
            _ => {
                let card = MessageId(hex(parts.next()?)?);
                match key {
                    "dn" => Self::Say(card, true),
                    "df" => Self::Say(card, false),
                    "do" => Self::Show(card),
                    "ds" => Self::Turns(card),
                    "dt" => Self::Turn(card, TurnRef::decode(&mut parts)?, usize::try_from(hex(parts.next()?)?).ok()?),
                    "dc" => Self::Ask(card, TurnRef::decode(&mut parts)?, UserId(hex(parts.next()?)?)),
                    _ => return None,
                }
            }
        };
        parts.next().is_none().then_some(tap)
    }
}

impl Tap {
    /// Packs it: ASCII, 64 bytes at most for any code of a liaison point up to 40 bytes.
    pub fn encode(&self) -> String {
        match self {
            Self::Desk(lead, tap) => match tap {
                DeskTap::Claim => format!("lc:{lead}"),
                DeskTap::Verify => format!("lv:{lead}"),
                DeskTap::Unfounded => format!("lu:{lead}"),
                DeskTap::Candidates => format!("ld:{lead}"),
                DeskTap::DuplicateOf(original) => format!("lD:{lead}:{original}"),
                DeskTap::AskOutOfScope => format!("lx:{lead}"),
                DeskTap::OutOfScope => format!("lX:{lead}"),
                DeskTap::Resolve => format!("lr:{lead}"),
                DeskTap::ResolveAs(outcome) => format!("lR:{lead}:{}", outcome.name()),
                DeskTap::Reopen => format!("lo:{lead}"),
                DeskTap::Undo(version) => format!("lz:{lead}:{version}"),
                DeskTap::Back => format!("lb:{lead}"),
                DeskTap::Pin => format!("lp:{lead}"),
                DeskTap::Alarm => format!("la:{lead}"),
                DeskTap::Open => format!("lq:{lead}"),
                DeskTap::Mend => format!("lm:{lead}"),
            },
            Self::Receipt(lead, tap) => match tap {
                ReceiptTap::Time(seconds) => format!("mT:{lead}:{seconds}"),
                ReceiptTap::Now => format!("mn:{lead}"),
                ReceiptTap::Categories => format!("mc:{lead}"),
                ReceiptTap::Category(index) => format!("mC:{lead}:{index}"),
                ReceiptTap::Places => format!("mp:{lead}"),
                ReceiptTap::Place(at) => format!("mP:{lead}:{:.6}:{:.6}", at.lat, at.lon),
                ReceiptTap::AskWithdraw => format!("mw:{lead}"),
                ReceiptTap::Withdraw => format!("mW:{lead}"),
                ReceiptTap::Back => format!("mb:{lead}"),
            },
            Self::Answer(alarm, callee, answer) => match answer {
                Answer::Acknowledge => format!("aa:{alarm}:{callee}"),
                Answer::UnderWay(None) => format!("au:{alarm}:{callee}"),
                Answer::UnderWay(Some(minutes)) => format!("a{minutes}:{alarm}:{callee}"),
                Answer::OnScene => format!("as:{alarm}:{callee}"),
                Answer::Decline => format!("ax:{alarm}:{callee}"),
            },
            Self::Alarm(alarm, tap) => match tap {
                AlarmTap::Take => format!("at:{alarm}"),
                AlarmTap::Controlled => format!("ac:{alarm}"),
                AlarmTap::StandDown(Outcome::Handled) => format!("ad:{alarm}"),
                AlarmTap::StandDown(outcome) => format!("ad:{alarm}:{}", outcome.name()),
                AlarmTap::Call(code) => format!("ai:{alarm}:{code}"),
            },
            Self::Widen(alarm, ring) => format!("aw:{alarm}:{ring}"),
            Self::Question { writer, message, yes } => {
                format!("q{}:{writer}:{message}", if *yes { 'y' } else { 'n' })
            }
            Self::Language(Language::Zh) => "gz".into(),
            Self::Language(Language::En) => "ge".into(),
            Self::Close { month, card } => format!("cm:{month}:{card}"),
            Self::Duty(tap) => tap.encode(),
            Self::Redeem(tap) => tap.encode(),
            Self::Rank(true) => "pj".into(),
            Self::Rank(false) => "pq".into(),
        }
    }

    /// Unpacks it; `None` for data that no button of ours carries.
    pub fn decode(data: &str) -> Option<Self> {
        match data {
            "gz" => return Some(Self::Language(Language::Zh)),
            "ge" => return Some(Self::Language(Language::En)),
            "pj" => return Some(Self::Rank(true)),
            "pq" => return Some(Self::Rank(false)),
            _ if data.starts_with('d') => return DutyTap::decode(data).map(Self::Duty),
            _ if data.starts_with('r') => return RedeemTap::decode(data).map(Self::Redeem),
            _ => {}
        }
        let (key, rest) = data.split_once(':')?;
        let (first, more) = rest.split_once(':').map_or((rest, None), |(a, b)| (a, Some(b)));
        let id: i64 = first.parse().ok().filter(|id| *id > 0)?;
        let desk = |tap| Some(Self::Desk(LeadId(id), tap));
        let receipt = |tap| Some(Self::Receipt(LeadId(id), tap));
        let alarm = |tap| Some(Self::Alarm(AlarmId(id), tap));
        let number = || more?.parse::<i64>().ok();
        match key {
            "lc" => desk(DeskTap::Claim),
            "lv" => desk(DeskTap::Verify),
            "lu" => desk(DeskTap::Unfounded),
            "ld" => desk(DeskTap::Candidates),
            "lD" => desk(DeskTap::DuplicateOf(LeadId(number()?))),
            "lx" => desk(DeskTap::AskOutOfScope),
            "lX" => desk(DeskTap::OutOfScope),
            "lr" => desk(DeskTap::Resolve),
            "lR" => desk(DeskTap::ResolveAs(LeadOutcome::named(more?)?)),
            "lo" => desk(DeskTap::Reopen),
            "lz" => desk(DeskTap::Undo(number()?)),
            "lb" => desk(DeskTap::Back),
            "lp" => desk(DeskTap::Pin),
            "la" => desk(DeskTap::Alarm),
            "lq" => desk(DeskTap::Open),
            "lm" => desk(DeskTap::Mend),
            "mT" => receipt(ReceiptTap::Time(number()?)),
            "mn" => receipt(ReceiptTap::Now),
            "mc" => receipt(ReceiptTap::Categories),
            "mC" => receipt(ReceiptTap::Category(usize::try_from(number()?).ok()?)),
            "mp" => receipt(ReceiptTap::Places),
            "mP" => {
                let (lat, lon) = more?.split_once(':')?;
                receipt(ReceiptTap::Place(Wgs84 { lat: lat.parse().ok()?, lon: lon.parse().ok()? }))
            }
            "mw" => receipt(ReceiptTap::AskWithdraw),
            "mW" => receipt(ReceiptTap::Withdraw),
            "mb" => receipt(ReceiptTap::Back),
            "qy" | "qn" => Some(Self::Question { writer: UserId(id), message: MessageId(number()?), yes: key == "qy" }),
            "cm" => Some(Self::Close { month: u32::try_from(id).ok()?, card: MessageId(number()?) }),
            "at" => alarm(AlarmTap::Take),
            "ac" => alarm(AlarmTap::Controlled),
            "ad" => alarm(AlarmTap::StandDown(more.map_or(Some(Outcome::Handled), Outcome::named)?)),
            "ai" => alarm(AlarmTap::Call(more.filter(|code| !code.is_empty())?.to_owned())),
            "aw" => Some(Self::Widen(AlarmId(id), i32::try_from(number()?).ok()?)),
            _ => {
                let answer = match key.strip_prefix('a')? {
                    "a" => Answer::Acknowledge,
                    "u" => Answer::UnderWay(None),
                    "s" => Answer::OnScene,
                    "x" => Answer::Decline,
                    minutes => Answer::UnderWay(Some(minutes.parse().ok().filter(|told| (1..=999).contains(told))?)),
                };
                let callee = more.filter(|callee| !callee.is_empty())?.parse().expect("every text is a callee");
                Some(Self::Answer(AlarmId(id), callee, answer))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_tap_comes_back_and_fits() {
        let lead = LeadId(i64::MAX);
        let at = Wgs84 { lat: -22.840412, lon: 114.131812 };
        let desk = [
            DeskTap::Claim,
            DeskTap::Verify,
            DeskTap::Unfounded,
            DeskTap::Candidates,
            DeskTap::DuplicateOf(LeadId(i64::MAX)),
            DeskTap::AskOutOfScope,
            DeskTap::OutOfScope,
            DeskTap::Resolve,
            DeskTap::ResolveAs(LeadOutcome::Handled),
            DeskTap::ResolveAs(LeadOutcome::Stopped),
            DeskTap::ResolveAs(LeadOutcome::Solved),
            DeskTap::Reopen,
            DeskTap::Undo(i64::MAX),
            DeskTap::Back,
            DeskTap::Pin,
            DeskTap::Alarm,
            DeskTap::Open,
            DeskTap::Mend,
        ]
        .map(|t| Tap::Desk(lead, t));
        let receipt = [
            ReceiptTap::Time(1_795_262_400),
            ReceiptTap::Now,
            ReceiptTap::Categories,
            ReceiptTap::Category(22),
            ReceiptTap::Places,
            ReceiptTap::Place(at),
            ReceiptTap::AskWithdraw,
            ReceiptTap::Withdraw,
            ReceiptTap::Back,
        ]
        .map(|t| Tap::Receipt(lead, t));
        let answers =
            [Answer::Acknowledge, Answer::UnderWay(None), Answer::UnderWay(Some(10)), Answer::OnScene, Answer::Decline]
                .map(|a| Tap::Answer(AlarmId(i64::MAX), Callee::Point("东门-P014".into()), a));
        let person = Tap::Answer(AlarmId(7), Callee::Person(UserId(i64::MAX)), Answer::OnScene);
        let rest = [
            person,
            Tap::Alarm(AlarmId(3), AlarmTap::Take),
            Tap::Alarm(AlarmId(3), AlarmTap::Controlled),
            Tap::Alarm(AlarmId(3), AlarmTap::StandDown(Outcome::Handled)),
            Tap::Alarm(AlarmId(3), AlarmTap::StandDown(Outcome::DrillBrokenOff)),
            Tap::Alarm(AlarmId(i64::MAX), AlarmTap::Call("东门-P014".into())),
            Tap::Widen(AlarmId(3), 2),
            Tap::Question { writer: UserId(i64::MAX), message: MessageId(i64::MAX), yes: true },
            Tap::Question { writer: UserId(11), message: MessageId(5), yes: false },
            Tap::Close { month: 202_611, card: MessageId(i64::MAX) },
            Tap::Language(Language::Zh),
            Tap::Language(Language::En),
        ];
        // The platform's ids have 52 bits at most, messages 31.
        let (person, card) = (UserId((1 << 52) - 1), MessageId(i64::from(i32::MAX)));
        let turn = TurnRef::of(&TurnKey {
            owner: person,
            date: "2149-06-06".parse().unwrap(),
            post: "甲-P014".into(),
            from: NaiveTime::from_hms_opt(23, 59, 0).unwrap(),
        });
        let duty = [
            DutyTap::Say(card, true),
            DutyTap::Say(card, false),
            DutyTap::Show(card),
            DutyTap::Turns(card),
            DutyTap::Turn(card, turn, 40),
            DutyTap::Ask(card, turn, person),
            DutyTap::Take { turn, asker: person, colleague: person },
            DutyTap::Refuse { turn, asker: person, colleague: UserId(1) },
        ]
        .map(Tap::Duty);
        let code = "雨伞-R0001".to_owned();
        let (offer, redemption) = (EventSeq(i64::from(u32::MAX)), RedemptionId(i64::from(u32::MAX)));
        let redeem = [
            RedeemTap::List(card),
            RedeemTap::Show(card, code.clone()),
            RedeemTap::Take { card, offer, price: 1_000_000, code },
            RedeemTap::Cancel(card, redemption),
            RedeemTap::Approve(redemption),
            RedeemTap::Refuse(redemption),
            RedeemTap::HandOut(redemption, card),
        ]
        .map(Tap::Redeem);
        let rank = [Tap::Rank(true), Tap::Rank(false)];
        let duty = duty.into_iter().chain(redeem).chain(rank);
        for tap in desk.into_iter().chain(receipt).chain(answers).chain(rest).chain(duty) {
            let data = tap.encode();
            assert!(data.len() <= 64, "{data}");
            assert_eq!(Tap::decode(&data), Some(tap), "{data}");
        }
    }

    proptest! {
        #[test]
        fn garbage_is_no_tap_and_no_panic(data in ".{0,70}") {
            if let Some(tap) = Tap::decode(&data) {
                prop_assert!(Tap::decode(&tap.encode()).is_some());
            }
        }
    }
}
