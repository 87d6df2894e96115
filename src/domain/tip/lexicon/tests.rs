//! What is a word of a list, and what is not.

use super::*;
use crate::domain::tip::CategoryKind;
use proptest::prelude::*;

fn lexicon(theft: &[&str], fight: &[&str], neutral: &[&str]) -> Lexicon {
    let category = |id: &str, words: &[&str]| Category {
        id: id.into(),
        zh: format!("{id}类"),
        en: format!("{id} kind"),
        kind: CategoryKind::Incident,
        critical: false,
        sensitive: false,
        family: None,
        words: words.iter().map(|word| (*word).to_owned()).collect(),
    };
    let neutral: Vec<String> = neutral.iter().map(|word| (*word).to_owned()).collect();
    Lexicon::new(&[category("theft", theft), category("fight", fight)], [(Cue::Neutral, neutral.as_slice())])
}

/// The words found, as they stand in the text, with their weights.
fn found<'t>(lexicon: &Lexicon, text: &'t str, masked: &[Range<usize>]) -> Vec<(&'t str, u32)> {
    lexicon.find(text, masked).into_iter().map(|hit| (&text[hit.span], hit.weight)).collect()
}

#[test]
fn each_form_of_a_word() {
    let lexicon = lexicon(&["偷", "撬/剪*锁/电缆", "^车没了", "电瓶+", "steal/stole", "#丢车"], &[], &["偷偷"]);
    let cases: [(&str, &[(&str, u32)]); 14] = [
        ("有人偷车", &[("偷", 2)]),
        ("偷偷看一眼", &[]),
        ("撬了门锁", &[("撬了门锁", 3)]),
        ("剪断电缆", &[("剪断电缆", 5)]),
        ("锁撬", &[]),
        ("撬门。锁好了", &[]),
        ("撬一二三四五六七八九十一二锁", &[]),
        ("早上车没了", &[]),
        ("早上,车没了", &[("车没了", 6)]),
        ("电瓶", &[("电瓶", 8)]),
        ("he stole it", &[("stole", 4)]),
        ("he steals it", &[("steal", 4)]),
        ("stolen", &[]),
        ("丢车", &[]),
    ];
    for (text, words) in cases {
        assert_eq!(found(&lexicon, text, &[]), words, "{text}");
    }
    assert_eq!(lexicon.tag("丢车"), Some(0));
    assert_eq!(lexicon.tag("电瓶"), Some(0));
}

#[test]
fn words_that_could_never_be_found_are_faulty() {
    for word in ["a*b*c", "", " ", "a*", "*a", "a/*b", "a//b", "^a*b", "a*b+", "+", "-"] {
        assert!(fault(word).is_some(), "{word:?}");
    }
    for word in ["a", "a/b*c/d", "^a", "a+", "#a", "-a*b", "a b"] {
        assert_eq!(fault(word), None, "{word:?}");
    }
}

#[test]
fn a_stretch_is_masked_though_a_shorter_mask_lies_inside_a_longer() {
    let masks = merged(vec![20..22, 0..50, 60..61]);
    assert_eq!(masks, [0..50, 60..61]);
    assert!(is_masked(&masks, &(30..31)) && !is_masked(&masks, &(50..60)));
}

#[test]
fn names_of_places_are_no_words_but_take_no_room() {
    let lexicon = lexicon(&["超市", "掉/搬*湖/货"], &[], &[]);
    let text = "好又多超市搬了好又多超市的三箱货";
    let name = "好又多超市".len();
    let second = text.rfind("好又多").unwrap();
    let masks = [0..name, second..second + name];
    assert_eq!(found(&lexicon, text, &masks), [("搬了好又多超市的三箱货", 3)]);
    assert_eq!(found(&lexicon, text, &[]).len(), 3);
    let text = "掉莲湖";
    assert_eq!(found(&lexicon, text, std::slice::from_ref(&("掉".len()..text.len()))), [("掉莲湖", 3)]);
}

#[test]
fn the_last_head_before_a_tail_is_its_own_whether_heads_are_few_or_many() {
    let lexicon = lexicon(&["拿*刀", "刀*刀"], &[], &[]);
    for times in [1, MANY + 1] {
        let text = format!("{}刀", "拿".repeat(times));
        let hits = lexicon.find(&text, &[]);
        assert_eq!(hits.len(), 1);
        assert_eq!(&text[hits[0].span.clone()], "拿刀");
    }
    assert_eq!(found(&lexicon, "刀碰刀", &[]), [("刀碰刀", 3)], "one word is not both halves");
}

proptest! {
    #[test]
    fn spans_lie_in_the_text_and_neutral_words_hide_what_they_hold(text in "(偷|偷偷|撬|锁|刀|拿|steal| |。|\\PC){0,30}", from in 0usize..40) {
        let lexicon = lexicon(&["偷", "撬*锁", "steal", "拿*刀"], &["刀"], &["偷偷"]);
        let masks: Vec<Range<usize>> = text.char_indices().nth(from).map(|(at, c)| at..at + c.len_utf8()).into_iter().collect();
        for hit in lexicon.find(&text, &masks) {
            prop_assert!(text.is_char_boundary(hit.span.start) && text.is_char_boundary(hit.span.end));
            prop_assert!(hit.span.start < hit.span.end && hit.weight > 0);
            prop_assert!(hit.sense != Sense::Cue(Cue::Neutral));
            let (start, end) = (hit.span.start, hit.span.end);
            prop_assert!(&text[start..end] != "偷" || !text[..start].ends_with("偷") && !text[end..].starts_with("偷"));
        }
    }
}
