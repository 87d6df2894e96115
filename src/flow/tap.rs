//! What a button means: the press data, packed into the platform's 64 bytes and unpacked again.

use crate::domain::alarm::{Answer, Callee, Outcome};
use crate::domain::id::{AlarmId, LeadId, MessageId, UserId};
use crate::domain::member::Language;
use crate::domain::place::Wgs84;

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
    /// 办结
    Resolve,
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
        }
    }

    /// Unpacks it; `None` for data that no button of ours carries.
    pub fn decode(data: &str) -> Option<Self> {
        match data {
            "gz" => return Some(Self::Language(Language::Zh)),
            "ge" => return Some(Self::Language(Language::En)),
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
            Tap::Language(Language::Zh),
            Tap::Language(Language::En),
        ];
        for tap in desk.into_iter().chain(receipt).chain(answers).chain(rest) {
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
