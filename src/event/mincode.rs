//! mincode
