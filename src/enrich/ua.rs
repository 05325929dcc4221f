//! User agents in the vocabulary that existing mappings and reports expect: `Chrome Mobile`, `Personal computer`, `OS X`.
//!
//! woothee knows the browsers of today, a table of [`product`]s knows what it does not tell apart, [`robot`] knows
//! programs that nobody looks at, [`system`] knows operating systems and devices, and [`hints`] say more where a browser
//! sends them. An agent that nobody knows is still present: name and family are `unknown`, all else
//! is empty. Only this folder knows woothee.

pub mod hints;
mod product;
mod robot;
mod system;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

/// Only this many bytes of a header are looked at.
pub const AGENT_BYTES_MAX: usize = 1024;

/// What a `User-Agent` header says. Nothing is ever missing; what is not known is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserAgent {
    /// Product, such as `Chrome Mobile`; robots with their version, such as `Googlebot/2.1`.
    pub name: Cow<'static, str>,
    /// Product family, such as `Googlebot`.
    pub family: Cow<'static, str>,
    /// Maker of the product.
    pub vendor: Cow<'static, str>,
    /// Type, such as `Browser`, `Mobile Browser` or `Robot`.
    pub kind: Cow<'static, str>,
    /// Version of the product.
    pub version: Cow<'static, str>,
    /// Device category, such as `Personal computer` or `Smartphone`.
    pub device_category: Cow<'static, str>,
    /// Family of the operating system, such as `Windows`.
    pub os_family: Cow<'static, str>,
    /// Version of the operating system as the agent tells it.
    pub os_version: Cow<'static, str>,
    /// Maker of the operating system.
    pub os_vendor: Cow<'static, str>,
    /// Whether it is a program that nobody looks at: a robot, a monitor, a link preview or an HTTP library.
    pub is_bot: bool,
}

/// What kind of product an agent is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Browser,
    MobileBrowser,
    OfflineBrowser,
    EmailClient,
    FeedReader,
    Library,
    MultimediaPlayer,
    Robot,
    Validator,
    Other,
    Unknown,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Browser => "Browser",
            Self::MobileBrowser => "Mobile Browser",
            Self::OfflineBrowser => "Offline Browser",
            Self::EmailClient => "Email client",
            Self::FeedReader => "Feed Reader",
            Self::Library => "Library",
            Self::MultimediaPlayer => "Multimedia Player",
            Self::Robot => "Robot",
            Self::Validator => "Validator",
            Self::Other => "Other",
            Self::Unknown => "",
        }
    }
}

impl UserAgent {
    /// Recognises an agent by the text of its header. Never fails.
    #[must_use]
    pub fn recognise(text: &str) -> Self {
        let text = head(text);
        let product = product::recognise(text);
        let kind = product.kind;
        let system = if product.kind == Kind::Robot { system::System::default() } else { system::recognise(text) };
        Self {
            device_category: system::device(text, product.kind).into(),
            name: product.name,
            family: product.family,
            vendor: product.vendor,
            kind: product.kind.as_str().into(),
            version: product.version,
            os_family: system.family.into(),
            os_version: system.version,
            os_vendor: system.vendor.into(),
            is_bot: matches!(kind, Kind::Robot | Kind::Library | Kind::Validator | Kind::OfflineBrowser),
        }
    }
}

/// The part of a header that is looked at.
pub(super) fn head(text: &str) -> &str {
    &text[..text.floor_char_boundary(AGENT_BYTES_MAX)]
}

/// What follows the first occurrence of `token`.
fn after<'t>(text: &'t str, token: &str) -> Option<&'t str> {
    text.find(token).map(|at| &text[at + token.len()..])
}

/// The digits, dots and underscores at the start of a text.
fn number(text: &str) -> &str {
    let end = text.find(|letter: char| !matches!(letter, '0'..='9' | '.' | '_')).unwrap_or(text.len());
    &text[..end]
}

fn any(text: &str, tokens: &[&str]) -> bool {
    tokens.iter().any(|token| text.contains(token))
}
