//! What the database finds when it looks itself over, in words. Called by `doctor`.

use super::Doctor;
use crate::port::audit::{Audit, Breach, Law, Setting};

impl Doctor<'_> {
    pub(super) fn audit(&mut self, audit: &Audit) {
        if audit.is_clean() {
            return self.ok("数据库完整，账目相符".into(), "the database is whole and its books agree".into());
        }
        if !audit.damage.is_empty() {
            let words = audit.damage.join("; ");
            self.fail(
                format!("数据库已损坏：{words}"),
                format!("the database is damaged: {words}"),
                "停止 baiying，检查磁盘，用 baiying restore 恢复最近的备份；损坏的文件留存备查",
                "stop baiying, check the disk, bring back the newest backup with baiying restore; keep the damaged file",
            );
        }
        for breach in &audit.breaches {
            self.breach(breach);
        }
        for Setting { name, value, wanted } in &audit.settings {
            self.fail(
                format!("PostgreSQL 的 {name} 是 {value}：断电或崩溃会丢失或损坏数据"),
                format!("PostgreSQL's {name} is {value}: a crash or a power cut can lose or damage data"),
                &format!("设为 {wanted}"),
                &format!("it should be {wanted}"),
            );
        }
    }

    fn breach(&mut self, breach: &Breach) {
        let (n, some) = (breach.count, breach.examples.join(" "));
        let (zh, en) = match breach.law {
            Law::Legs => (
                format!("{n} 笔积分记账不成对：{some}"),
                format!("{n} entries of the ledger do not move points from one account to another: {some}"),
            ),
            Law::Held => (
                format!("{n} 条线索的待核积分为负：线索 {some}"),
                format!("less than nothing is held for {n} leads: {some}"),
            ),
            Law::Reversal => (
                format!("{n} 笔冲正找不到原账：{some}"),
                format!("{n} reversals name an entry that is not there: {some}"),
            ),
            Law::Balance => (
                format!("{n} 个积分账户与流水不符：用户 {some}"),
                format!("{n} accounts hold something else than the ledger says: users {some}"),
            ),
            Law::Chain => (
                format!("积分台账的摘要链在 {n} 处断开（-1 为链尾）：第 {some} 笔"),
                format!("the ledger's chain of digests is broken at {n} places (-1: its end): entries {some}"),
            ),
            Law::Overdrawn => (
                format!("{n} 个积分账户透支：用户 {some}"),
                format!("{n} accounts are overdrawn although nothing was taken back: users {some}"),
            ),
            Law::Close => (
                format!("{n} 个已结账的月份与台账不符：{some}"),
                format!("{n} closed months are not what the ledger says: {some}"),
            ),
            Law::History => (
                format!("{n} 条线索的历史不全：线索 {some}"),
                format!("{n} leads lack a part of their history: {some}"),
            ),
        };
        self.fail(
            zh,
            en,
            "数据库被 baiying 以外的程序改过，或程序有错：请连同日志报告，积分先不要发放",
            "something other than baiying wrote to the database, or baiying is wrong: report it with the log, pay nothing yet",
        );
    }
}
