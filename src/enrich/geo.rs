//! Places and networks by address, from databases in the format of `MaxMind`. Only this file and the check at start know the crate.

mod field;
#[cfg(test)]
mod tests;

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use maxminddb::{LookupResult, Reader};

pub use field::{FIELDS, GeoField, GeoKind, GeoValue};

/// What one database knows of an address.
pub type Known<'a> = LookupResult<'a, Vec<u8>>;

/// Databases that are asked in order.
pub struct Places {
    databases: Vec<Reader<Vec<u8>>>,
}

/// A database cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GeoError {
    /// It is no database of this format.
    #[error("not a MaxMind database: {0}")]
    Format(String),
    /// It is one, but not whole.
    #[error("damaged: {0}")]
    Damaged(String),
}

impl Places {
    /// Databases by the bytes of their files, each checked from its first to its last byte.
    ///
    /// # Errors
    /// The number of the first one that cannot be used, from 0, and why.
    pub fn new(files: impl IntoIterator<Item = Vec<u8>>) -> Result<Self, (usize, GeoError)> {
        let open = |bytes| {
            let reader = Reader::from_source(bytes).map_err(|error| GeoError::Format(error.to_string()))?;
            reader.verify().map_err(|error| GeoError::Damaged(error.to_string()))?;
            Ok(reader)
        };
        let databases =
            files.into_iter().enumerate().map(|(number, bytes)| open(bytes).map_err(|error| (number, error)));
        Ok(Self { databases: databases.collect::<Result<_, _>>()? })
    }

    /// Types and ages of the databases, as messages say them.
    pub fn describe(&self) -> impl Iterator<Item = (&str, u64)> {
        self.databases.iter().map(|reader| {
            let metadata = reader.metadata();
            (metadata.database_type.as_str(), metadata.build_epoch)
        })
    }

    /// Adds what is known of an address to `known`; false, with nothing added, if that is nothing.
    pub fn look_up<'a>(&'a self, address: IpAddr, known: &mut Vec<Known<'a>>) -> bool {
        let before = known.len();
        let found = self.databases.iter().filter_map(|reader| reader.lookup(address).ok());
        known.extend(found.filter(LookupResult::has_data));
        known.len() > before
    }
}

impl std::fmt::Debug for Places {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_list().entries(self.describe()).finish()
    }
}

/// An address as scripts and requests write it: no name, no port, no zone, no brackets. One of version 4 that is
/// written as version 6 counts as version 4.
#[must_use]
pub fn address(text: &str) -> Option<IpAddr> {
    text.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// The databases in use: they are exchanged as a whole while events are mapped, and each block asks once.
#[derive(Debug)]
pub struct CurrentPlaces(Mutex<Arc<Places>>);

impl CurrentPlaces {
    /// Begins with these.
    #[must_use]
    pub fn new(places: Places) -> Self {
        Self(Mutex::new(Arc::new(places)))
    }

    /// Those in use now.
    #[must_use]
    pub fn get(&self) -> Arc<Places> {
        // The lock guards a pointer, which a panic cannot leave half written.
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on these are in use.
    pub fn set(&self, places: Places) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(places);
    }
}
