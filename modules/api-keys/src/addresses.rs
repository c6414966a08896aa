//! From where a key may be used.

use auth::protocol::invalid;
use kit::Result;

/// How many networks a key may be bound to.
const MOST: usize = 20;

/// The networks of a list, as they are kept; `None` for an empty one, which allows any address.
///
/// # Errors
/// 400 for what is neither a network nor an address, and for too many.
pub(crate) fn parse(list: &[String]) -> Result<Option<Vec<String>>> {
    if list.len() > MOST {
        return Err(invalid("body", "ipAllowlist", &format!("Too big: expected array to have <={MOST} items")));
    }
    let mut networks = vec![];
    for (place, text) in list.iter().enumerate() {
        let network = kit::network(text).ok_or_else(|| {
            invalid("body", &format!("ipAllowlist[{place}]"), "Invalid input: expected an IP address or a CIDR network")
        })?;
        networks.push(network.to_string());
    }
    networks.sort();
    networks.dedup();
    Ok(Some(networks).filter(|networks| !networks.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(list: &[&str]) -> Option<Vec<String>> {
        parse(&list.iter().map(|&it| it.to_owned()).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn a_list_is_kept_in_one_spelling() {
        assert_eq!(kept(&["10.1.2.3/8", " 10.0.0.0/8", "192.0.2.7"]).unwrap(), ["10.0.0.0/8", "192.0.2.7/32"]);
        assert_eq!(kept(&["2001:DB8:0::1"]).unwrap(), ["2001:db8::1/128"]);
        assert_eq!(kept(&["::ffff:192.0.2.7"]).unwrap(), ["192.0.2.7/32"]);
        assert_eq!(kept(&[]), None);
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for bad in ["", "localhost", "10.0.0.0/33", "10.0.0", "::/129", "::ffff:10.0.0.0/104", "10.0.0.0/8,::/0"] {
            assert_eq!(parse(&[bad.to_owned()]).unwrap_err().code(), "VALIDATION_ERROR", "{bad}");
        }
        assert!(parse(&vec!["::1".to_owned(); 21]).is_err());
    }
}
