//! The `sandbox` command: the Bot API sandbox, the demo town, and the bot talking to it as to the real platform.

use super::{Server, asked_to_end, open_store, seed};
use crate::adapter::clock::SystemClock;
use crate::adapter::file::import::{parse_gazetteer, parse_points, parse_rewards};
use crate::adapter::sandbox::{self, BOT_USERNAME, SandboxOptions};
use crate::config::Secrets;
use crate::port::store::Store;
use anyhow::Context as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

/// The demo bot's token: good for nothing but the sandbox.
const TOKEN: &str = "8000000001:sandbox";

/// Runs the sandbox until it is asked to end.
///
/// # Errors
/// The port is taken, or the folder cannot be used.
pub async fn run(port: u16, data: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(data).with_context(|| format!("cannot make the folder {}", data.display()))?;
    let options = SandboxOptions {
        listen: SocketAddr::from(([127, 0, 0, 1], port)),
        data: Some(data.join("town")),
        token: TOKEN.into(),
        delay_ms: 0,
        demo: true,
    };
    let platform = sandbox::start(options, Arc::new(SystemClock)).await?;
    let mut config = sandbox::demo_config(&platform.url());
    config.telegram.username = BOT_USERNAME.into();
    config.database.url = format!("sqlite://{}", data.join("baiying.db").display());
    // The page and the Bot API are on the one port; the bot's own HTTP side takes any free one.
    config.http.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let store = open_store(&config).await?;
    if store.town().await?.points.is_empty() {
        seed(&store, &config).await?;
        store.import_gazetteer(&parse_gazetteer(sandbox::demo_gazetteer().as_bytes())?).await?;
        store.import_points(&parse_points(sandbox::demo_points().as_bytes())?).await?;
        store.import_rewards(&parse_rewards(sandbox::demo_rewards().as_bytes())?).await?;
    }
    drop(store);
    let secrets = Secrets::from(|name| (name == "BAIYING_TOKEN").then(|| TOKEN.to_owned()))?;
    let server = Server::start(config, &secrets).await?;
    println!("百应 sandbox: open {} in a browser (Ctrl-C ends it)", platform.url());
    println!("Its state is kept in {}", data.display());
    let result = server.run(asked_to_end()).await;
    platform.stop().await;
    result
}
