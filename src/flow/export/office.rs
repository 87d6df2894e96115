//! The workbook that the office files: totals by person, group, occupation and team, the entries, the approval.

use super::points::{By, Totals, grouped_table, points_table};
use super::{Request, approval};
use crate::config::Config;
use crate::port::store::{Store, Tally};
use crate::port::table::{Head, Table, TableSink};

/// Hands out all sheets; tells how many rows the first has. That they add up with each other is known before the first
/// is begun.
///
/// # Errors
/// The store's, the sink's, or points that do not add up.
pub async fn workbook<S: Store>(
    store: &S,
    config: &Config,
    request: Request,
    head: Head,
    tallies: &[Tally],
    sink: &mut (impl TableSink + Send),
) -> anyhow::Result<u64> {
    let _ = (store, config);
    let whole = Totals::of(tallies)?;
    let grouped: Vec<Table> =
        By::ALL.into_iter().map(|by| grouped_table(by, &head, tallies, &whole)).collect::<Result<_, _>>()?;
    let approval = approval::approval_table(&head, &whole, &[]);
    let people = points_table(Head { sheet: Some("points"), ..head.clone() }, tallies, request.names)?;
    people.pour(sink)?;
    grouped.iter().try_for_each(|table| table.pour(sink))?;
    approval.pour(sink)?;
    Ok(people.rows.len() as u64)
}
