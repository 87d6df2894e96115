//! What mends teach: told to the operator, never learnt by itself, nothing private quoted.

use crate::world::{COURIER, DESK, GROUP, NEIGHBOUR, OFFICER, World};
use baiying::config::Config;
use baiying::domain::id::Millis;
use baiying::domain::member::Language;
use baiying::flow::lesson::tell;

async fn told(w: &World, since: Millis) -> String {
    tell(&w.store, &Config::default(), since).await.unwrap()
}

async fn mended(w: &mut World, who: i64, chat: i64, text: &str, to: &[&str]) {
    w.say(who, chat, text).await;
    w.advance(4).await;
    for label in to {
        w.press(who, chat, label).await;
        w.advance(4).await;
    }
}

#[tokio::test]
async fn words_most_often_mended_are_told_ready_to_paste() {
    let mut w = World::with(|c| c.language = Language::Zh).await;
    for (who, text) in [
        (COURIER, "#打架 晚上7点 Old Bridge 王五13812345678 为铜鹤石吵"),
        (NEIGHBOUR, "#打架 晚上7点 Old Bridge 铜鹤石被占 李四"),
        (13, "#打架 晚上7点 Old Bridge 又是铜鹤石"),
    ] {
        mended(&mut w, who, GROUP, text, &["矛盾纠纷"]).await;
    }
    mended(&mut w, 14, 14, "打架 晚上7点 Old Bridge 赵六家铜鹤石", &["more…", "dispute"]).await;
    // Back and forth is no mend.
    mended(&mut w, 15, GROUP, "#打架 晚上7点 Old Bridge 铜鹤石", &["矛盾纠纷", "打架斗殴"]).await;
    // Out of scope leaves nothing.
    mended(&mut w, 16, GROUP, "#盗窃 晚上7点 Old Bridge 孙七的狗叫声太大", &["更多", "扰乱秩序"]).await;
    w.push_data(OFFICER, DESK, w.last(DESK).id, "lX:6").await;
    for who in [17, 18] {
        mended(&mut w, who, GROUP, "#盗窃 晚上7点 地点：东门大市场楼 情况：电瓶不见了", &["在 东门市场"]).await;
        mended(&mut w, who, GROUP, "#盗窃 晚上7点 Old Bridge 电瓶不见了", &["早 1 小时", "早 1 小时", "前一天"]).await;
    }
    mended(&mut w, 19, 19, "盗窃 晚上8点 Old Bridge 电瓶不见了", &["1 h earlier"]).await;
    w.advance(30).await;
    let all = told(&w, Millis(0)).await;
    insta::assert_snapshot!("told", all);
    for secret in ["王五", "李四", "赵六", "孙七", "138", "狗叫"] {
        assert!(!all.contains(secret), "{secret}");
    }
    assert_eq!(w.anywhere("铜鹤石").len(), 10, "each tip and its card, and nothing is learnt from it");
    assert_eq!(told(&w, Millis(4_000_000_000_000)).await, "# nothing was mended\n");
    w.end().await;
}
