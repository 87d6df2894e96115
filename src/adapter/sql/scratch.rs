//! A PostgreSQL database for one run of measurements. Called by `load`.

use super::engine::Db;
use crate::port::store::StoreResult;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Executor};
use std::str::FromStr;

/// A database of its own beside another one, until it is taken away.
#[derive(Debug)]
pub struct Scratch {
    beside: PgConnectOptions,
    name: String,
}

impl Scratch {
    /// Makes an empty database on the server of `url`, whose user must be allowed to.
    ///
    /// # Errors
    /// The database's: there is one of this name, or it may not be made.
    pub async fn make(url: &str, name: &str) -> StoreResult<Self> {
        let scratch = Self { beside: PgConnectOptions::from_str(url)?, name: name.to_owned() };
        scratch.run(format!("CREATE DATABASE \"{name}\"")).await?;
        Ok(scratch)
    }

    /// Under which url it is opened.
    pub fn url(&self) -> String {
        self.beside.clone().database(&self.name).to_url_lossy().to_string()
    }

    /// Takes it away, whoever is still connected.
    ///
    /// # Errors
    /// The database's.
    pub async fn remove(self) -> StoreResult<()> {
        Ok(self.run(format!("DROP DATABASE \"{}\" WITH (FORCE)", self.name)).await?)
    }

    async fn run(&self, text: String) -> Db<()> {
        self.beside.connect().await?.execute(AssertSqlSafe(text)).await.map(drop)
    }
}
