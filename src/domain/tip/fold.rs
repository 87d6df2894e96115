//! One spelling for matching: half-width, lower case, simplified characters, nothing invisible.
//!
//! Every folded character remembers where it stood, so that whatever is found can be told in the
//! writer's own words. Used by every reader of a tip's words.

use std::ops::Range;
use std::sync::LazyLock;

/// A message folded for matching.
#[derive(Debug)]
pub struct Folded<'a> {
    /// What was written.
    pub original: &'a str,
    /// What is matched.
    pub text: String,
    /// For each byte of `text`, where its character starts in `original`.
    starts: Vec<u32>,
    /// For each byte of `text`, where its character ends in `original`.
    ends: Vec<u32>,
}

impl<'a> Folded<'a> {
    /// Folds a message.
    pub fn new(original: &'a str) -> Self {
        let mut folded = Self {
            original,
            text: String::with_capacity(original.len()),
            starts: Vec::with_capacity(original.len()),
            ends: Vec::with_capacity(original.len()),
        };
        for (start, written) in original.char_indices() {
            let Some(character) = fold_char(written) else { continue };
            folded.text.push(character);
            let end = start + written.len_utf8();
            for _ in 0..character.len_utf8() {
                folded.starts.push(start as u32);
                folded.ends.push(end as u32);
            }
        }
        folded
    }

    /// The place in the original of a stretch of the folded text.
    pub fn span(&self, folded: &Range<usize>) -> Range<usize> {
        if folded.start >= folded.end || folded.end > self.text.len() {
            return 0..0;
        }
        self.starts[folded.start] as usize..self.ends[folded.end - 1] as usize
    }

    /// The writer's own words for a stretch of the folded text.
    pub fn words(&self, folded: &Range<usize>) -> &'a str {
        &self.original[self.span(folded)]
    }

    /// The folded stretch that covers a stretch of the original; empty if nothing of it was kept.
    pub fn find_span(&self, original: &Range<usize>) -> Range<usize> {
        let start = self.starts.partition_point(|&s| (s as usize) < original.start);
        let end = self.starts.partition_point(|&s| (s as usize) < original.end);
        start..end.max(start)
    }

    /// Whether a character of this folded stretch was written in its traditional form.
    pub fn is_traditional(&self, folded: &Range<usize>) -> bool {
        self.words(folded).chars().any(|c| simplify(c) != c)
    }
}

/// Folds a text whose spans nobody needs.
pub fn fold(text: &str) -> String {
    text.chars().filter_map(fold_char).collect()
}

/// One character folded; `None` if it cannot be seen.
fn fold_char(c: char) -> Option<char> {
    Some(match c {
        '\n' | '\r' | '\u{2028}' | '\u{2029}' => '\n',
        'A'..='Z' => c.to_ascii_lowercase(),
        ' '..='~' => c,
        '\t' | '\u{a0}' | '\u{3000}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' => ' ',
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}' => return None,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => return None,
        '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e007f}' => return None,
        '\u{ff01}'..='\u{ff5e}' => {
            char::from_u32(c as u32 - 0xfee0).expect("full-width forms map into ASCII").to_ascii_lowercase()
        }
        '、' => ',',
        '‘' | '’' | 'ʼ' => '\'',
        '“' | '”' => '"',
        '﹕' | '︰' | '∶' => ':',
        '﹟' => '#',
        '‐'..='―' | '−' | '─' | '━' => '-',
        '〜' | '∼' => '~',
        _ => simplify(c),
    })
}

/// The simplified form of a traditional character.
fn simplify(c: char) -> char {
    (c as usize).checked_sub(FIRST_HAN).and_then(|at| SIMPLIFIED.get(at)).copied().unwrap_or(c)
}

/// The first of the characters that the table covers, and how many it covers.
const FIRST_HAN: usize = 0x4e00;
const HAN: usize = 0x5200;

static SIMPLIFIED: LazyLock<Vec<char>> = LazyLock::new(|| {
    let mut table: Vec<char> = (FIRST_HAN..FIRST_HAN + HAN).filter_map(|c| char::from_u32(c as u32)).collect();
    for pair in PAIRS.split_whitespace() {
        let mut both = pair.chars();
        let (Some(traditional), Some(simplified)) = (both.next(), both.next()) else { continue };
        if let Some(entry) = (traditional as usize).checked_sub(FIRST_HAN).and_then(|at| table.get_mut(at)) {
            *entry = simplified;
        }
    }
    table
});

/// Traditional and simplified, for what people write in tips (not a dictionary).
const PAIRS: &str = "
時时 點点 鐘钟 鍾钟 個个 兩两 幾几 後后 剛刚 現现 週周 號号 間间 晝昼 凈净 淨净 尋寻 噚寻 這这 內内 從从 約约 禮礼 數数 萬万 億亿
東东 門门 們们 車车 電电 動动 單单 雙双 輛辆 轉转 載载 運运 過过 還还 進进 遠远 邊边 達达 遲迟 適适 選选 遺遗 鄰邻 鄉乡 郵邮 醫医
釀酿 釘钉 針针 鋼钢 錢钱 錶表 鎖锁 鎮镇 鏈链 鐵铁 鑰钥 鑽钻 銀银 銅铜 鋪铺 錯错 鍋锅 鏡镜 鐳镭 長长 閃闪 閉闭 開开 關关 閘闸 鬧闹
閣阁 闖闯 陽阳 陰阴 陳陈 隊队 階阶 際际 隨随 險险 隱隐 隻只 雖虽 雜杂 離离 難难 雲云 霧雾 靈灵 響响 頁页 頂顶 項项 順顺 須须 預预
領领 頭头 頻频 題题 額额 顏颜 願愿 類类 顧顾 顯显 風风 飛飞 飯饭 飲饮 館馆 餓饿 饑饥 馬马 駕驾 駛驶 騎骑 騙骗 騷骚 驗验 驚惊 驢驴
髒脏 體体 髮发 鬆松 鬥斗 鬍胡 魚鱼 鮮鲜 鳥鸟 鴨鸭 鵝鹅 雞鸡 鷄鸡 鹽盐 麗丽 麥麦 麵面 麼么 黃黄 黨党 齊齐 齡龄 齒齿 龍龙 龜龟 圖图
團团 國国 園园 圍围 圓圆 場场 塊块 壞坏 堅坚 報报 執执 塵尘 墊垫 墜坠 墮堕 牆墙 壓压 壯壮 壽寿 夢梦 夥伙 奪夺 奧奥 獎奖 婦妇 媽妈
孫孙 學学 寶宝 實实 寧宁 審审 寫写 寬宽 對对 導导 專专 將将 屍尸 層层 屬属 島岛 崗岗 嶺岭 歲岁 幣币 師师 帳帐 帶带 幫帮 幹干 庫库
廁厕 廂厢 廠厂 廢废 廣广 廳厅 廚厨 廟庙 應应 張张 強强 彈弹 彎弯 彙汇 當当 錄录 徑径 復复 徵征 愛爱 態态 慘惨 憂忧 憤愤 懷怀 懸悬
戀恋 戰战 戲戏 戶户 拋抛 挾挟 掃扫 掛挂 採采 揀拣 換换 揮挥 損损 搖摇 搶抢 摟搂 撐撑 撥拨 撲扑 撿捡 擁拥 擇择 擊击 擋挡 擔担 據据
擠挤 擬拟 擴扩 擺摆 擾扰 攔拦 攤摊 攜携 攝摄 敗败 敵敌 斃毙 斷断 於于 晉晋 曬晒 曉晓 暈晕 暫暂 曆历 會会 書书 條条 來来 楊杨 極极
構构 槍枪 樁桩 樂乐 樓楼 標标 樣样 樹树 橋桥 機机 橫横 檔档 檢检 櫃柜 欄栏 權权 歐欧 歡欢 殘残 殺杀 毀毁 毆殴 氣气 決决 沒没 沖冲
況况 洩泄 涼凉 淚泪 淺浅 渾浑 湧涌 準准 溝沟 溫温 滅灭 滲渗 滾滚 滿满 漁渔 漢汉 漲涨 潔洁 潛潜 潑泼 澤泽 濃浓 濕湿 濟济 瀉泻 灘滩
灣湾 災灾 為为 爲为 烏乌 無无 煙烟 煩烦 熱热 燈灯 燒烧 營营 燙烫 爛烂 爐炉 爭争 爺爷 爾尔 牽牵 犧牺 狀状 狹狭 獨独 獲获 獸兽 瑪玛
環环 瓊琼 產产 畝亩 畫画 異异 疊叠 痙痉 瘋疯 療疗 癱瘫 發发 盜盗 盞盏 盡尽 監监 盤盘 眾众 睜睁 瞞瞒 礎础 礙碍 禍祸 禦御 禿秃 種种
稱称 積积 穩稳 窩窝 窮穷 竄窜 竊窃 競竞 筆笔 筍笋 節节 範范 築筑 簡简 籃篮 籬篱 粵粤 糞粪 糧粮 糾纠 紀纪 紅红 紋纹 納纳 紐纽 純纯
紙纸 級级 紛纷 細细 終终 組组 結结 絕绝 給给 絲丝 統统 經经 綁绑 維维 網网 緊紧 線线 緣缘 編编 緩缓 練练 縣县 縮缩 縱纵 總总 績绩
織织 繞绕 繩绳 繼继 續续 纏缠 罰罚 罵骂 罷罢 羅罗 義义 習习 聖圣 聞闻 聯联 聰聪 聲声 聽听 職职 聾聋 肅肃 腦脑 腫肿 腳脚 膚肤 膠胶
臉脸 臟脏 臨临 臺台 與与 興兴 舉举 舊旧 艙舱 艦舰 藍蓝 藝艺 藥药 蘇苏 蘭兰 處处 虛虚 蟲虫 蟻蚁 蠟蜡 衛卫 衝冲 裝装 裡里 裏里 補补
褲裤 襪袜 襲袭 見见 規规 視视 親亲 覺觉 覽览 觀观 觸触 訂订 計计 訊讯 討讨 訓训 記记 訪访 設设 許许 訴诉 診诊 註注 詐诈 評评 詞词
詢询 試试 詳详 話话 該该 認认 誘诱 語语 誤误 說说 説说 課课 調调 談谈 請请 論论 證证 識识 譯译 議议 護护 讀读 變变 讓让 貓猫 貝贝
負负 財财 責责 販贩 貨货 貪贪 買买 費费 貼贴 貴贵 賀贺 賊贼 賓宾 賣卖 賤贱 質质 賬账 賭赌 賴赖 購购 賽赛 贈赠 贏赢 趕赶 趙赵 跡迹
踐践 蹤踪 躍跃 軍军 軌轨 軟软 較较 輕轻 輪轮 輸输 轄辖 轟轰 辦办 辭辞 農农 連连 遊游 違违 遞递 遷迁 鄧邓 鄭郑 釋释 銷销 錦锦 鏽锈
鐲镯 閱阅 陝陕 陸陆 靜静 韓韩 頸颈 顆颗 飄飘 餅饼 餘余 駁驳 駐驻 駝驼 鮑鲍 鴿鸽 黴霉 齣出 龐庞 葉叶 華华 蓋盖 蓮莲 蔣蒋 薦荐 蕩荡
虧亏 蝦虾 螞蚂 術术 衆众 襯衬 賢贤 鉗钳 銳锐 鋸锯 錘锤 鏟铲 鑼锣 閒闲 閥阀 闊阔 韌韧 頓顿 頗颇 飾饰 餵喂 驅驱 骯肮 髏髅 鯨鲸 黏粘
嗆呛 嘔呕 嘩哗 噴喷 嚇吓 嚴严 囂嚣 壇坛 墳坟 奮奋 嬰婴 孃娘 尷尴 廈厦 廬庐 彌弥 惡恶 惱恼 慶庆 憑凭 憲宪 懶懒 掙挣 撈捞 撓挠 攪搅
擄掳 斬斩 槓杠 棧栈 棟栋 樑梁 櫻樱 殼壳 氾泛 滯滞 瀝沥 烴烃 煉炼 燦灿 燭烛 爍烁 牠它 獅狮 獵猎 疇畴 瘡疮 癢痒 癮瘾 皺皱 盧卢 碼码
磚砖 稅税 穀谷 籠笼 紮扎 緝缉 緯纬 縫缝 翹翘 臘腊 蔭荫 蘆芦 蛻蜕 蠅蝇 訛讹 誰谁 諮咨 謝谢 謠谣 貧贫 賠赔 賃赁 贓赃 蹺跷 軀躯 輔辅
遼辽 鄒邹 醬酱 鈔钞 鈴铃 鉛铅 鍵键 鏢镖 鐺铛 闆板 陣阵 餃饺 驟骤 鱷鳄 鹹咸 麽么 係系 俾畀 偵侦 側侧 備备 傘伞 傷伤 傾倾 僅仅 僑侨
僕仆 價价 儀仪 儘尽 償偿 優优 儲储 兒儿 冊册 凍冻 兇凶 別别 刪删 則则 創创 劃划 劇剧 劍剑 勁劲 務务 勝胜 勞劳 勢势 勸劝 匯汇 區区
協协 卻却 厲厉 參参 叢丛 吳吴 吶呐 員员 問问 啟启 啞哑 喪丧 喬乔 嘆叹 嚮向 壩坝 夠够 夾夹 姦奸 姪侄 娛娱 嬸婶 寢寝 屆届 屢屡 帥帅
幟帜 莊庄 弔吊 恆恒 悶闷 愜惬 慣惯 憐怜 憶忆 託托 敘叙 斂敛 旣既 櫥橱 殯殡 洶汹 滬沪 澆浇 濫滥 灑洒 牀床 畢毕 祕秘 窓窗 竪竖 豎竖
籤签 簽签 絆绊 綠绿 縛缚 脅胁 脫脱 腸肠 膽胆 舖铺 艱艰 荊荆 萊莱 蒐搜 詭诡 誌志 謀谋 謊谎 謹谨 豬猪 貿贸 贖赎 輾碾 辯辩 釣钓 鈕钮
銬铐 鎗枪 鏗铿 閨闺 闢辟 隕陨 雛雏 鞏巩 韆千 飢饥 饒饶 駱骆 騰腾 魯鲁 鯉鲤 鱔鳝 鴛鸳 鸚鹦 鵡鹉 鹵卤 齋斋 噏吸 衹只 祇只 纔才 佔占
倉仓 倆俩 倫伦 偉伟 傭佣 債债 僞伪 偽伪 儉俭 兌兑 剎刹 劑剂 剮剐 嗎吗 吒咤 唸念 喚唤 喲哟 嗚呜 嗇啬 嗶哔 嘍喽 嘮唠 嘯啸 嘰叽 噁恶
噸吨 嚕噜 囉啰 囑嘱";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_spelling() {
        for (written, folded) in [
            ("＃盜竊：８點", "#盗窃:8点"),
            ("东\u{200b}方\u{202e}公寓", "东方公寓"),
            ("A\0B\u{3000}C", "ab c"),
            ("２０：３０〜２１：００", "20:30~21:00"),
        ] {
            assert_eq!(fold(written), folded);
        }
    }

    #[test]
    fn words_are_the_writers_own() {
        let folded = Folded::new("昨晚在东\u{200b}方公寓");
        let at = folded.text.find("东方").unwrap();
        assert_eq!(folded.words(&(at..at + 6)), "东\u{200b}方");
    }

    proptest! {
        #[test]
        fn every_span_is_in_the_original(text in "\\PC{0,40}", a in 0usize..60, b in 0usize..60) {
            let folded = Folded::new(&text);
            let bounds: Vec<usize> = folded.text.char_indices().map(|(at, _)| at).chain([folded.text.len()]).collect();
            let (a, b) = (bounds[a % bounds.len()], bounds[b % bounds.len()]);
            let words = folded.words(&(a.min(b)..a.max(b)));
            prop_assert!(text.contains(words));
            prop_assert_eq!(fold(words), &folded.text[a.min(b)..a.max(b)]);
        }
    }
}
