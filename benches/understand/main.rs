//! What it costs to understand a tip: whole, by stage, and at its worst.
//!
//! `cargo bench --bench understand`; docs/benchmarks.md tells the figures. With `BAIYING_TEXTS=FILE` the texts are
//! written there as JSON lines, for the readers that `benches/compare` runs on them.

mod town;

use baiying::app::load::words;
use baiying::config::Config;
use baiying::domain::id::Millis;
use baiying::domain::place::Gazetteer;
use baiying::domain::tip::fold::Folded;
use baiying::domain::tip::lexicon::Lexicon;
use baiying::domain::tip::redact::{Relayed, redact};
use baiying::domain::tip::time::TimeReader;
use baiying::domain::tip::{ChatKind, Reader, category};
use divan::Bencher;
use divan::counter::ItemsCount;
use std::io::Write;
use std::sync::{Arc, LazyLock};

/// So many tips are understood in one go.
const TIPS: usize = 100_000;
/// So many places has the gazetteer.
const PLACES: usize = 22_000;
/// When the tips were written: 22 November 2026, 09:00 in China.
const AT: Millis = Millis(1_795_309_200_000);

static CONFIG: LazyLock<Config> = LazyLock::new(Config::default);
static TEXTS: LazyLock<Vec<String>> = LazyLock::new(|| (0..TIPS).map(|n| words::tip(n, 50, 2_000).text).collect());
static LEXICON: LazyLock<Arc<Lexicon>> = LazyLock::new(|| CONFIG.lexicon());
static GAZETTEER: LazyLock<Arc<Gazetteer>> = LazyLock::new(|| Arc::new(Gazetteer::new(town::places(PLACES))));
static READER: LazyLock<Reader> =
    LazyLock::new(|| Reader::new(LEXICON.clone(), GAZETTEER.clone(), CONFIG.time_zone, None));

fn main() -> std::io::Result<()> {
    if let Some(path) = std::env::var_os("BAIYING_TEXTS") {
        let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
        for (id, text) in TEXTS.iter().enumerate() {
            serde_json::to_writer(
                &mut file,
                &serde_json::json!({"id": id, "text": text, "at": "2026-11-22T09:00:00+08:00"}),
            )?;
            file.write_all(b"\n")?;
        }
        return file.flush();
    }
    divan::main();
    Ok(())
}

/// Over all tips, one after the other, on one core.
fn over_all(bencher: Bencher<'_, '_>, read: impl Fn(&str) -> usize + Sync) {
    LazyLock::force(&READER);
    bencher.counter(ItemsCount::new(TIPS)).bench(|| TEXTS.iter().map(|text| read(text)).sum::<usize>());
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn understand(bencher: Bencher<'_, '_>) {
    over_all(bencher, |text| usize::from(READER.understand(text, AT, ChatKind::Group, None).is_tip));
}

mod stage {
    use super::*;

    #[divan::bench(sample_count = 5, sample_size = 1)]
    fn fold(bencher: Bencher<'_, '_>) {
        over_all(bencher, |text| Folded::new(text).text.len());
    }

    #[divan::bench(sample_count = 5, sample_size = 1)]
    fn times(bencher: Bencher<'_, '_>) {
        let times = TimeReader::new(CONFIG.time_zone);
        over_all(bencher, |text| times.read(&Folded::new(text), AT, &[]).len());
    }

    #[divan::bench(sample_count = 5, sample_size = 1)]
    fn place(bencher: Bencher<'_, '_>) {
        over_all(bencher, |text| usize::from(GAZETTEER.find_place(text, None).reading.is_some()));
    }

    #[divan::bench(sample_count = 5, sample_size = 1)]
    fn words(bencher: Bencher<'_, '_>) {
        over_all(bencher, |text| {
            let folded = Folded::new(text);
            let hits = LEXICON.find(&folded.text, &[]);
            category::read_words(&LEXICON, &folded.text, &hits).likely.len()
        });
    }

    #[divan::bench(sample_count = 5, sample_size = 1)]
    fn redaction(bencher: Bencher<'_, '_>) {
        over_all(bencher, |text| redact(&Folded::new(text), &[], Relayed::default()).len());
    }
}

/// One message of 10,000 characters, made to be costly.
#[divan::bench(args = town::HOSTILE, sample_count = 5, sample_size = 4)]
fn hostile(bencher: Bencher<'_, '_>, part: &str) {
    let text: String = part.chars().cycle().take(10_000).collect();
    LazyLock::force(&READER);
    bencher.bench(|| READER.understand(&text, AT, ChatKind::Group, None));
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn gazetteer_of_22_000(bencher: Bencher<'_, '_>) {
    bencher.with_inputs(|| town::places(PLACES)).bench_values(Gazetteer::new);
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn lexicon(bencher: Bencher<'_, '_>) {
    let mut made = 0;
    let another = || {
        made += 1;
        let mut config = CONFIG.clone();
        config.category[0].words.push(made.to_string());
        config
    };
    bencher.with_inputs(another).bench_local_values(|config| config.lexicon());
}
