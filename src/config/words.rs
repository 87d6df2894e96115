//! The word lists: those shipped in `words/`, with what the config adds and takes out.

use super::{Config, SHIPPED};
use crate::domain::tip::Category;
use crate::domain::tip::lexicon::{Cue, Lexicon};
use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

/// The words of each category as shipped, one a line; `//` begins a remark.
const LISTS: [(&str, &str); 23] = [
    ("violent_attack", include_str!("../../words/violent_attack.txt")),
    ("robbery", include_str!("../../words/robbery.txt")),
    ("fight", include_str!("../../words/fight.txt")),
    ("theft", include_str!("../../words/theft.txt")),
    ("fraud", include_str!("../../words/fraud.txt")),
    ("drugs", include_str!("../../words/drugs.txt")),
    ("gambling", include_str!("../../words/gambling.txt")),
    ("disturbance", include_str!("../../words/disturbance.txt")),
    ("suspicious", include_str!("../../words/suspicious.txt")),
    ("fire", include_str!("../../words/fire.txt")),
    ("dangerous_goods", include_str!("../../words/dangerous_goods.txt")),
    ("traffic_accident", include_str!("../../words/traffic_accident.txt")),
    ("missing_person", include_str!("../../words/missing_person.txt")),
    ("drowning", include_str!("../../words/drowning.txt")),
    ("medical", include_str!("../../words/medical.txt")),
    ("help", include_str!("../../words/help.txt")),
    ("dispute", include_str!("../../words/dispute.txt")),
    ("fire_hazard", include_str!("../../words/fire_hazard.txt")),
    ("traffic_hazard", include_str!("../../words/traffic_hazard.txt")),
    ("crowd_crush", include_str!("../../words/crowd_crush.txt")),
    ("facility", include_str!("../../words/facility.txt")),
    ("public_health", include_str!("../../words/public_health.txt")),
    ("other", include_str!("../../words/other.txt")),
];

/// What a lexicon is made of, and the last that was made: a town is read anew whenever something changes in it, its
/// words hardly ever do.
type Made = (Vec<Category>, BTreeMap<Cue, Vec<String>>, Arc<Lexicon>);
static LAST: Mutex<Option<Made>> = Mutex::new(None);

impl Config {
    /// The word lists of categories and cues, ready to be looked for.
    pub fn lexicon(&self) -> Arc<Lexicon> {
        let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((category, words, lexicon)) = &*last
            && (category, words) == (&self.category, &self.words)
        {
            return lexicon.clone();
        }
        let categories: Vec<Category> = self.category.iter().map(with_shipped).collect();
        let cues = SHIPPED.words.iter().map(|(cue, words)| (*cue, self.words.get(cue).unwrap_or(words).as_slice()));
        let lexicon = Arc::new(Lexicon::new(&categories, cues));
        *last = Some((self.category.clone(), self.words.clone(), lexicon.clone()));
        lexicon
    }
}

/// A category with the shipped words, those added, and without those taken out.
fn with_shipped(category: &Category) -> Category {
    let out: HashSet<&str> = category.words.iter().filter_map(|word| word.strip_prefix('-')).map(str::trim).collect();
    let shipped = LISTS.iter().find(|(id, _)| *id == category.id).map_or("", |(_, list)| list);
    let shipped = shipped.lines().map(str::trim).filter(|word| !word.is_empty() && !word.starts_with("//"));
    let own = category.words.iter().map(String::as_str).filter(|word| !word.starts_with('-'));
    let words =
        shipped.filter(|word| !out.contains(word.trim_end_matches('+'))).chain(own).map(str::to_owned).collect();
    Category { words, ..category.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::tip::lexicon::fault;

    #[test]
    fn a_town_adds_words_and_takes_some_out() {
        let mut config = Config::default();
        let fight = config.category.iter_mut().find(|category| category.id == "fight").expect("it is shipped");
        fight.words = vec!["掐起来".into(), "-打架".into()];
        let category = |config: &Config, text: &str| {
            let lexicon = config.lexicon();
            let reading = crate::domain::tip::category::read_words(&lexicon, text, &lexicon.find(text, &[]));
            reading.found.map(|found| found.id.to_owned())
        };
        assert_eq!(category(&config, "俩人又掐起来了").as_deref(), Some("fight"));
        assert_ne!(category(&config, "打架").as_deref(), Some("fight"));
        let shipped = Config::default();
        assert_eq!(category(&shipped, "打架").as_deref(), Some("fight"));
    }

    #[test]
    fn a_list_of_cues_that_is_left_out_is_the_shipped_one() {
        let config = Config { words: BTreeMap::from([(Cue::Advert, vec!["清仓".to_owned()])]), ..Config::default() };
        let cues = |text: &str| {
            let hits = config.lexicon().find(text, &[]);
            hits.iter().any(|hit| matches!(hit.sense, crate::domain::tip::lexicon::Sense::Cue(_)))
        };
        assert!(cues("清仓") && cues("救命") && !cues("促销"));
    }

    #[test]
    fn every_category_has_its_list_and_every_list_its_category() {
        let ids: Vec<String> = Config::default().category.into_iter().map(|category| category.id).collect();
        let lists: Vec<&str> = LISTS.iter().map(|(id, _)| *id).collect();
        assert_eq!(ids, lists);
        let faults: Vec<(&str, &str)> = LISTS
            .iter()
            .flat_map(|(_, list)| list.lines())
            .filter(|word| !word.starts_with("//"))
            .filter_map(|word| Some((word, fault(word)?)))
            .collect();
        assert_eq!(faults, []);
        assert!(SHIPPED.category.iter().all(|category| with_shipped(category).words.len() > category.words.len()));
    }
}
