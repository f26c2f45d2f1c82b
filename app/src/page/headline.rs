//! How large a headline is: as large as its letters let it be.

use crate::chart::rough_width;

/// How much room a hashtag takes, for the style sheet: in ems, and seen to be a seventh wider in bold.
pub(super) fn length(tag: &str) -> &'static str {
    let ems = rough_width(tag, 1.0);
    if ems <= 6.0 {
        ""
    } else if ems <= 8.0 {
        "long"
    } else {
        "longer"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_headline_is_as_long_as_its_letters() {
        assert_eq!(length("#RustLang"), "");
        assert_eq!(length("#Photography"), "long");
        assert_eq!(length("#MondayMotivation"), "longer");
        assert_eq!(length("#写真"), "");
    }
}
