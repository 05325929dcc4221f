//! The live page, and the stream of server-sent events that feeds it.
//!
//! Each viewer takes what is new from the deliveries' window, four times a second; the state of everything comes once
//! a second. A viewer that does not read is not waited for: its connection is ended.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::HeaderValue;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio::time::{Interval, MissedTickBehavior, interval, sleep};

use super::{
    AdminState,
    health::{self, Health},
    status::{self, Status},
};
use crate::{
    delivery::live::{News, Second, Shown, Viewer},
    listen::Hold,
};

/// How often a viewer is told what is new.
const TICK: Duration = Duration::from_millis(250);

/// The state of everything is told with one of so many ticks.
const STATE_EVERY: u32 = 4;

/// How often it is seen whether a viewer reads, and how many times it may not.
const WATCH: Duration = Duration::from_secs(1);
const SILENCE_MAX: u32 = 5;

/// The page with its style and script in it, and a policy that lets nothing else run.
pub(super) static PAGE: LazyLock<SealedPage> = LazyLock::new(|| {
    SealedPage::new(
        include_str!("../../static/admin/page.html"),
        include_str!("../../static/admin/page.css"),
        include_str!("../../static/admin/page.js"),
    )
});

/// A page of its own style and script, and the policy that lets nothing else run.
pub(crate) struct SealedPage {
    pub(crate) html: Bytes,
    pub(crate) policy: HeaderValue,
}

impl SealedPage {
    /// Puts style and script into the frame, at `{{style}}` and `{{script}}`.
    pub(crate) fn new(frame: &str, style: &str, script: &str) -> Self {
        let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
        let policy = format!(
            "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src data:; connect-src 'self'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
             trusted-types 'none'",
            hash(script),
            hash(style),
        );
        Self {
            html: frame.replace("{{style}}", style).replace("{{script}}", script).into(),
            policy: HeaderValue::try_from(policy).expect("letters, digits and signs of ASCII"),
        }
    }
}

/// Body of an answer of the admin listener.
#[derive(Debug)]
pub enum AdminBody {
    /// Known when it is made.
    Whole(Full<Bytes>),
    /// The stream for a viewer.
    Live(Box<LiveBody>),
}

impl Default for AdminBody {
    fn default() -> Self {
        Self::Whole(Full::default())
    }
}

impl Body for AdminBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        match self.get_mut() {
            Self::Whole(body) => Pin::new(body).poll_frame(context),
            Self::Live(body) => body.poll(context).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::Live(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Live(_) => SizeHint::default(),
        }
    }
}

/// The stream for one viewer.
#[derive(Debug)]
pub struct LiveBody {
    state: AdminState,
    run: Arc<str>,
    viewer: Viewer,
    ticks: Interval,
    /// Ticks until the state is told again.
    until_state: u32,
    pulse: Arc<Pulse>,
}

/// Whether a viewer reads.
#[derive(Debug)]
struct Pulse {
    hold: Hold,
    beaten: AtomicBool,
}

/// What the page is told once a second.
#[derive(Serialize)]
struct State<'a> {
    /// Changes with each start of the program.
    run: &'a str,
    /// Milliseconds since the Unix epoch.
    time: i64,
    health: Health,
    status: Status,
    seconds: Vec<Second>,
}

impl LiveBody {
    /// A stream to `viewer` over the connection that `hold` is of. `run` tells this process from another.
    pub(super) fn new(state: AdminState, run: Arc<str>, viewer: Viewer, hold: Hold) -> Self {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let pulse = Arc::new(Pulse { hold, beaten: AtomicBool::new(true) });
        tokio::spawn(watch(Arc::downgrade(&pulse)));
        Self { state, run, viewer, ticks, until_state: 0, pulse }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            ready!(self.ticks.poll_tick(context));
            self.pulse.beaten.store(true, Ordering::Relaxed);
            if self.viewer.is_over() {
                return Poll::Ready(None);
            }
            let text = self.tell();
            if !text.is_empty() {
                return Poll::Ready(Some(text.into()));
            }
        }
    }

    /// What is to be told now.
    fn tell(&mut self) -> String {
        let mut text = String::new();
        if self.until_state == 0 {
            self.until_state = STATE_EVERY;
            let state = State {
                run: &self.run,
                time: self.viewer.now_ms(),
                health: health::look(&self.state),
                status: status::look(&self.state),
                seconds: self.viewer.seconds(),
            };
            let state = serde_json::to_string(&state).expect("texts, numbers and lists are always JSON");
            put(&mut text, "state", &[&state]);
        }
        self.until_state -= 1;
        let News { records, letters } = self.viewer.news();
        put_shown(&mut text, "records", &records);
        put_shown(&mut text, "letters", &letters);
        text
    }
}

fn put_shown(text: &mut String, name: &str, shown: &Shown) {
    if !shown.items.is_empty() {
        let first = shown.first.to_string();
        put(text, name, &["{\"first\":", &first, ",\"items\":[", &shown.items.join(","), "]}"]);
    }
}

/// Appends one event. `data` is JSON in pieces, and holds no line break.
fn put(text: &mut String, name: &str, data: &[&str]) {
    text.push_str("event: ");
    text.push_str(name);
    text.push_str("\ndata: ");
    for piece in data {
        text.push_str(piece);
    }
    text.push_str("\n\n");
}

/// Ends the connection of a viewer that has taken nothing for some seconds.
async fn watch(pulse: std::sync::Weak<Pulse>) {
    let mut silence = 0;
    loop {
        sleep(WATCH).await;
        let Some(pulse) = pulse.upgrade() else { return };
        silence = if pulse.beaten.swap(false, Ordering::Relaxed) { 0 } else { silence + 1 };
        if silence >= SILENCE_MAX {
            tracing::info!("a viewer of the live page does not read: its connection is ended");
            pulse.hold.end_connection();
            return;
        }
    }
}
