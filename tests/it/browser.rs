//! The sandbox page in a real browser: the real binary, Debian's Chromium, spoken to by WebDriver over plain HTTP.
//!
//! Without Chromium and its driver the test says on stderr that it was skipped; where `CI=true` it fails instead.
//! Nothing sleeps for a fixed time: each step waits for what it wants to see, and a step that waits in vain tells
//! which one it was, what the page showed, and where its picture lies.

use calamine::{Data, Reader, Xlsx};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Cursor, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const COURIER: i64 = 610_501;
const OFFICER: i64 = 610_521;
const CLERK: i64 = 610_531;
const GUARD: i64 = 610_541;
const EAST: i64 = -1_001_700_000_001;
const DESK: i64 = -1_001_700_000_003;
const TIP: &str = "#打架 刚刚 渔市夜市门口，两伙人拿酒瓶打起来了，有人流血";
/// What would run, were it not shown as text.
const SCRIPT: &str = "<img src=x onerror=\"window.hit=1\"><script>window.hit=1</script>";

/// How long a step may take: a debug build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

type Step<T = ()> = Result<T, String>;

fn find_program(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    names.iter().find_map(|name| folders.iter().map(|folder| folder.join(name)).find(|file| file.is_file()))
}

/// A program of ours that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a program and waits for the line of its output that holds `mark`; gives the digits after it.
fn start(program: &Path, args: &[&OsStr], mark: &str) -> Step<(Running, u16)> {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|why| format!("{}: {why}", program.display()))?;
    let output = child.stdout.take().ok_or("its output is piped")?;
    let running = Running(child);
    let mut lines = BufReader::new(output).lines();
    let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
        let (_, rest) = line.split_once(mark)?;
        rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()
    });
    // Read on, so that it never waits for a full pipe.
    std::thread::spawn(move || lines.for_each(drop));
    Ok((running, port.ok_or_else(|| format!("{} did not tell its port", program.display()))?))
}

fn sandbox(port: u16, data: &Path) -> Step<(Running, u16)> {
    let port = port.to_string();
    let args = ["sandbox", "--port", &port, "--data"].map(OsStr::new);
    start(Path::new(env!("CARGO_BIN_EXE_baiying")), &[&args[..], &[data.as_os_str()]].concat(), "http://127.0.0.1:")
}

/// One page of one browser.
struct Page {
    http: Client,
    session: String,
}

impl Page {
    async fn open(driver: u16, browser: &Path, profile: &Path) -> Step<Self> {
        let http = Client::builder().no_proxy().build().map_err(|why| why.to_string())?;
        let args = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1440,900",
            &format!("--user-data-dir={}", profile.display()),
        ];
        let options = json!({"binary": browser, "args": args, "prefs": {"intl.accept_languages": "zh-CN"}});
        let wanted = json!({"capabilities": {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options}}});
        let mut page = Self { http, session: format!("http://127.0.0.1:{driver}/session") };
        let made = page.ask(Method::POST, "", wanted).await?;
        page.session = format!("{}/{}", page.session, made["sessionId"].as_str().ok_or("no session")?);
        Ok(page)
    }

    async fn ask(&self, method: Method, path: &str, body: Value) -> Step<Value> {
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.session)).timeout(PATIENCE);
        if method == Method::POST {
            request = request.json(&body);
        }
        let answer = request.send().await.map_err(|why| why.to_string())?;
        let good = answer.status().is_success();
        let mut answer: Value = answer.json().await.map_err(|why| why.to_string())?;
        if good { Ok(answer["value"].take()) } else { Err(answer["value"]["message"].to_string()) }
    }

    async fn run(&self, script: &str, args: Value) -> Step<Value> {
        self.ask(Method::POST, "/execute/sync", json!({"script": script, "args": args})).await
    }

    async fn developer(&self, command: &str, params: Value) -> Step<Value> {
        self.ask(Method::POST, "/goog/cdp/execute", json!({"cmd": command, "params": params})).await
    }

    async fn visit(&self, url: &str) -> Step {
        self.ask(Method::POST, "/url", json!({"url": url})).await.map(drop)
    }

    /// Waits until `script` gives something that is neither null nor false, and gives that.
    async fn see(&self, script: &str, args: Value) -> Step<Value> {
        let end = Instant::now() + PATIENCE;
        loop {
            let seen = self.run(script, args.clone()).await?;
            if !matches!(seen, Value::Null | Value::Bool(false)) {
                return Ok(seen);
            }
            if Instant::now() > end {
                return Err(format!("waited in vain for {script} with {args}"));
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Waits for a message that holds all of `words`.
    async fn read(&self, words: &[&str]) -> Step {
        let script =
            "return [...document.querySelectorAll('.msg')].some(m => arguments[0].every(w => m.innerText.includes(w)))";
        self.see(script, json!([words])).await.map(drop)
    }

    /// Waits for the newest element of that test id and acts on it, again if the page drew it anew meanwhile.
    async fn act(&self, testid: &str, what: &str, body: Value) -> Step {
        let selector = format!("[data-testid=\"{testid}\"]");
        let end = Instant::now() + PATIENCE;
        loop {
            let found = json!({"using": "css selector", "value": selector});
            let found = self.ask(Method::POST, "/elements", found).await?;
            let element = found.as_array().and_then(|all| all.last()?.as_object()?.values().next()?.as_str());
            let result = match element {
                Some(id) => self.ask(Method::POST, &format!("/element/{id}/{what}"), body.clone()).await,
                None => Err("it is not there".to_owned()),
            };
            match result {
                Ok(_) => return Ok(()),
                Err(why) if Instant::now() > end => return Err(format!("{what} on {testid}: {why}")),
                Err(_) => tokio::time::sleep(Duration::from_millis(30)).await,
            }
        }
    }

    async fn press(&self, testid: &str) -> Step {
        self.act(testid, "click", json!({})).await
    }

    async fn say(&self, text: &str) -> Step {
        self.act("composer", "value", json!({"text": text})).await?;
        self.press("send").await
    }

    /// Becomes somebody, and waits until the page shows that person's chats.
    async fn become_person(&self, id: i64) -> Step {
        self.press(&format!("person-{id}")).await?;
        let script = "return document.querySelector(`[data-testid='person-${arguments[0]}'][aria-selected='true']`) \
                      && document.querySelector('.chat[aria-current=true]') && true";
        self.see(script, json!([id])).await.map(drop)
    }

    /// Nothing written by people ran, and nothing stands out to the side.
    async fn is_sound(&self) -> Step {
        let script = "return [window.hit ?? null, document.documentElement.scrollWidth - innerWidth, \
                      document.getElementById('log').scrollWidth - document.getElementById('log').clientWidth]";
        let found = self.run(script, json!([])).await?;
        if found == json!([null, 0, 0]) {
            Ok(())
        } else {
            Err(format!("[script ran, page too wide, log too wide]: {found}"))
        }
    }

    /// Keeps a picture of the page; tells where, and what the page says.
    async fn evidence(&self) -> String {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser-failed.png");
        let shot = self.ask(Method::GET, "/screenshot", Value::Null).await;
        let kept = shot.is_ok_and(|shot| {
            shot.as_str().and_then(decode_base64).is_some_and(|bytes| std::fs::write(&file, bytes).is_ok())
        });
        let said = self.run("return document.body.innerText", json!([])).await.unwrap_or_default();
        let picture = if kept { file.display().to_string() } else { "none".to_owned() };
        format!("picture: {picture}\nthe page says:\n{}", said.as_str().unwrap_or_default())
    }
}

fn decode_base64(text: &str) -> Option<Vec<u8>> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0u32, 0);
    for byte in text.bytes().filter(|byte| *byte != b'=') {
        bits = (bits << 6) | u32::try_from(LETTERS.iter().position(|letter| *letter == byte)?).ok()?;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from((bits >> count) & 0xff).ok()?);
        }
    }
    Some(out)
}

/// The whole story of one tip, told by one browser that plays everybody.
struct Story {
    page: Page,
    town: String,
    data: PathBuf,
    /// What is being done, for the one who reads a failure.
    step: &'static str,
}

impl Story {
    async fn tell(&mut self, mut server: Running) -> Step {
        self.courier().await?;
        server = self.killed(server).await?;
        self.officer().await?;
        self.guard().await?;
        self.clerk().await?;
        self.step = "in English";
        self.page.press("lang").await?;
        self.page
            .see("return document.getElementById('guide').innerText.includes('Become Officer Chow')", json!([]))
            .await?;
        drop(server);
        Ok(())
    }

    async fn courier(&mut self) -> Step {
        let page = &self.page;
        self.step = "the courier writes a tip in the liaison group";
        page.visit(&self.town).await?;
        page.become_person(COURIER).await?;
        page.press(&format!("chat-{EAST}")).await?;
        page.say(TIP).await?;
        self.step = "the bot answers with a receipt";
        page.read(&["已收到", "打架斗殴", "渔市夜市", "拨打 110"]).await?;
        self.step = "markup that people write stays text";
        page.say(SCRIPT).await?;
        page.read(&[SCRIPT]).await?;
        let venue = json!({"as": COURIER, "chat": EAST, "lat": 22.9953, "lon": 113.9036, "venue": SCRIPT});
        let sent = page.http.post(format!("{}/sandbox/location", self.town)).json(&venue).send().await;
        sent.and_then(reqwest::Response::error_for_status).map_err(|why| why.to_string())?;
        page.see(
            "return [...document.querySelectorAll('.pin')].some(p => p.innerText.includes(arguments[0]))",
            json!([SCRIPT]),
        )
        .await?;
        page.is_sound().await
    }

    /// The sandbox dies and comes back on its port: the page goes on by itself, and a reload shows everything.
    async fn killed(&mut self, server: Running) -> Step<Running> {
        self.step = "the sandbox is killed and started again";
        let port = self.town.rsplit(':').next().and_then(|port| port.parse().ok()).ok_or("a port")?;
        drop(server);
        let (server, _) = sandbox(port, &self.data)?;
        self.step = "the page goes on after the restart without a reload";
        self.page.say("收到，我在附近看着").await?;
        self.page.read(&["我在附近看着"]).await?;
        self.step = "a reload shows everything";
        self.page.ask(Method::POST, "/refresh", json!({})).await?;
        self.page.read(&["已收到", "打架斗殴"]).await?;
        self.page.read(&["我在附近看着"]).await?;
        Ok(server)
    }

    async fn officer(&mut self) -> Step {
        let page = &self.page;
        self.step = "the officer sees the lead at the desk";
        page.become_person(OFFICER).await?;
        page.press(&format!("chat-{DESK}")).await?;
        page.read(&["紧急线索", "打架斗殴", "待处理"]).await?;
        self.step = "the officer presses the alarm button";
        page.press("button:🚨 呼叫").await?;
        page.read(&["警情呼叫", "渔市夜市", "未应答"]).await?;
        self.step = "the officer verifies";
        page.press("button:核实").await?;
        page.read(&["紧急线索", "已核实", "周警官"]).await
    }

    async fn guard(&mut self) -> Step {
        let page = &self.page;
        self.step = "the guard sees the alarm on a phone";
        let phone = json!({"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": true});
        page.developer("Emulation.setDeviceMetricsOverride", phone).await?;
        page.press("switch-person").await?;
        page.become_person(GUARD).await?;
        page.read(&["警情呼叫", "打架斗殴", "距联络点 P004", "未应答"]).await?;
        page.is_sound().await?;
        self.step = "the guard is on scene";
        page.press("button:到场").await?;
        page.read(&["您的状态：已到场"]).await?;
        page.developer("Emulation.clearDeviceMetricsOverride", json!({})).await.map(drop)
    }

    async fn clerk(&mut self) -> Step {
        self.step = "the clerk exports the month in the office chat";
        self.page.become_person(CLERK).await?;
        let rows = self.exported().await?;
        self.step = "the workbook holds what the courier and the guard earned, and nobody's name";
        earned(&rows, "快递员")?;
        earned(&rows, "夜市保安")?;
        if rows.iter().flatten().any(|cell| cell == "阿强") {
            return Err(format!("a name in a group: {rows:?}"));
        }
        self.step = "in private the clerk, who has the payout right, gets the names";
        self.page.press(&format!("chat-{CLERK}")).await?;
        let rows = self.exported().await?;
        earned(&rows, "阿强")?;
        earned(&rows, "周伯")
    }

    /// Writes `/export` in the chat that is open, downloads the workbook through the page's link and reads it.
    async fn exported(&self) -> Step<Vec<Vec<Data>>> {
        let page = &self.page;
        page.say("/export").await?;
        let script = "const d = [...document.querySelectorAll('a.doc')].map(a => [a.download, a.href]); return d.length > 2 && d";
        let documents = page.see(script, json!([])).await?;
        let documents: Vec<(String, String)> = serde_json::from_value(documents).map_err(|why| why.to_string())?;
        let ends: Vec<_> = documents.iter().map(|(name, _)| name.rsplit('.').next().unwrap_or_default()).collect();
        if ends != ["xlsx", "csv", "digest"] {
            return Err(format!("unexpected documents: {documents:?}"));
        }
        let file = page.http.get(&documents[0].1).send().await.map_err(|why| why.to_string())?;
        let bytes = file.bytes().await.map_err(|why| why.to_string())?;
        let mut book = Xlsx::new(Cursor::new(bytes)).map_err(|why| why.to_string())?;
        let sheet = book.worksheet_range_at(0).ok_or("no sheet")?.map_err(|why| why.to_string())?;
        Ok(sheet.rows().map(<[Data]>::to_vec).collect())
    }
}

/// The row in which a cell says `who` holds an amount.
fn earned(rows: &[Vec<Data>], who: &str) -> Step {
    let row = rows.iter().find(|row| row.iter().any(|cell| cell == who));
    let row = row.ok_or_else(|| format!("no row of {who} in {rows:?}"))?;
    let amount = row.iter().any(|cell| matches!(cell, Data::Float(n) if *n > 0.0) || matches!(cell, Data::Int(1..)));
    if amount { Ok(()) } else { Err(format!("{who} earned nothing: {row:?}")) }
}

#[tokio::test]
async fn a_tip_is_told_answered_and_exported_on_the_page() {
    let programs =
        find_program(&["chromium", "chromium-browser", "google-chrome"]).zip(find_program(&["chromedriver"]));
    let Some((browser, driver)) = programs else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "no Chromium or no chromedriver, and CI must have both");
        // Past the capture of the test harness, which would keep it to itself.
        let said =
            "browser test SKIPPED: no chromium or chromedriver (Debian: apt-get install chromium chromium-driver)\n";
        std::io::stderr().write_all(said.as_bytes()).unwrap();
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("town");
    let (server, port) = sandbox(0, &data).unwrap();
    let (_driver, driver) = start(&driver, &[OsStr::new("--port=0")], "started successfully on port ").unwrap();
    let page = Page::open(driver, &browser, &folder.path().join("profile")).await.unwrap();
    let mut story = Story { page, town: format!("http://127.0.0.1:{port}"), data, step: "" };
    let told = story.tell(server).await;
    let evidence = if told.is_err() { story.page.evidence().await } else { String::new() };
    // Ends the browser too; a killed driver would leave it behind.
    let _ = story.page.ask(Method::DELETE, "", Value::Null).await;
    if let Err(why) = told {
        panic!("step “{}”: {why}\n{evidence}", story.step);
    }
}
