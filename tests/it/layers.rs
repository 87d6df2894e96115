//! The rooms keep to themselves: who may use whom, held by scanning the imports.

use std::path::Path;

fn sources(folder: &Path, out: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push((path.to_string_lossy().into_owned(), std::fs::read_to_string(&path).unwrap()));
        }
    }
}

/// The source without what only tests see.
fn shipped(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests").next().unwrap()
}

fn offenders(room: &str, forbidden: &[&str]) -> Vec<String> {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room), &mut files);
    assert!(!files.is_empty(), "no room {room}");
    let mut out = Vec::new();
    for (path, text) in files.iter().filter(|(path, _)| !path.contains("tests")) {
        for line in shipped(text).lines().filter(|l| !l.trim_start().starts_with("//")) {
            for word in forbidden.iter().filter(|word| line.contains(**word)) {
                out.push(format!("{path}: `{word}` in `{}`", line.trim()));
            }
        }
    }
    out
}

const LIBRARIES: [&str; 7] = ["tokio::", "sqlx::", "teloxide::", "axum::", "reqwest::", "hyper::", "getrandom::"];
const NONE: Vec<String> = Vec::new();

#[test]
fn the_domain_knows_nobody() {
    assert_eq!(
        offenders("domain", &["crate::port", "crate::flow", "crate::adapter", "crate::app", "crate::config"]),
        NONE
    );
    assert_eq!(offenders("domain", &LIBRARIES), NONE);
    assert_eq!(offenders("domain", &["Utc::now", "SystemTime", "Instant::now"]), NONE);
}

#[test]
fn ports_know_the_domain_alone() {
    assert_eq!(offenders("port", &["crate::flow", "crate::adapter", "crate::app", "crate::config"]), NONE);
    assert_eq!(offenders("port", &LIBRARIES), NONE);
}

#[test]
fn the_flow_knows_no_adapter() {
    assert_eq!(offenders("flow", &["crate::adapter", "crate::app"]), NONE);
    assert_eq!(offenders("flow", &LIBRARIES), NONE);
}

#[test]
fn adapters_do_not_know_each_other() {
    let rooms = ["file", "sandbox", "sql", "telegram"];
    for room in rooms {
        let others: Vec<String> = rooms
            .iter()
            .filter(|other| **other != room)
            .flat_map(|other| [format!("adapter::{other}"), format!("super::super::{other}")])
            .collect();
        let others: Vec<&str> = others.iter().map(String::as_str).chain(["crate::app"]).collect();
        assert_eq!(offenders(&format!("adapter/{room}"), &others), NONE);
    }
}
