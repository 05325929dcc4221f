//! `userAgent()`, its nine properties, and whether it is a robot. All are present unless the header is missing.

use super::{Found, Given};
use crate::{
    enrich::ua::UserAgent,
    mapping::producer::{Kind, Producer, ProducerId},
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
    IsBot,
}

/// Value of a property.
#[derive(Debug)]
pub(in crate::mapping) enum Property<'a> {
    Text(&'a str),
    Boolean(bool),
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
    ("isBot", AgentField::IsBot),
];

impl AgentField {
    /// Name of its method.
    #[must_use]
    pub fn name(self) -> &'static str {
        FIELDS[self as usize].0
    }

    /// Static type of its values.
    #[must_use]
    pub fn kind(self) -> Kind {
        if self == Self::IsBot { Kind::Boolean } else { Kind::Text }
    }

    /// The property of an agent.
    #[inline]
    pub(in crate::mapping) fn of(self, agent: &UserAgent) -> Property<'_> {
        Property::Text(match self {
            Self::Name => &agent.name,
            Self::Family => &agent.family,
            Self::Vendor => &agent.vendor,
            Self::Type => &agent.kind,
            Self::Version => &agent.version,
            Self::DeviceCategory => &agent.device_category,
            Self::OsFamily => &agent.os_family,
            Self::OsVersion => &agent.os_version,
            Self::OsVendor => &agent.os_vendor,
            Self::IsBot => return Property::Boolean(agent.is_bot),
        })
    }
}

pub(super) fn method(of: ProducerId, name: &str, arguments: &[Given]) -> Found {
    match FIELDS.iter().find(|(own, _)| *own == name) {
        Some((_, field)) if arguments.is_empty() => Found::Producer(Producer::Agent(of, *field)),
        Some(_) => Found::WrongArguments("no argument"),
        None => Found::Unknown,
    }
}
