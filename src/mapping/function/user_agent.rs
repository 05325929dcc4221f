//! `userAgent()` and its nine properties. All are present unless the header is missing.

use super::{Found, Given};
use crate::{
    enrich::ua::UserAgent,
    mapping::producer::{Producer, ProducerId},
};

/// A property of a user agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "they are those of UserAgent")]
pub enum AgentField {
    Name,
    Family,
    Vendor,
    Type,
    Version,
    DeviceCategory,
    OsFamily,
    OsVersion,
    OsVendor,
}

pub(super) const FIELDS: &[(&str, AgentField)] = &[
    ("name", AgentField::Name),
    ("family", AgentField::Family),
    ("vendor", AgentField::Vendor),
    ("type", AgentField::Type),
    ("version", AgentField::Version),
    ("deviceCategory", AgentField::DeviceCategory),
    ("osFamily", AgentField::OsFamily),
    ("osVersion", AgentField::OsVersion),
    ("osVendor", AgentField::OsVendor),
];

impl AgentField {
    /// Name of its method.
    #[must_use]
    pub fn name(self) -> &'static str {
        FIELDS[self as usize].0
    }

    /// The property of an agent.
    #[inline]
    pub(in crate::mapping) fn of(self, agent: &UserAgent) -> &str {
        match self {
            Self::Name => &agent.name,
            Self::Family => &agent.family,
            Self::Vendor => &agent.vendor,
            Self::Type => &agent.kind,
            Self::Version => &agent.version,
            Self::DeviceCategory => &agent.device_category,
            Self::OsFamily => &agent.os_family,
            Self::OsVersion => &agent.os_version,
            Self::OsVendor => &agent.os_vendor,
        }
    }
}

pub(super) fn method(of: ProducerId, name: &str, arguments: &[Given]) -> Found {
    match FIELDS.iter().find(|(own, _)| *own == name) {
        Some((_, field)) if arguments.is_empty() => Found::Producer(Producer::Agent(of, *field)),
        Some(_) => Found::WrongArguments("no argument"),
        None => Found::Unknown,
    }
}
