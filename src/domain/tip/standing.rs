//! Whether a message is a tip at all, or a greeting, thanks, a question, an advert, a notice or chat.

use super::ChatKind;
use regex::Regex;
use std::sync::LazyLock;

/// What else is known of the message.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    /// Where it was written.
    pub chat: ChatKind,
    /// Marked by the writer.
    pub marked: bool,
    /// A tag, label or command that names a category or fields: the writer surely means a tip.
    pub surely: bool,
    /// How specific the words of its category are; 0 without one.
    pub weight: u32,
    /// Words say that something is not so (没有打架).
    pub denied: bool,
    /// Words name a place, known or not.
    pub place: bool,
    /// Words tell a time.
    pub time: bool,
    /// It is still to come.
    pub future: bool,
    /// It presses.
    pub urgent: bool,
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is checked by tests")
}

/// Words that say nothing by themselves: what is left of a tip when they are gone is what it tells.
static SMALL_TALK: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"你好|您好|大家好|各位好|各位|大家|早上好|早安|早晨|上午好|中午好|下午好|晚上好|晚安|在吗|在不在|在么|喂|哈喽|哈罗|嗨|早呀|早啊|早|群主|群友|邻居们|邻居|警官|民警|阿sir|警察|同志|师傅|老师|朋友们|兄弟们|辛苦了|辛苦晒|辛苦|谢谢|感谢|多谢|唔该晒|唔该|谢了|收到|好的|好嘅|好滴|ok|okay|明白|知道了|了解|嗯|哦|哈+|呵+|嘻+|赞|加油|新年快乐|节日快乐|中秋快乐|生日快乐|恭喜发财|恭喜|周末愉快|测试|试一下|试试|机器人|hello|hi|hey|good morning|good afternoon|good evening|good night|morning|officers|officer|sir|madam|team|folks|everyone|everybody|all|guys|thanks a lot|thanks|thank you so much|thank you very much|thank you|thx|ty|test|testing|bot|there|much appreciated|got it|noted|nice|great|well done|yes|no|lol|haha+|please|happy new year|again|欢迎|新人|报到|入群|进群|拜拜|再见|bye|了|啊|呀|吧|哈|呢|哦|啦|的|您|你|们|我|很|晒|噶|嘅|都|去|来|today|so|the|for|is|are|you|to|and|a",
    )
});

static THANKS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:[^,。!?\n]{0,12})?(?:谢谢|感谢|多谢|唔该晒|谢了)|锦旗|表扬|点赞|好人好事|为民|辛苦了|已经解决了|处理得|处理好了|修好了|整返好|搞掂咗|搞定了|找到了.{0,8}(?:谢|感)|thanks for|thank you for|thanks to|many thanks|much appreciated|appreciate|well done|good job|great job|has been fixed|is fixed now|working again",
    )
});

static QUESTION: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"[?]|^谁|谁(?:在|有|家|看到|捡|要|会|能)|吗|么$|怎么|怎样|点样|点算|哪里|哪儿|边度|几点|几时|多少|几钱|什么|乜嘢|咩|谁知道|有没有人知道|有冇人知|能不能|可不可以|可以.{0,8}不|是否|请问|想问|问下|问一下|咨询|打听|呢$|\b(?:how|what|where|when|why|which|who|whose|can i|can we|do you|does|is there|are there|any idea|anyone know|could you|should i|may i|is it|will)\b",
    )
});

/// Questions on procedures and services: never a tip by themselves.
static PROCEDURE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"哪里办|哪办|怎么办理|怎么办证|办理|点办|边度办|办证|居住证|暂住证|身份证.{0,6}办|上牌|年审|户口|落户|社保|医保|营业时间|开门吗|开门不|上班吗|开不开|几点开|几点关|几点下班|几点上班|开唔开|电话是多少|电话多少|号码是多少|怎么走|怎么去|点去|点行|坐几路|几路车|怎么举报|如何举报|怎么报名|报名|怎么用|点用|积分.{0,6}(?:怎么|如何|多少|查|换|兑)|(?:怎么|如何|多少|查|换|兑).{0,6}积分|有奖励|奖励|值班电话|要带什么|需要什么材料|材料|推荐|介绍一下|好吃|哪家|边间|有冇得|多少钱|几钱|学费|票价|停车费|how do i|how to|how can i|where can i|where do i|where is the|opening hours|what time does|what time do|open on|open today|how much|is there a reward|recommend|which bus|phone number of|number for|sign up|register|apply for|renew",
    )
});

/// Questions on what became of something.
static AFTERMATH: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"抓到.{0,3}(?:没|吗|了吗|未)|(?:处理|解决|修好|查到|找到|破案).{0,4}(?:没|吗|了吗|未|怎么样|咩)|怎么样了|后来呢|什么结果|有结果|有消息|听说.{0,16}(?:吗|真的|是不是)|真的假的|是真的吗|是不是真的|谁知道.{0,10}(?:怎么|什么|发生)|发生(?:了)?什么|发生咩|什么情况|咩事|出什么事|怎么回事|(?:昨|前).{0,12}(?:是不是|系咪)|any news|any update|did they catch|did anyone|what happened|is it true|heard that|anyone know",
    )
});

static ADVERT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"优惠|促销|大促|特价|打折|\d折|折扣|满\d+|立减|包邮|秒杀|限时|抢购|团购|接龙|拼团|出租|招租|出售|转让|低价|转手|急出|招聘|招工|诚聘|招人|月薪|底薪|包吃住|包食住|加微信|加v|扫码|领取|免费领|免费送|送货上门|代办|贷款|低息|开业|开张|会员|充值送|预订|预约|下单|到货|新到|现货|一斤|元/|块钱一|批发|家政|疏通下水道|搬家公司|开锁换锁|上门维修|专业|承接|回收|欢迎.{0,6}(?:光临|咨询|选购|惠顾|致电)|详情咨询|有需要.{0,6}(?:联系|私|找)|私聊|私信我|sale|discount|% off|for sale|for rent|to let|hiring|we are hiring|promo|free delivery|special offer|buy one|order now|dm me|whatsapp me|click|limited time|grand opening|half price|per month|selling my|selling a second|anyone selling|anyone want",
    )
});

static NOTICE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"温馨提示|友情提示|安全提示|警方提示|警方提醒|^通知|【.{0,6}通知】|(?:停水|停电|紧急|重要|活动|物业|社区)通知|通知[:：]|公告|提醒(?:大家|各位|广大|居民|业主)|请(?:大家|各位|广大|居民|业主|相互|互相|周知|知悉|注意防范|做好|提高|勿轻信|转告|转发)|提高警惕|谨防|切勿|不要轻信|勿信|防诈|反诈|宣传|天气预报|预警信号|台风|降温|明天.{0,8}(?:停水|停电|开会|活动|演练|体检|检修)|检修|将于|定于|拟于|讲座|志愿者|义诊|核酸|疫苗|值班表|排班|转发|扩散|演练|notice:|reminder|please be advised|will be held|weather forecast|please note|drill|volunteers|announcement",
    )
});

static INVITATION: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"大家来|一起来|欢迎|来玩|来看|参加|集合|约|报名|join us|come along|see you|welcome"));

static CHAT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"误会|搞错了|看错了|虚惊|false alarm|哈哈|笑死|嘿嘿|开玩笑|电影|电视剧|剧里|小说|游戏|王者|吃鸡|开黑|直播|球赛|比赛|世界杯|湖人|火箭队|决赛|进球|主场|客场|联赛|朋友圈|抖音|网上看|新闻里|新闻说|新闻报|梦见|做梦|梦到|吃饭了|吃了吗|喝茶|喝酒吗|打牌吗|打麻将吗|三缺一|约饭|约球|聚餐|天气真|天气好|今天好热|好冷啊|热死|累死|笑死|饿死|气死|急死|忙死|困死|美死|堵死了哈|晒太阳|跳舞去|散步去|接孩子|作业|家长会|考试|放假|旅游|快递到了|拿快递|谁的快递|有快递|谁家.{0,6}(?:要|有|借)|求推荐|孩子几岁|恭喜|生日|喜酒|早点睡|下雨了|出太阳|movie|film|drama|episode|game|match|football|lol|haha|dream|joke|weather|birthday|dinner|lunch\?|homework|holiday|vacation|weekend plans|novel|tv show|concert tickets|生意火|火爆|好火|太火|火锅|火了|着火一样|价格战",
    )
});

/// Whether the message is a tip; `text` is folded, without marks.
pub fn is_tip(text: &str, facts: &Facts) -> bool {
    let told = substance(text);
    if facts.surely {
        return told > 0 || facts.weight > 0;
    }
    let incident = facts.weight >= 4;
    let invited = facts.future && INVITATION.is_match(text);
    let small = told <= 2 && facts.weight < 4 && !(facts.place && facts.urgent);
    if small {
        return false;
    }
    let adverts = ADVERT.find_iter(text).take(3).count();
    let question = QUESTION.is_match(text);
    let other = invited
        || facts.denied && facts.weight < 4
        || adverts >= 2 && facts.weight < 12
        || adverts >= 1 && facts.weight < 4
        || THANKS.is_match(text) && !facts.urgent && !(incident && text.trim_end().ends_with("谢谢"))
        || PROCEDURE.is_match(text) && question && !facts.urgent
        || AFTERMATH.is_match(text) && question && !facts.urgent
        || NOTICE.is_match(text) && !(incident && facts.place && facts.time)
        || CHAT.is_match(text) && !(facts.urgent && facts.place) && facts.weight < 10
        || question && facts.weight < 4 && !facts.urgent;
    if facts.marked {
        // A mention or a tag of its own: everything but what is plainly something else.
        return !other || incident && !question;
    }
    if other {
        return false;
    }
    match facts.chat {
        ChatKind::Private => incident || facts.place || facts.time || facts.urgent || told >= 6,
        ChatKind::Group => {
            let clear = facts.weight >= 6 || incident && (facts.urgent || facts.place && facts.time);
            let where_or_when = facts.place || facts.time || facts.urgent;
            clear && where_or_when && !facts.future && !(question && !facts.urgent && !facts.place)
        }
    }
}

/// How many letters are left when greetings, thanks and signs are taken away.
fn substance(text: &str) -> usize {
    let left = SMALL_TALK.replace_all(text, |found: &regex::Captures<'_>| {
        let whole = found.get(0).map_or(0..0, |found| found.range());
        let ascii = found[0].starts_with(|c: char| c.is_ascii_alphabetic());
        let inside = ascii
            && (text[..whole.start].ends_with(|c: char| c.is_ascii_alphanumeric())
                || text[whole.end..].starts_with(|c: char| c.is_ascii_alphanumeric()));
        if inside { found[0].to_owned() } else { " ".to_owned() }
    });
    left.chars().filter(|c| c.is_alphanumeric()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_tip() {
        let facts = Facts {
            chat: ChatKind::Private,
            marked: false,
            surely: false,
            weight: 0,
            denied: false,
            place: true,
            time: true,
            future: false,
            urgent: false,
        };
        for text in [
            "各位早 群主辛苦了 👍",
            "居住证在哪里办 便民服务中心周六开门吗",
            "圣诞大促!惠民超市今晚6点到9点全场满100减30,鸡蛋3块8一斤",
            "thanks for the quick help yesterday at jinxiu garden, much appreciated!",
            "你好 在吗",
            "",
            "👍👍",
        ] {
            assert!(!is_tip(text, &facts), "{text}");
        }
        assert!(is_tip("有人一直敲我家门 不敢开", &Facts { place: false, time: false, ..facts }));
    }
}
