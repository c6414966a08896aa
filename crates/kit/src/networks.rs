//! From which addresses something may be used.

use ipnet::IpNet;
use std::net::IpAddr;

/// A network or a single address, in one spelling. Callers by IPv4 are seen by their IPv4 addresses, so networks of
/// mapped ones would match nobody and are none.
pub fn network(text: &str) -> Option<IpNet> {
    let text = text.trim();
    let network = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address.to_canonical()),
        Err(_) => text.parse().ok()?,
    };
    (network.addr().to_canonical() == network.addr()).then(|| network.trunc())
}

/// Whether a list allows an address; an empty one allows any. One that is not known is in no list.
pub fn allows(networks: &[IpNet], address: Option<IpAddr>) -> bool {
    networks.is_empty() || address.is_some_and(|address| networks.iter().any(|network| network.contains(&address)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_allows_its_addresses_alone() {
        let list = ["10.0.0.0/8", "2001:db8::/32"].map(|it| network(it).unwrap());
        let allowed = |address: &str| allows(&list, Some(address.parse().unwrap()));
        assert!(allowed("10.255.0.1") && allowed("2001:db8:ffff::1"));
        assert!(!allowed("11.0.0.1") && !allowed("2001:db9::1") && !allowed("::ffff:10.0.0.1"));
        assert!(!allows(&list, None) && allows(&[], None));
    }
}
