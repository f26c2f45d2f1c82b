//! Money.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Millionths of a US dollar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Dollars(pub(super) u64);

impl FromStr for Dollars {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number: Option<f64> = text.trim_start_matches('$').parse().ok();
        match number {
            Some(dollars) if (0.01..=1e9).contains(&dollars) => {
                Ok(Self((dollars * 1e6).round() as u64))
            }
            _ => Err("it is an amount in US dollars, from 0.01, such as 25 or 0.50".to_owned()),
        }
    }
}

impl fmt::Display for Dollars {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "${:.2}", self.0 as f64 / 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dollars(text: &str) -> Dollars {
        text.parse().unwrap()
    }

    #[test]
    fn amounts() {
        assert_eq!(dollars("0.50"), Dollars(500_000));
        assert_eq!(dollars("$25").to_string(), "$25.00");
        for none in ["", "0", "-1", "free", "1e99", "NaN"] {
            assert!(none.parse::<Dollars>().is_err(), "{none}");
        }
    }
}
