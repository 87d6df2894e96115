//! The ledger's chain: each entry's digest covers the entry and the digest before it, so that whoever knows the last
//! digest of a month would see any change in or before it.
//!
//! SHA-256 over parts, each with its length before it. Called by the store (writing, verifying) and by tests.

use super::Transfer;
use sha2::{Digest as _, Sha256};

/// What stands before the first entry.
pub const START: &str = "";

/// The digest of entry `number`, 64 hexadecimal digits; `before` is that of the entry before it ([`START`]: none).
pub fn digest(before: &str, number: i64, transfer: &Transfer) -> String {
    let mut hash = Sha256::new();
    let mut feed = |part: Option<&str>| {
        // What is not there is told apart from what is empty.
        let length = part.map_or(u64::MAX, |part| part.len() as u64);
        hash.update(length.to_be_bytes());
        hash.update(part.unwrap_or_default());
    };
    let Transfer { key, kind, debit, credit, amount, at, rule, book, lead, alarm, redemption, reason, reverses, by } =
        transfer;
    let (debit, credit) = (debit.parts(), credit.parts());
    feed(Some(before));
    feed(Some(&number.to_string()));
    feed(Some(key));
    feed(Some(kind.name()));
    for (name, user) in [debit, credit] {
        feed(Some(name));
        feed(user.map(|user| user.to_string()).as_deref());
    }
    feed(Some(&amount.to_string()));
    feed(Some(&at.0.to_string()));
    feed(Some(rule));
    feed(Some(book));
    feed(lead.map(|id| id.to_string()).as_deref());
    feed(alarm.map(|id| id.to_string()).as_deref());
    feed(redemption.map(|id| id.to_string()).as_deref());
    feed(reason.as_deref());
    feed(reverses.as_deref());
    feed(by.map(|user| user.to_string()).as_deref());
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{AlarmId, LeadId, Millis, RedemptionId, UserId};
    use crate::domain::points::{Account, TransferKind};
    use std::collections::HashSet;

    fn entry() -> Transfer {
        Transfer {
            key: "lead:1:v1:0".into(),
            kind: TransferKind::Hold,
            debit: Account::Budget,
            credit: Account::Held(UserId(7)),
            amount: 10,
            at: Millis(1_000),
            rule: "tip_verified".into(),
            book: "base".into(),
            lead: Some(LeadId(1)),
            alarm: None,
            redemption: None,
            reason: None,
            reverses: None,
            by: None,
        }
    }

    #[test]
    fn whatever_differs_gives_another_digest() {
        let changes: [fn(&mut Transfer); 15] = [
            |_| {},
            |e| e.key.push('1'),
            |e| e.kind = TransferKind::Post,
            |e| e.debit = Account::Rewards,
            |e| e.credit = Account::Held(UserId(8)),
            |e| e.amount = 11,
            |e| e.at = Millis(1_001),
            |e| e.rule.push('x'),
            |e| e.book = String::new(),
            |e| e.lead = Some(LeadId(2)),
            |e| e.alarm = Some(AlarmId(1)),
            |e| e.redemption = Some(RedemptionId(1)),
            |e| e.reason = Some(String::new()),
            |e| e.reverses = Some("lead:1:v0:0".into()),
            |e| e.by = Some(UserId(7)),
        ];
        let mut seen: HashSet<String> = changes
            .iter()
            .map(|change| {
                let mut entry = entry();
                change(&mut entry);
                digest(START, 1, &entry)
            })
            .collect();
        seen.insert(digest(START, 2, &entry()));
        seen.insert(digest(&digest(START, 1, &entry()), 2, &entry()));
        assert_eq!(seen.len(), changes.len() + 2);
        assert!(seen.iter().all(|digest| digest.len() == 64));
    }

    #[test]
    fn the_digest_is_the_one_that_is_on_record() {
        // It stands in filed tables: it can never change for the same entry.
        insta::assert_snapshot!(digest(START, 1, &entry()), @"e7bf4adc700e08b962f9a2e3036b7d9a0bcf6b0e0a40be96cc813a4a648fab2e");
    }
}
