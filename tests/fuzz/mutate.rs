//! New inputs by chance, made of known ones.

/// Splitmix64: small, fast, and the same everywhere.
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    /// Below `bound`; 0 if there is nothing below.
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % (bound.max(1) as u64)).unwrap_or(0)
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }
}

/// Values at which numbers break.
const NUMBERS: [&[u8]; 12] = [
    b"0",
    b"-1",
    b"2147483648",
    b"9223372036854775808",
    b"1e999",
    b"99999999999999999999",
    &[0xff; 4],
    &[0xff; 9],
    &[0x80, 0x80, 0x80, 0x80, 0x08],
    &[0; 8],
    &[0xff, 0xff, 0xff, 0x7f],
    b"\xed\xa0\x80",
];

/// Nesting is what recursion fears.
const BRACKETS: &[u8] = b"([{<\"'!-$/\\%";

/// Makes inputs.
pub struct Mutator<'a> {
    seeds: &'a [Vec<u8>],
    /// Words of the seeds.
    words: Vec<&'a [u8]>,
    random: Random,
    bytes_max: usize,
}

impl<'a> Mutator<'a> {
    /// Of these seeds, at least one; no input is longer than `bytes_max`.
    pub fn new(seeds: &'a [Vec<u8>], random: Random, bytes_max: usize) -> Self {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let cut = seeds.iter().flat_map(|seed| seed.chunk_by(move |a, b| is_word(*a) == is_word(*b)));
        let mut words: Vec<_> = cut.filter(|word| word.len() < 40).collect();
        words.sort_unstable();
        words.dedup();
        Self { seeds, words, random, bytes_max }
    }

    /// The next input.
    pub fn next(&mut self) -> Vec<u8> {
        let mut input = self.seeds[self.random.below(self.seeds.len())].clone();
        for _ in 0..=self.random.below(6) {
            self.change(&mut input);
        }
        input.truncate(self.bytes_max);
        input
    }

    fn range(&mut self, length: usize) -> (usize, usize) {
        let (a, b) = (self.random.below(length + 1), self.random.below(length + 1));
        // Mostly short ones.
        let end = if self.random.below(4) > 0 { (a + 1 + b % 16).min(length) } else { b };
        (a.min(end), a.max(end))
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.random.below(input.len() + 1);
        let (start, end) = self.range(input.len());
        match self.random.below(10) {
            0 if !input.is_empty() => {
                let bit = self.random.below(input.len() * 8);
                input[bit / 8] ^= 1 << (bit % 8);
            }
            1 if !input.is_empty() => {
                let at = self.random.below(input.len());
                input[at] = self.random.byte();
            }
            2 => drop(input.drain(start..end)),
            3 => {
                let copy = input[start..end].to_vec();
                input.splice(at..at, copy);
            }
            4 => {
                let word = self.words[self.random.below(self.words.len())];
                input.splice(start..end, word.iter().copied());
            }
            5 => {
                let word = self.words[self.random.below(self.words.len())];
                input.splice(at..at, word.iter().copied());
            }
            6 => {
                let number = NUMBERS[self.random.below(NUMBERS.len())];
                input.splice(start..end, number.iter().copied());
            }
            7 => {
                let other = &self.seeds[self.random.below(self.seeds.len())];
                let from = self.random.below(other.len() + 1);
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
            8 => input.truncate(at),
            _ => self.repeat(input, at, start, end),
        }
    }

    /// Many of the same: brackets, or a piece of the input.
    fn repeat(&mut self, input: &mut Vec<u8>, at: usize, start: usize, end: usize) {
        let piece = if self.random.below(2) == 0 {
            vec![BRACKETS[self.random.below(BRACKETS.len())]]
        } else {
            input[start..end].to_vec()
        };
        let times = 1 << self.random.below(13);
        let room = self.bytes_max.saturating_sub(input.len());
        let repeated: Vec<_> = piece.iter().copied().cycle().take((piece.len() * times).min(room)).collect();
        input.splice(at..at, repeated);
    }
}
