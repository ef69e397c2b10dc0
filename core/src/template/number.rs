//! A JSON number as a template prints it.

use crate::prelude::*;
use alloc::borrow::Cow;

use serde_json::Number;

/// How many digits a number written with an exponent may have to be printed without it.
const MAX_DIGITS: usize = 20;

/// Prints an integral number without its fraction (`1.0` as `1`) and, up to 20 digits, without its exponent (`1e3` as
/// `1000`); every other number exactly as in the JSON.
pub(super) fn printed(number: &Number) -> Cow<'_, str> {
    let text = number.as_str();
    match integral(text) {
        Some(integral) => Cow::Owned(integral),
        None => Cow::Borrowed(text),
    }
}

fn integral(text: &str) -> Option<String> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let fraction = fraction.trim_end_matches('0');
    let Some(exponent) = exponent else {
        return fraction.is_empty().then(|| whole.to_string());
    };
    let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |whole| ("-", whole));
    let digits = String::from(whole) + fraction;
    let significant = digits.trim_end_matches('0');
    if significant.is_empty() {
        return Some(String::from(sign) + "0");
    }
    let exponent: isize = exponent.parse().ok()?;
    let length = isize::try_from(whole.len()).ok()?.checked_add(exponent)?;
    let length = usize::try_from(length).ok().filter(|length| *length >= significant.len())?;
    let leading = significant.len() - significant.trim_start_matches('0').len();
    (length - leading <= MAX_DIGITS)
        .then(|| String::from(sign) + &significant[leading..] + &"0".repeat(length - significant.len()))
}

#[cfg(test)]
mod tests {
    use super::printed;

    #[test]
    fn integral_numbers_print_without_fraction_and_others_as_in_the_json() {
        for (json, expected) in [
            ("0", "0"),
            ("-7", "-7"),
            ("1.0", "1"),
            ("-12.000", "-12"),
            ("-0.0", "-0"),
            ("1.50", "1.50"),
            ("0.1", "0.1"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            ("123456789012345678901234567890.0", "123456789012345678901234567890"),
            ("3.141592653589793238462643383279", "3.141592653589793238462643383279"),
            ("1e3", "1000"),
            ("1.5E+3", "1500"),
            ("1234.5e1", "12345"),
            ("0.001e3", "1"),
            ("1200e-2", "12"),
            ("-0e99999999999999999999", "-0"),
            ("1e-3", "1e-3"),
            ("15e-1", "15e-1"),
            ("1e19", "10000000000000000000"),
            ("1e20", "1e+20"),
            ("1e99999999999999999999", "1e+99999999999999999999"),
            ("1e-99999999999999999999", "1e-99999999999999999999"),
        ] {
            let number = serde_json::from_str(json).unwrap();
            assert_eq!(printed(&number), expected, "{json}");
        }
    }
}
