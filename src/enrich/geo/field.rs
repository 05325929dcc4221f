//! What can be asked of a place.

use maxminddb::PathElement::{self, IndexFromEnd, Key};

use super::Known;

/// Type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GeoKind {
    /// Text, in English where there are languages.
    Text,
    /// 32 bits.
    Int,
    /// 64 bits of a floating point number.
    Double,
    /// Never absent: false where a database does not say.
    Boolean,
    /// Texts of all subdivisions, from the largest to the smallest.
    TextList,
    /// Numbers of all subdivisions, from the largest to the smallest.
    IntList,
}

/// A value of a place.
#[derive(Clone, Debug, PartialEq)]
pub enum GeoValue<'a> {
    /// See [`GeoKind::Text`].
    Text(&'a str),
    /// See [`GeoKind::Int`].
    Int(i32),
    /// See [`GeoKind::Double`].
    Double(f64),
    /// See [`GeoKind::Boolean`].
    Boolean(bool),
    /// See [`GeoKind::TextList`].
    Texts(Vec<&'a str>),
    /// See [`GeoKind::IntList`].
    Ints(Vec<i32>),
}

/// A field, by its number in [`FIELDS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GeoField(u8);

type Path = &'static [PathElement<'static>];

const SUBDIVISIONS: Path = &[Key("subdivisions")];
const CODE: Path = &[Key("iso_code")];
const ID: Path = &[Key("geoname_id")];
const NAME: Path = &[Key("names"), Key("en")];

use GeoKind::{Boolean, Double, Int, IntList, Text, TextList};

/// Name, type and where it lies: in a database of cities or an enterprise one, then in the flat ones of networks. For
/// lists, where it lies in each subdivision.
#[rustfmt::skip]
pub const FIELDS: &[(&str, GeoKind, Path, Path)] = &[
    ("cityId", Int, &[Key("city"), Key("geoname_id")], &[]),
    ("cityName", Text, &[Key("city"), Key("names"), Key("en")], &[]),
    ("continentCode", Text, &[Key("continent"), Key("code")], &[]),
    ("continentId", Int, &[Key("continent"), Key("geoname_id")], &[]),
    ("continentName", Text, &[Key("continent"), Key("names"), Key("en")], &[]),
    ("countryCode", Text, &[Key("country"), Key("iso_code")], &[]),
    ("countryId", Int, &[Key("country"), Key("geoname_id")], &[]),
    ("countryName", Text, &[Key("country"), Key("names"), Key("en")], &[]),
    ("latitude", Double, &[Key("location"), Key("latitude")], &[]),
    ("longitude", Double, &[Key("location"), Key("longitude")], &[]),
    ("metroCode", Int, &[Key("location"), Key("metro_code")], &[]),
    ("timeZone", Text, &[Key("location"), Key("time_zone")], &[]),
    ("mostSpecificSubdivisionCode", Text, &[Key("subdivisions"), IndexFromEnd(0), Key("iso_code")], &[]),
    ("mostSpecificSubdivisionId", Int, &[Key("subdivisions"), IndexFromEnd(0), Key("geoname_id")], &[]),
    ("mostSpecificSubdivisionName", Text, &[Key("subdivisions"), IndexFromEnd(0), Key("names"), Key("en")], &[]),
    ("postalCode", Text, &[Key("postal"), Key("code")], &[]),
    ("registeredCountryCode", Text, &[Key("registered_country"), Key("iso_code")], &[]),
    ("registeredCountryId", Int, &[Key("registered_country"), Key("geoname_id")], &[]),
    ("registeredCountryName", Text, &[Key("registered_country"), Key("names"), Key("en")], &[]),
    ("representedCountryCode", Text, &[Key("represented_country"), Key("iso_code")], &[]),
    ("representedCountryId", Int, &[Key("represented_country"), Key("geoname_id")], &[]),
    ("representedCountryName", Text, &[Key("represented_country"), Key("names"), Key("en")], &[]),
    ("subdivisionCodes", TextList, CODE, &[]),
    ("subdivisionIds", IntList, ID, &[]),
    ("subdivisionNames", TextList, NAME, &[]),
    ("autonomousSystemNumber", Int, &[Key("traits"), Key("autonomous_system_number")], &[Key("autonomous_system_number")]),
    ("autonomousSystemOrganization", Text, &[Key("traits"), Key("autonomous_system_organization")], &[Key("autonomous_system_organization")]),
    ("domain", Text, &[Key("traits"), Key("domain")], &[Key("domain")]),
    ("isp", Text, &[Key("traits"), Key("isp")], &[Key("isp")]),
    ("organisation", Text, &[Key("traits"), Key("organization")], &[Key("organization")]),
    ("anonymousProxy", Boolean, &[Key("traits"), Key("is_anonymous_proxy")], &[]),
    ("satelliteProvider", Boolean, &[Key("traits"), Key("is_satellite_provider")], &[]),
    // Beyond the original.
    ("accuracyRadius", Int, &[Key("location"), Key("accuracy_radius")], &[]),
    ("isInEuropeanUnion", Boolean, &[Key("country"), Key("is_in_european_union")], &[]),
    ("connectionType", Text, &[Key("traits"), Key("connection_type")], &[Key("connection_type")]),
    ("userType", Text, &[Key("traits"), Key("user_type")], &[]),
    ("isAnonymous", Boolean, &[Key("traits"), Key("is_anonymous")], &[Key("is_anonymous")]),
    ("isAnonymousVpn", Boolean, &[Key("traits"), Key("is_anonymous_vpn")], &[Key("is_anonymous_vpn")]),
    ("isHostingProvider", Boolean, &[Key("traits"), Key("is_hosting_provider")], &[Key("is_hosting_provider")]),
    ("isPublicProxy", Boolean, &[Key("traits"), Key("is_public_proxy")], &[Key("is_public_proxy")]),
    ("isResidentialProxy", Boolean, &[Key("traits"), Key("is_residential_proxy")], &[Key("is_residential_proxy")]),
    ("isTorExitNode", Boolean, &[Key("traits"), Key("is_tor_exit_node")], &[Key("is_tor_exit_node")]),
];

impl GeoField {
    /// The field of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let number = FIELDS.iter().position(|(own, ..)| *own == name)?;
        u8::try_from(number).ok().map(Self)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        FIELDS[usize::from(self.0)].0
    }

    /// Its type.
    #[must_use]
    pub fn kind(self) -> GeoKind {
        FIELDS[usize::from(self.0)].1
    }

    /// Its value, by the first database that has one. What has another type than it should counts as missing.
    #[must_use]
    pub fn of<'a>(self, known: &[Known<'a>]) -> Option<GeoValue<'a>> {
        let (_, kind, path, flat) = FIELDS[usize::from(self.0)];
        match kind {
            Text => first(known, path, flat).map(GeoValue::Text),
            Int => first::<Whole>(known, path, flat).and_then(|number| i32::try_from(number.0).ok()).map(GeoValue::Int),
            Double => first(known, path, flat).map(GeoValue::Double),
            Boolean => Some(GeoValue::Boolean(first::<Truth>(known, path, flat).is_some_and(|truth| truth.0))),
            TextList => Some(GeoValue::Texts(each(known, path))),
            IntList => {
                let numbers = each::<Whole>(known, path).into_iter();
                Some(GeoValue::Ints(numbers.filter_map(|number| i32::try_from(number.0).ok()).collect()))
            }
        }
    }
}

/// A whole number of any width: databases choose the narrowest.
struct Whole(i64);
/// A boolean; some databases have a number in its place.
struct Truth(bool);

macro_rules! read_any {
    ($target:ident, $wanted:literal, $($visit:ident: $from:ty => $convert:expr;)*) => {
        impl<'de> serde::Deserialize<'de> for $target {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;
                impl serde::de::Visitor<'_> for Visitor {
                    type Value = $target;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        formatter.write_str($wanted)
                    }

                    $(fn $visit<E: serde::de::Error>(self, value: $from) -> Result<$target, E> {
                        let convert: fn($from) -> Option<_> = $convert;
                        convert(value).map($target).ok_or_else(|| E::custom($wanted))
                    })*
                }
                deserializer.deserialize_any(Visitor)
            }
        }
    };
}

read_any!(Whole, "a whole number", visit_u64: u64 => |value| i64::try_from(value).ok(); visit_i64: i64 => Some;);
read_any!(Truth, "a boolean", visit_bool: bool => Some; visit_u64: u64 => |value| Some(value != 0););

fn first<'a, T: serde::Deserialize<'a>>(known: &[Known<'a>], path: Path, flat: Path) -> Option<T> {
    known.iter().find_map(|place| {
        let at = |path: Path| if path.is_empty() { None } else { place.decode_path(path).ok().flatten() };
        at(path).or_else(|| at(flat))
    })
}

/// The values of all subdivisions of the first database that has some.
fn each<'a, T: serde::Deserialize<'a>>(known: &[Known<'a>], path: Path) -> Vec<T> {
    /// Deepest nesting of subdivisions that there is, with room to spare.
    const MOST: usize = 16;
    let of = |place: &Known<'a>| -> Vec<T> {
        let exists = |number: usize| {
            let path = [SUBDIVISIONS[0].clone(), PathElement::Index(number)];
            matches!(place.decode_path::<serde::de::IgnoredAny>(&path), Ok(Some(_)))
        };
        let value = |number: usize| {
            let path: Vec<_> =
                [SUBDIVISIONS[0].clone(), PathElement::Index(number)].into_iter().chain(path.iter().cloned()).collect();
            place.decode_path(&path).ok().flatten()
        };
        (0..MOST).take_while(|number| exists(*number)).filter_map(value).collect()
    };
    known.iter().map(of).find(|values| !values.is_empty()).unwrap_or_default()
}
