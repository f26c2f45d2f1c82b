//! What a picture is drawn on, in its own pixels.

use super::within;

/// A browser gives up on a canvas that is longer than this,
const LONGEST: f64 = 8192.0;
/// and some on one of more pixels.
const LARGEST: f64 = 16_777_216.0;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sheet {
    pub width: u32,
    pub height: u32,
    /// The font size; every length follows from it, so a sharper sheet has the same picture.
    pub em: f64,
}

/// Where a canvas lies on the screen, in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Sheet {
    /// The sheet behind a canvas, and how many of its pixels one of CSS has: `sharpness`, and less
    /// where so many would be too many. `em` is in CSS pixels. `None` where there is nothing to see.
    pub fn behind(place: Place, em: f64, sharpness: f64) -> Option<(Self, f64)> {
        let sharpness = within(sharpness, 0.25, 8.0);
        // The browser moves each edge to the next device pixel: a size that is rounded by itself
        // may be one off, and all letters blurred.
        let size = |from: f64, to: f64| (to * sharpness).round() - (from * sharpness).round();
        let (width, height) = (size(place.left, place.right), size(place.top, place.bottom));
        // Not a number is none either.
        if !(width >= 1.0 && height >= 1.0) {
            return None;
        }
        let fit = (LONGEST / width.max(height))
            .min((LARGEST / (width * height)).sqrt())
            .min(1.0);
        let cut = |length: f64| (length * fit).floor().max(1.0) as u32;
        let sheet = Self {
            width: cut(width),
            height: cut(height),
            em: em * sharpness * fit,
        };
        Some((sheet, sharpness * fit))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_sheet_has_the_pixels_of_the_screen() {
        let place = Place {
            left: 10.25,
            top: 0.0,
            right: 110.5,
            bottom: 50.0,
        };
        let (sheet, sharpness) = Sheet::behind(place, 16.0, 2.0).expect("a sheet");
        assert_eq!((sheet.width, sheet.height), (200, 100));
        assert_eq!((sheet.em, sharpness), (32.0, 2.0));
    }

    #[test]
    fn what_is_not_seen_has_none() {
        let place = |right| Place {
            left: 0.0,
            top: 0.0,
            right,
            bottom: 10.0,
        };
        assert_eq!(Sheet::behind(place(0.0), 16.0, 1.0), None);
        assert_eq!(Sheet::behind(place(f64::NAN), 16.0, 1.0), None);
    }

    proptest! {
        #[test]
        fn however_tall_it_is_not_cut_and_letters_keep_their_part_of_it(
            width in 1.0_f64..5000.0,
            height in 1.0_f64..20_000.0,
            sharpness in 0.5_f64..5.0,
        ) {
            let place = Place { left: 0.0, top: 0.0, right: width, bottom: height };
            if let Some((sheet, sharpness)) = Sheet::behind(place, 16.0, sharpness) {
                let (wide, high) = (f64::from(sheet.width), f64::from(sheet.height));
                prop_assert!(wide <= LONGEST && high <= LONGEST && wide * high <= LARGEST);
                prop_assert!((wide - width * sharpness).abs() <= 1.5);
                prop_assert!((high - height * sharpness).abs() <= 1.5);
                prop_assert!((sheet.em - 16.0 * sharpness).abs() < 1e-6);
            }
        }
    }
}
