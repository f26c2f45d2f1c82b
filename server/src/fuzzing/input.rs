//! What a check is given: any bytes, or bytes that say what is done as well as what with.

/// Panics where something does not hold for these bytes.
pub type Check = fn(&[u8]);

/// What is left of an input. Past its end are zeros.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Input<'a>(pub(crate) &'a [u8]);

impl<'a> Input<'a> {
    pub(crate) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((byte, rest)) => {
                self.0 = rest;
                *byte
            }
            None => 0,
        }
    }

    /// As many of the bytes that follow as the next byte says.
    pub(crate) fn part(&mut self) -> &'a [u8] {
        let length = usize::from(self.byte()).min(self.0.len());
        let (part, rest) = self.0.split_at(length);
        self.0 = rest;
        part
    }
}
