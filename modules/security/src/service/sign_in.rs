use crate::{Anomaly, Event, Kind, Security, store, travel::anomalies};
use ipnet::IpNet;
use kit::{App, Result, SystemTx};
use serde_json::json;
use std::net::IpAddr;
use uuid::Uuid;

/// Remembers from where a user signs in, and notices what is strange about it. Answers the gravest of that.
pub async fn see_sign_in(app: &App, tx: &mut SystemTx, user: Uuid) -> Result<Option<Anomaly>> {
    let Some(ip) = tx.actor().origin.ip else { return Ok(None) };
    let geo = app.the::<Security>()?.settings.geo.as_ref();
    let (network, place) = (coarse(ip), geo.and_then(|geo| geo.find(ip)));
    let known = store::lock_places(tx, user).await?;
    store::see_place(tx, user, &network, place).await?;
    let strange = anomalies(&known, &network, place, tx.now());
    for anomaly in &strange {
        let kind = match anomaly {
            Anomaly::NewNetwork => Kind::NewNetwork,
            Anomaly::NewCountry => Kind::NewCountry,
            Anomaly::ImpossibleTravel => Kind::ImpossibleTravel,
        };
        let last = known.iter().max_by_key(|it| it.seen_at);
        let detail = json!({
            "network": network,
            "country": place.map(|place| place.country()),
            "last": last.map(|it| json!({ "network": it.network, "country": it.country, "at": it.seen_at })),
        });
        let event = Event::new(kind, Some(user), format!("user:{user}")).with(detail);
        super::notice(tx, event).await?;
    }
    Ok(strange.into_iter().max())
}

/// A network so wide that one provider's customers move within it: the /16 of an IPv4 address, or the /32 of IPv6.
fn coarse(ip: IpAddr) -> String {
    let ip = ip.to_canonical();
    let length = if ip.is_ipv4() { 16 } else { 32 };
    IpNet::new(ip, length).map_or_else(|_| ip.to_string(), |network| network.trunc().to_string())
}
