use crate::{
    geo::Place,
    travel::{Known, Point},
};
use kit::{Result, SystemTx, Time};
use uuid::Uuid;

/// From how many places a user is known.
const MOST: i64 = 100;

/// From where a user has signed in, while nobody else looks at it.
pub(crate) async fn lock_places(tx: &mut SystemTx, user: Uuid) -> Result<Vec<Known>> {
    let rows = sqlx::query!(
        r#"select network, country, latitude, longitude, seen_at as "seen_at: Time"
           from sign_in_places where user_id = $1 order by network, country for update"#,
        user
    )
    .fetch_all(tx.conn())
    .await?;
    let known = rows.into_iter().map(|row| Known {
        network: row.network,
        country: row.country,
        point: row.latitude.zip(row.longitude).map(|(latitude, longitude)| Point { latitude, longitude }),
        seen_at: row.seen_at,
    });
    Ok(known.collect())
}

/// Remembers that a user has signed in from a place, and forgets where they were longest ago.
pub(crate) async fn see_place(tx: &mut SystemTx, user: Uuid, network: &str, place: Option<Place>) -> Result<()> {
    let now = tx.now();
    let point = place.and_then(|place| place.point);
    sqlx::query!(
        "insert into sign_in_places (user_id, network, country, latitude, longitude, seen_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (user_id, network, country) do update
         set latitude = excluded.latitude, longitude = excluded.longitude, seen_at = excluded.seen_at",
        user,
        network,
        place.map(|place| place.country()).unwrap_or_default(),
        point.map(|point| point.latitude),
        point.map(|point| point.longitude),
        now.utc()
    )
    .execute(tx.conn())
    .await?;
    sqlx::query!(
        "delete from sign_in_places where (user_id, network, country) in (
             select user_id, network, country from sign_in_places where user_id = $1
             order by seen_at desc, network, country offset $2)",
        user,
        MOST
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
