//! Which segments there are, oldest first, and where an offset is to be found.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
};

use crate::checkpoint::{Offset, Span};

use super::{GapReason, format::End};

/// A segment file.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub(super) number: u64,
    pub(super) path: PathBuf,
    /// Offset of its first event.
    pub(super) first: Offset,
    /// Where the segment before it ended.
    pub(super) previous: Offset,
    /// Why offsets from `previous` to `first` are missing, if they are.
    pub(super) before: Option<GapReason>,
    /// Where it ends; none while it is written to.
    pub(super) end: Option<End>,
    /// Bytes that the file takes.
    pub(super) bytes: u64,
    /// When it was ended, milliseconds since the Unix epoch.
    pub(super) ended_ms: i64,
    /// A block in it could not be read: the file is kept for a closer look when its time is over.
    pub(super) damaged: bool,
}

/// Where an offset is.
#[derive(Debug)]
pub(super) enum Place {
    /// In this segment.
    In(Segment),
    /// Nowhere: these offsets are missing.
    Hole(Span, GapReason),
    /// Behind everything that the segments hold.
    Beyond,
}

/// The segments, oldest first; the last one is written to.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    segments: VecDeque<Segment>,
    /// What is missing below this was given up to make room.
    cut: Offset,
}

impl Catalog {
    /// The segments that a start finds; what is missing below `cut` was given up by a former process.
    pub(super) fn new(segments: impl IntoIterator<Item = Segment>, cut: Offset) -> Self {
        Self { segments: segments.into_iter().collect(), cut }
    }

    /// What is missing below this was given up to make room.
    pub(super) fn cut(&self) -> Offset {
        self.cut
    }

    pub(super) fn push(&mut self, segment: Segment) {
        self.segments.push_back(segment);
    }

    /// Notes where the last segment ends.
    pub(super) fn end_last(&mut self, end: End, now_ms: i64) {
        if let Some(last) = self.segments.back_mut() {
            last.end = Some(end);
            last.ended_ms = now_ms;
        }
    }

    pub(super) fn mark_damaged(&mut self, number: u64) {
        if let Some(segment) = self.segments.iter_mut().find(|segment| segment.number == number) {
            segment.damaged = true;
        }
    }

    pub(super) fn locate(&self, at: Offset) -> Place {
        let behind = self.segments.partition_point(|segment| segment.first <= at);
        let next = self.segments.get(behind);
        let segment = behind.checked_sub(1).and_then(|index| self.segments.get(index));
        if let Some(segment) = segment.filter(|segment| segment.end.is_none_or(|end| end.next > at)) {
            return Place::In(segment.clone());
        }
        let Some(next) = next else { return Place::Beyond };
        let (upto, reason) = match (segment, next.before) {
            (None, _) if at < self.cut => (self.cut.min(next.first), GapReason::Quota),
            (None, Some(_)) if at < next.previous => (next.previous.min(next.first), GapReason::Lost),
            (_, before) => (next.first, before.unwrap_or(GapReason::Lost)),
        };
        Place::Hole(Span::new(at, upto), reason)
    }

    /// Whether a segment is still there.
    pub(super) fn has(&self, number: u64) -> bool {
        self.segments.iter().any(|segment| segment.number == number)
    }

    /// First offset of the oldest segment.
    pub(super) fn first(&self) -> Option<Offset> {
        self.segments.front().map(|segment| segment.first)
    }

    /// First offset of the newest segments that together hold at most so many bytes of events.
    pub(super) fn first_within(&self, bytes_max: u64) -> Option<Offset> {
        let mut bytes = 0;
        let newest = self.segments.iter().rev().take_while(|segment| {
            bytes += segment.end.map_or(0, |end| end.position);
            bytes <= bytes_max
        });
        newest.last().map(|segment| segment.first)
    }

    /// The oldest segment, unless it is the only one: numbering goes on from the last.
    pub(super) fn oldest_ended(&self) -> Option<&Segment> {
        self.segments.front().filter(|segment| segment.end.is_some() && self.segments.len() > 1)
    }

    /// The newest segment, if it has ended.
    pub(super) fn newest_ended(&self) -> Option<(&Segment, End)> {
        let newest = self.segments.back()?;
        Some((newest, newest.end?))
    }

    /// The file of the newest segment takes so many bytes now.
    pub(super) fn shrink_newest(&mut self, bytes: u64) {
        if let Some(newest) = self.segments.back_mut() {
            newest.bytes = bytes;
        }
    }

    /// Takes the oldest segment out; `cut` says that somebody may still have needed it.
    pub(super) fn pop(&mut self, cut: bool) -> Option<Segment> {
        let oldest = self.segments.pop_front()?;
        if let Some(end) = oldest.end.filter(|_| cut) {
            self.cut = self.cut.max(end.next);
        }
        Some(oldest)
    }

    /// Bytes of all files.
    pub(super) fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }

    /// Bytes of the files from the one that holds `at`.
    pub(super) fn bytes_from(&self, at: Offset) -> u64 {
        let holds = |segment: &&Segment| segment.end.is_none_or(|end| end.next > at);
        self.segments.iter().filter(holds).map(|segment| segment.bytes).sum()
    }

    pub(super) fn len(&self) -> usize {
        self.segments.len()
    }
}

/// Name of the file of a segment.
pub(super) fn file_name(number: u64) -> String {
    format!("{number:016x}.segment")
}

/// The number in the name of a segment's file.
pub(super) fn number_of(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?.strip_suffix(".segment")?;
    (name.len() == 16).then(|| u64::from_str_radix(name, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(number: u64, first: u64, end: Option<u64>, before: Option<GapReason>) -> Segment {
        Segment {
            number,
            path: PathBuf::new(),
            first: Offset(first),
            previous: Offset(first.saturating_sub(2)),
            before,
            end: end.map(|next| End { position: 10_000, next: Offset(next) }),
            bytes: 100,
            ended_ms: 0,
            damaged: false,
        }
    }

    #[test]
    fn offsets_are_found_in_segments_and_in_the_holes_between() {
        let mut catalog = Catalog::new(
            [
                segment(1, 10, Some(20), None),
                segment(2, 20, Some(30), None),
                segment(3, 50, None, Some(GapReason::Unclean)),
            ],
            Offset(5),
        );
        let place = |catalog: &Catalog, at: u64| match catalog.locate(Offset(at)) {
            Place::In(segment) => format!("in {}", segment.number),
            Place::Hole(span, reason) => format!("{span} {reason}"),
            Place::Beyond => "beyond".to_owned(),
        };
        for (at, expected) in [
            (3, format!("3..5 {}", GapReason::Quota)),
            (5, format!("5..10 {}", GapReason::Lost)),
            (10, "in 1".into()),
            (19, "in 1".into()),
            (20, "in 2".into()),
            (30, format!("30..50 {}", GapReason::Unclean)),
            (50, "in 3".into()),
            (99, "in 3".into()),
        ] {
            assert_eq!(place(&catalog, at), expected, "{at}");
        }
        assert_eq!(catalog.bytes_from(Offset(20)), 200);
        for (bytes_max, expected) in [(0, Some(50)), (9_999, Some(50)), (10_000, Some(20)), (99_999, Some(10))] {
            assert_eq!(catalog.first_within(bytes_max), expected.map(Offset), "{bytes_max}");
        }
        assert_eq!(catalog.pop(true).map(|segment| segment.number), Some(1));
        assert_eq!(place(&catalog, 12), format!("12..20 {}", GapReason::Quota));
        catalog.pop(true);
        for (at, expected) in [
            (29, format!("29..30 {}", GapReason::Quota)),
            (30, format!("30..48 {}", GapReason::Lost)),
            (48, format!("48..50 {}", GapReason::Unclean)),
        ] {
            assert_eq!(place(&catalog, at), expected, "{at}");
        }
        assert_eq!(place(&Catalog::default(), 0), "beyond");
    }

    #[test]
    fn names_carry_numbers() {
        assert_eq!(number_of(Path::new("/a").join(file_name(0xab)).as_path()), Some(0xab));
        for name in ["ab.segment", "spare-1", "00000000000000zz.segment"] {
            assert_eq!(number_of(Path::new(name)), None, "{name}");
        }
    }
}
