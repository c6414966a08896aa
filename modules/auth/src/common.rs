//! Passwords that everybody tries first.

use std::{collections::HashSet, sync::LazyLock};

/// In lower case and in order, 8 characters and more.
const LIST: &str = include_str!("common_passwords.txt");
static COMMON: LazyLock<HashSet<&str>> = LazyLock::new(|| LIST.lines().collect());

/// Whether the password is one of them, whatever its case and with whatever digits behind it.
pub(crate) fn is_common(password: &str) -> bool {
    let lower = password.to_lowercase();
    COMMON.contains(lower.as_str()) || COMMON.contains(lower.trim_end_matches(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_order_and_holds_what_could_be_chosen() {
        assert!(LIST.lines().is_sorted() && COMMON.len() > 4000 && COMMON.len() == LIST.lines().count());
        for line in LIST.lines() {
            assert!(line.len() >= 8 && line.is_ascii() && line.to_lowercase() == line && line.trim() == line, "{line}");
        }
    }

    #[test]
    fn case_and_digits_behind_it_do_not_hide_a_common_password() {
        for common in ["password", "PassWord", "password2026", "PASSWORD1", "12345678", "iloveyou", "senha123"] {
            assert!(is_common(common), "{common}");
        }
        for rare in ["correct horse battery", "password!", "2026password", "", "84920571"] {
            assert!(!is_common(rare), "{rare}");
        }
    }
}
