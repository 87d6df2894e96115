//! The workbook that the office files: totals by person, group, occupation and team, the entries, the
//! redemptions, the approval.
//!
//! Owns what is true of all sheets together: as of when they are, who was on file then, and that they agree. A closed
//! month is made from what was on file at its close, so that it is the same file whenever it is made.

use super::entries::{self, Codes};
use super::points::{self, By, Totals, grouped_table, points_table};
use super::redemptions::redemptions_table;
use super::{Request, approval, staff_codes};
use crate::config::Config;
use crate::domain::id::{Millis, UserId};
use crate::domain::month::{Checklist, MonthClose};
use crate::domain::period::{Period, show};
use crate::port::store::{FiledPerson, LedgerEnd, Store, Tally};
use crate::port::table::{Head, Table, TableKind, TableSink};
use anyhow::ensure;
use std::collections::BTreeSet;

/// A period's books: points, codes, and where the ledger ended.
#[derive(Debug)]
pub struct Books {
    /// Of everybody whose points moved, and of all others together.
    pub tallies: Vec<Tally>,
    /// By which codes entries show people.
    pub codes: Codes,
    /// Entries after it do not belong to these books.
    pub end: LedgerEnd,
    /// The close, if the period is a closed month.
    pub closed: Option<MonthClose>,
}

impl Books {
    /// Reads them.
    ///
    /// # Errors
    /// The store's.
    pub async fn read<S: Store>(store: &S, period: Period) -> anyhow::Result<Self> {
        if let Some(closed) = store.closed_month(period).await? {
            let people = store.filed_people(&closed.month).await?;
            let mut tallies = points::tallies(store, period).await?;
            points::as_filed(&mut tallies, &people);
            let end = LedgerEnd { last: closed.last, digest: closed.digest.clone() };
            return Ok(Self { tallies, codes: filed_codes(people), end, closed: Some(closed) });
        }
        let (end, tallies) = points::books(store, period).await?;
        let codes = Codes { staff: staff_codes(&store.townspeople().await?), ..Codes::default() };
        Ok(Self { tallies, codes, end, closed: None })
    }

    /// The redemptions of the period, as they stood at its close.
    ///
    /// # Errors
    /// The store's.
    pub async fn redemptions<S: Store>(&mut self, store: &S, head: Head) -> anyhow::Result<Table> {
        let redemptions = store.redemptions_between(head.period.from, head.period.to).await?;
        let users: BTreeSet<UserId> = redemptions.iter().map(|it| it.user).collect();
        if !self.codes.fixed && !users.is_empty() {
            self.codes.members.extend(store.member_codes(&users.into_iter().collect::<Vec<_>>()).await?);
        }
        let at = self.closed.as_ref().map_or(Millis(i64::MAX), |closed| closed.at);
        Ok(redemptions_table(self.titled(head), &redemptions, &self.codes, at))
    }

    /// A title that says whether the month is closed.
    pub fn titled(&self, head: Head) -> Head {
        let Some(closed) = &self.closed else { return head };
        let title = format!("{}（{}）", head.title, closed_shown(closed, head.zone));
        Head { title, ..head }
    }
}

fn filed_codes(people: Vec<FiledPerson>) -> Codes {
    let staff = people.iter().filter(|person| person.staff).map(|person| (person.user, person.code.clone())).collect();
    let members = people.into_iter().map(|person| (person.user, person.code)).collect();
    Codes { staff, members, fixed: true, ..Codes::default() }
}

fn closed_shown(closed: &MonthClose, zone: chrono_tz::Tz) -> String {
    format!("已结账 closed {} by {}", show(closed.at, zone), closed.by)
}

/// Hands out all sheets; tells how many rows the first has. That the totals agree is known before the first is begun;
/// that the entries come to the same, before the file is whole.
///
/// # Errors
/// The store's, the sink's, or points that do not add up.
pub async fn workbook<S: Store>(
    store: &S,
    config: &Config,
    request: Request,
    mut books: Books,
    sink: &mut (impl TableSink + Send),
) -> anyhow::Result<u64> {
    let head = books.titled(request.head(config));
    let whole = Totals::of(&books.tallies)?;
    let sheet = |head: Head| books.titled(head);
    let grouped: Vec<Table> = By::ALL
        .into_iter()
        .map(|by| {
            let table = grouped_table(by, &request.head(config), &books.tallies, &whole)?;
            Ok(Table { head: sheet(table.head), ..table })
        })
        .collect::<anyhow::Result<_>>()?;
    let people = points_table(Head { sheet: Some("points"), ..head.clone() }, &books.tallies, request.names)?;
    let entries = sheet(Request { kind: TableKind::Entries, ..request }.head(config));
    let entries = Head { sheet: Some("entries"), ..entries };
    let redeemed = Request { kind: TableKind::Redemptions, ..request }.head(config);
    let redeemed = books.redemptions(store, Head { sheet: Some("redemptions"), ..redeemed }).await?;

    people.pour(sink)?;
    grouped.iter().try_for_each(|table| table.pour(sink))?;
    let poured = entries::pour(store, &entries, books.end.last, &mut books.codes, request.names, sink).await?;
    agrees(&whole, poured)?;
    redeemed.pour(sink)?;
    approval(&books, &request.head(config), &whole, poured.count).pour(sink)?;
    Ok(people.rows.len() as u64)
}

/// The entries table alone.
///
/// # Errors
/// The store's, the sink's, or entries that do not come to what the totals say.
pub async fn entries_alone<S: Store>(
    store: &S,
    config: &Config,
    request: Request,
    sink: &mut (impl TableSink + Send),
) -> anyhow::Result<u64> {
    let mut books = Books::read(store, request.period).await?;
    let head = books.titled(request.head(config));
    let whole = Totals::of(&books.tallies)?;
    let poured = entries::pour(store, &head, books.end.last, &mut books.codes, request.names, sink).await?;
    agrees(&whole, poured)?;
    Ok(poured.count)
}

fn agrees(whole: &Totals, poured: entries::Poured) -> anyhow::Result<()> {
    let [opening, .., closing] = whole.numbers;
    ensure!(
        poured.net == closing - opening,
        "the entries come to {}, the totals to {}: run `baiying doctor`",
        poured.net,
        closing - opening
    );
    Ok(())
}

fn approval(books: &Books, head: &Head, whole: &Totals, entries: u64) -> Table {
    let mut lines = vec![("台账流水 Ledger entries", format!("{}笔 {entries}", approval::capital(entries as i64)))];
    let end = &books.end;
    lines.push((
        "台账摘要 Ledger digest",
        match end.last {
            0 => "无 none".into(),
            last => format!("至第 {last} 笔 up to entry {last}: {}", end.digest),
        },
    ));
    lines.push((
        "结账 Month close",
        match &books.closed {
            None => "未结账 not closed".into(),
            Some(closed) => format!("{}{}", closed_shown(closed, head.zone), open_shown(&closed.open)),
        },
    ));
    let table = approval::approval_table(head, whole, &lines);
    Table { head: books.titled(table.head), ..table }
}

/// What was open at a close, in words.
fn open_shown(open: &Checklist) -> String {
    let items = [
        (open.held, format!("待核线索 leads held {}（{} 分 points）", open.held, open.held_points)),
        (open.undecided, format!("未处理线索 leads undecided {}", open.undecided)),
        (open.nameless, format!("无姓名 without a name {}", open.nameless)),
        (open.redemptions, format!("未兑付 redemptions open {}", open.redemptions)),
    ];
    let open: Vec<String> = items.into_iter().filter(|(count, _)| *count > 0).map(|(_, words)| words).collect();
    if open.is_empty() { String::new() } else { format!("；结账时未了 then open: {}", open.join("、")) }
}
