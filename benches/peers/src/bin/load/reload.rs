//! The proxy's file is edited while wrk loads it: what fails, and how long it takes until new limits are in force.

use std::{
    fs,
    os::unix::fs::symlink,
    path::PathBuf,
    thread,
    time::{Duration, Instant, SystemTime},
};

use tower_weir_peers::{Figures, Folder, Row, Section};

use crate::{
    probe::{Answer, Probe},
    process::Server,
    upstream::{PAGES, Upstream},
    weir,
    wrk::{self, CONNECTIONS},
};

/// Asked for in turns: what is stored before the first edit, and what is passed on.
const STORED: usize = 0;
const PASSED_ON: usize = 2;

/// How long a load goes on beyond the edits, and between two of them.
const PAUSE: Duration = Duration::from_secs(1);

/// Longer than it may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// A limit that the load is far above.
const TIGHT: u64 = 500;

pub(crate) fn section(figures: &Figures) -> Section {
    let edits = if figures.is_quick() { 4 } else { 12 };
    // Each edit and the bad one have a pause after them, and there is one before the first and two after the last; and each edit
    // may take a second to be in force.
    let seconds = (edits + 5) * PAUSE.as_secs() + edits + 1;
    let upstream = Upstream::start();
    let file = File::new();
    file.replace(&text(wide(0)));
    let server =
        Server::start("reloaded", |port, _| weir::command(port, upstream.port, &file.path()));
    let mut probe = Probe::new(server.port);
    assert_eq!(probe.get(PAGES[STORED].path).status, 200);

    eprintln!("{edits} edits, a bad one, and one to {TIGHT} a second, in {seconds} s");
    let port = server.port;
    let script = script();
    let load = thread::spawn(move || wrk::run::<6>(port, PAGES[STORED].path, seconds, &script));
    thread::sleep(PAUSE);
    let mut delays: Vec<_> = (1..=edits)
        .map(|edit| {
            let text = text(wide(edit));
            let delay = in_force(&mut probe, wide(edit), || match edit % 3 {
                0 => file.swap(&text),
                1 => file.replace(&text),
                _ => file.overwrite(&text),
            });
            thread::sleep(PAUSE);
            delay
        })
        .collect();
    file.replace(&text(wide(0)).replace("burst", "brust"));
    thread::sleep(PAUSE);
    let kept = is_in_force(&probe.get(PAGES[STORED].path), wide(edits));

    let edited = SystemTime::now();
    delays.push(in_force(&mut probe, TIGHT, || file.replace(&text(TIGHT))));
    let [passed, limited, others, broken, first_limited_s, done_s] =
        load.join().expect("wrk tells what came of it");
    let edited_s =
        edited.duration_since(SystemTime::UNIX_EPOCH).expect("it is after 1970").as_secs_f64();
    let early = if limited > 0.0 && first_limited_s < edited_s { limited } else { 0.0 };
    assert!(limited > 0.0 && done_s > edited_s, "the load goes on until there is a tight limit");

    let ms = |delay: &Duration| delay.as_secs_f64() * 1e3;
    delays.sort();
    let worst = delays.last().map_or(f64::INFINITY, ms);
    let failed = others + broken;
    Section {
        name: "edited under load",
        about: format!(
            "wrk, {CONNECTIONS} connections; the file is written anew, replaced, or the symbolic link on the way to it, {} times, and \
             replaced once by one with a mistake",
            edits + 1
        ),
        rows: vec![
            Row::new("answers", "", passed),
            Row::new("failed", "", failed).at_most(0.0).promised(),
            Row::new("429 before the limit that asks for them", "", early).at_most(0.0).promised(),
            Row::new("429 from then on", "", limited),
            Row::new("new limits are in force, median", "ms", ms(&delays[delays.len() / 2])),
            Row::new("new limits are in force, worst", "ms", worst).at_most(1_000.0),
            Row::new("the mistake changes limits", "", if kept { 0.0 } else { 1.0 })
                .at_most(0.0)
                .promised(),
            Row::new("calls for what was stored", "", upstream.asked(PAGES[STORED]) as f64)
                .at_most(1.0)
                .promised(),
        ],
    }
}

/// The limit after so many edits: each has another, and none is reached.
fn wide(edit: u64) -> u64 {
    1_000_000 + edit
}

fn text(limit: u64) -> String {
    format!(
        r#"
[defaults]
profile = true
rate_limit = {{ key = "peer_ip", policies = ["{limit}/second; burst={limit}"] }}
cache = true
concurrency = {{ limit = 256 }}
circuit_breaker = true
"#
    )
}

/// How long it takes from an edit to the first answer by another limit.
///
/// # Panics
///
/// If there is none in a time that is long.
fn in_force(probe: &mut Probe, limit: u64, edit: impl FnOnce()) -> Duration {
    edit();
    let start = Instant::now();
    loop {
        let answer = probe.get(PAGES[STORED].path);
        let took = start.elapsed();
        if is_in_force(&answer, limit) {
            return took;
        }
        assert!(took < PATIENCE, "{limit} a second is still not in force, but {:?}", answer.policy);
        thread::sleep(Duration::from_millis(2));
    }
}

fn is_in_force(answer: &Answer, limit: u64) -> bool {
    let quota = format!("q={limit}");
    answer.policy.as_ref().is_some_and(|policy| policy.split(';').any(|part| part == quota))
}

/// A file in a folder that a symbolic link leads to, as Kubernetes mounts a `ConfigMap`.
struct File {
    folder: Folder,
}

impl File {
    fn new() -> Self {
        let file = Self { folder: Folder::new("edited") };
        file.swap("");
        symlink("..data/weir.toml", file.path()).expect("links can be made");
        file
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("weir.toml")
    }

    /// As most editors do it: another file takes its place.
    fn replace(&self, text: &str) {
        let new = self.folder.write("new.toml", text);
        fs::rename(new, self.folder.path().join("..data/weir.toml"))
            .expect("it is one file system");
    }

    /// As some do: what is in it is taken out first.
    fn overwrite(&self, text: &str) {
        fs::write(self.path(), text).expect("there is room for temporary files");
    }

    /// As Kubernetes does it: another folder takes the place of its folder.
    fn swap(&self, text: &str) {
        let folder = self.folder.path();
        let number = fs::read_dir(folder).expect("it is there").count();
        let (new, link) = (folder.join(format!("..{number}")), folder.join("..new"));
        fs::create_dir(&new).expect("it has a number of its own");
        fs::write(new.join("weir.toml"), text).expect("there is room for temporary files");
        symlink(new, &link).expect("links can be made");
        fs::rename(link, folder.join("..data")).expect("it is one file system");
    }
}

/// Asks for both pages in turns, and counts answers by what they are. The first 429 is told with its time.
fn script() -> String {
    const SCRIPT: &str = r#"
local ffi = require("ffi")
ffi.cdef[[
typedef struct { long seconds; long micros; } weir_time;
int gettimeofday(weir_time *time, void *zone);
]]
local function now()
    local time = ffi.new("weir_time")
    ffi.C.gettimeofday(time, nil)
    return tonumber(time.seconds) + tonumber(time.micros) / 1e6
end

local threads = {}
function setup(thread)
    table.insert(threads, thread)
end

function init()
    passed, limited, others, first = 0, 0, 0, math.huge
    asked = { wrk.format("GET", "STORED"), wrk.format("GET", "PASSED_ON") }
    turn = 0
end

function request()
    turn = turn + 1
    return asked[turn % 2 + 1]
end

function response(status)
    if status == 200 then
        passed = passed + 1
    elseif status == 429 then
        if limited == 0 then first = now() end
        limited = limited + 1
    else
        others = others + 1
    end
end

function done(summary)
    local passed, limited, others, first = 0, 0, 0, math.huge
    for _, thread in ipairs(threads) do
        passed = passed + thread:get("passed")
        limited = limited + thread:get("limited")
        others = others + thread:get("others")
        first = math.min(first, thread:get("first"))
    end
    local errors = summary.errors
    local broken = errors.connect + errors.read + errors.write + errors.timeout
    io.write(string.format("told %d %d %d %d %f %f\n", passed, limited, others, broken, first, now()))
end
"#;
    SCRIPT.replace("STORED", PAGES[STORED].path).replace("PASSED_ON", PAGES[PASSED_ON].path)
}
