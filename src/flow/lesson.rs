//! `baiying mends`: the words most often mended, ready to be pasted into the config and the gazetteer.
//!
//! Only tells; nothing is learnt by itself. Called by the command.

use crate::config::Config;
use crate::domain::id::{LeadId, Millis};
use crate::domain::mend::{Lesson, Mend, Mended, count, find_mends};
use crate::domain::place::Place;
use crate::domain::tip::fold::fold;
use crate::domain::tip::lexicon::Lexicon;
use crate::port::store::{Ask, Store};
use std::collections::HashMap;
use std::fmt::Write as _;

/// How many leads are read at once.
const PAGE: usize = 100;

/// What was mended since an instant, as text for the operator.
///
/// # Errors
/// The store's.
pub async fn tell<S: Store>(store: &S, config: &Config, since: Millis) -> anyhow::Result<String> {
    let mut mends: Vec<Mend> = Vec::new();
    let mut after = LeadId(0);
    loop {
        let page = store.mended_since(since, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = *last;
        let asks: Vec<Ask> = page.iter().map(|lead| Ask { lead: Some(*lead), ..Ask::default() }).collect();
        for file in store.load(&asks).await?.into_iter().filter_map(|facts| facts.file) {
            mends.extend(find_mends(&file.history, &file.lead, since));
        }
    }
    let sensitive = |id: &str| config.category.iter().any(|c| c.id == id && c.sensitive);
    let of = |field| count(&mends, field, sensitive);
    let mut out = String::new();
    categories(&mut out, &of(Mended::Category), config);
    let town = store.town().await?;
    places(&mut out, &of(Mended::Place), &town.gazetteer)?;
    times(&mut out, &of(Mended::Time));
    if mends.is_empty() {
        out.push_str("# nothing was mended\n");
    }
    Ok(out)
}

fn often(lesson: &Lesson) -> String {
    let times = if lesson.leads == 1 { "once".to_owned() } else { format!("{} times", lesson.leads) };
    match lesson.unquoted {
        0 => times,
        n => format!("{times}, {n} of them told in private or sensitive and not quoted"),
    }
}

/// Lines for the `words` of a category; words that stand in a list already are left out.
fn categories(out: &mut String, lessons: &[Lesson], config: &Config) {
    if lessons.is_empty() {
        return;
    }
    out.push_str("# Categories: lines for `words` of the [[category]] to which people mended.\n");
    let lexicon = config.lexicon();
    for lesson in lessons {
        let read = if lesson.read.is_empty() { "nothing" } else { &lesson.read };
        let _ = writeln!(out, "\n# read as {read}, mended to {} {}", lesson.mended, often(lesson));
        let fresh: Vec<String> = lesson
            .words
            .iter()
            .filter(|word| !is_known(&lexicon, word))
            .map(|word| toml::Value::String(word.clone()).to_string())
            .collect();
        if !fresh.is_empty() {
            let _ = writeln!(out, "# id = \"{}\"\n    {},", lesson.mended, fresh.join(", "));
        }
    }
}

/// Whether a word stands in a list already, as a whole: of this category it says nothing new, of another it would speak
/// for both.
fn is_known(lexicon: &Lexicon, word: &str) -> bool {
    lexicon.find(word, &[]).iter().any(|hit| hit.span == (0..word.len()))
}

/// Rows for the gazetteer's CSV: a place with the name as people wrote it.
fn places(out: &mut String, lessons: &[Lesson], gazetteer: &[Place]) -> anyhow::Result<()> {
    if lessons.is_empty() {
        return Ok(());
    }
    let known: HashMap<String, &Place> = gazetteer
        .iter()
        .flat_map(|place| std::iter::once(&place.name).chain(&place.aliases).map(move |name| (fold(name), place)))
        .collect();
    out.push_str("\n# Places: rows for the gazetteer: code,name,aliases,kind,lat,lon,datum\n");
    for lesson in lessons {
        let (written, to) = (&lesson.read, &lesson.mended);
        let Some(scene) = lesson.scene.as_ref().filter(|_| !written.is_empty()) else {
            let _ = writeln!(out, "\n# mended {}", often(lesson));
            continue;
        };
        let told = if to.is_empty() { "a point on the map" } else { to };
        let _ = writeln!(out, "\n# written {written}, mended to {told} {}", often(lesson));
        let place = known.get(&fold(to));
        if known.contains_key(&fold(written)) {
            out.push_str("# (a place by that name is known: no row)\n");
            continue;
        }
        let mut row = match place {
            Some(place) => {
                out.push_str("# in place of that place's row\n");
                (*place).clone()
            }
            None => Place {
                code: String::new(),
                name: written.clone(),
                aliases: Vec::new(),
                kind: String::new(),
                at: scene.at,
                datum: scene.datum,
            },
        };
        if place.is_some() {
            row.aliases.push(written.clone());
        }
        let mut csv = csv::Writer::from_writer(Vec::new());
        let (lat, lon) = (format!("{:.6}", row.at.lat), format!("{:.6}", row.at.lon));
        csv.write_record([&row.code, &row.name, &row.aliases.join("|"), &row.kind, &lat, &lon, "WGS84"])?;
        out.push_str(&String::from_utf8(csv.into_inner().map_err(|error| error.into_error())?)?);
    }
    Ok(())
}

fn times(out: &mut String, lessons: &[Lesson]) {
    if lessons.is_empty() {
        return;
    }
    out.push_str("\n# Times: the words, and by how much people moved what was read from them.\n");
    for lesson in lessons {
        let words = match (lesson.read.as_str(), lesson.unquoted) {
            ("", 0) => "(no words)",
            ("", _) => "(not quoted)",
            (words, _) => words,
        };
        let _ = writeln!(out, "{words}\t{}\t{}", lesson.mended, often(lesson));
    }
}
