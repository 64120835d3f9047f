//! Numbers and texts as bytes, one after the other.

/// Puts bytes together.
#[derive(Default)]
pub(super) struct Writer(Vec<u8>);

impl Writer {
    pub(super) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    /// In seven bits a byte, the lowest first, as long as there are more (LEB128).
    pub(super) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    /// A number that is likely to be large.
    pub(super) fn word(&mut self, word: u64) {
        self.fixed(&word.to_le_bytes());
    }

    /// As many as the reader knows by itself.
    pub(super) fn fixed(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn text(&mut self, text: &[u8]) {
        self.number(text.len() as u64);
        self.0.extend_from_slice(text);
    }

    pub(super) fn option(&mut self, text: Option<&[u8]>) {
        self.byte(text.is_some().into());
        text.into_iter().for_each(|text| self.text(text));
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// Takes bytes apart. Everything is `None` that would go beyond their end, or says what nobody writes.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                return None;
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    pub(super) fn word(&mut self) -> Option<u64> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*first))
    }

    pub(super) fn text(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(text)
    }

    pub(super) fn option(&mut self) -> Option<Option<&'a [u8]>> {
        match self.byte()? {
            0 => Some(None),
            1 => Some(Some(self.text()?)),
            _ => None,
        }
    }

    pub(super) fn flag(&mut self) -> Option<bool> {
        match self.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    /// As many as are counted before them.
    pub(super) fn several<T>(
        &mut self,
        mut each: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        let count = self.number()?;
        // None takes no bytes at all, so that a count that lies comes to an end.
        (0..count).map(|_| each(self)).collect()
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_written_is_read(numbers: Vec<u64>, text: Vec<u8>, option: Option<Vec<u8>>) {
            let mut writer = Writer::default();
            writer.number(numbers.len() as u64);
            numbers.iter().for_each(|number| writer.number(*number));
            writer.text(&text);
            writer.option(option.as_deref());
            writer.word(7);
            let bytes = writer.into_bytes();
            let mut reader = Reader::new(&bytes);
            prop_assert_eq!(reader.several(Reader::number), Some(numbers));
            prop_assert_eq!(reader.text(), Some(&text[..]));
            prop_assert_eq!(reader.option(), Some(option.as_deref()));
            prop_assert_eq!(reader.word(), Some(7));
            prop_assert!(reader.is_at_end());
        }
    }

    #[test]
    fn what_goes_beyond_the_end_is_nothing() {
        let most = [0xff; 9];
        for bytes in [
            &[][..],
            &[0x80],
            &most,
            &[&most[..], &[2]].concat(),
            &[&most[..], &[0x81, 0]].concat(),
        ] {
            assert_eq!(Reader::new(bytes).number(), None, "{bytes:?}");
        }
        assert_eq!(Reader::new(&[&most[..], &[1]].concat()).number(), Some(u64::MAX));
        assert_eq!(Reader::new(&[3, 1, 2]).text(), None);
        assert_eq!(Reader::new(&[2]).option(), None);
        assert_eq!(Reader::new(&[&most[..], &[1]].concat()).several(Reader::byte), None);
    }
}
