use super::{Place, app, begin, status};
use crate::{
    cli::{Failure, print, runtime},
    config::{Settings, put_new_key_first},
    database::Database,
};
use audit::Change;
use indicatif::ProgressBar;
use kit::{App, KeyId, Resealing};
use serde::Serialize;
use serde_json::json;

/// How many values are sealed anew in one transaction.
const BATCH: i64 = 200;

/// What a rotation has done.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rotated {
    /// The key that seals.
    key: KeyId,
    /// Whether it was made just now.
    made: bool,
    /// Those that only open and verify.
    older: Vec<KeyId>,
    resealed: i64,
    /// What another key than the one that seals has sealed still.
    left: i64,
    places: Vec<Place>,
}

/// What to do where the key is not ours to make.
const BY_HAND: &str = "ENCRYPTION_KEY is configured and holds one key alone. Make another with `openssl rand -base64 32`, \
    put it before the one that is there, with a comma between, restart every server, and run this again";

pub(super) fn tell(settings: &Settings, as_json: bool) -> Result<(), Failure> {
    let rotated = runtime()?.block_on(async {
        let database = Database::beside(settings).await?;
        let rotated = rotate(settings, &database).await;
        database.close().await?;
        rotated
    })?;
    print(&if as_json { format!("{}\n", json!(rotated)) } else { lines(&rotated) })?;
    match rotated.left {
        0 => Ok(()),
        left => Err(Failure::Failed(format!(
            "{left} sealed values could not be sealed anew: they were altered, or their key is not among the keys; \
             put it after the others and run this again"
        ))),
    }
}

fn lines(rotated: &Rotated) -> String {
    let mut lines = format!("{} values sealed anew; {} seals\n", rotated.resealed, rotated.key);
    lines.extend(rotated.places.iter().filter(|place| place.left(rotated.key) > 0).map(Place::line));
    if rotated.left == 0 && !rotated.older.is_empty() {
        lines += "Nothing is sealed by an older key any more. The audit trail's signatures are still verified by the older \
                  keys: drop them only if `audit verify` need not reach back so far\n";
    }
    lines
}

async fn rotate(settings: &Settings, database: &Database) -> Result<Rotated, Failure> {
    let made = make_key_if_due(settings, database).await?;
    let (app, _) = app(settings, database).await?;
    let rotated = seal_all_anew(&app, made).await;
    app.db().close().await;
    rotated.map_err(|failure| match made {
        true => Failure::of("a new key is kept and waits for its servers", failure),
        false => failure.into(),
    })
}

/// Makes a key where it is ours to make, unless the last one that was made has not sealed everything yet.
async fn make_key_if_due(settings: &Settings, database: &Database) -> Result<bool, Failure> {
    let (app, keys) = app(settings, database).await?;
    let due = is_due(&app, keys.older.is_empty()).await;
    app.db().close().await;
    match (due?, &settings.encryption_key) {
        (true, Some(_)) if keys.older.is_empty() => Err(Failure::Failed(BY_HAND.to_owned())),
        (true, None) => {
            put_new_key_first(settings, &keys, &mut rand::rng())?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

async fn is_due(app: &App, alone: bool) -> kit::Result<bool> {
    Ok(alone || kit::is_rotated(&mut begin(app).await?).await?)
}

async fn seal_all_anew(app: &App, made: bool) -> kit::Result<Rotated> {
    let (key, older) = (app.vault().current()?, app.vault().keys().skip(1).collect::<Vec<_>>());
    begin_rotation(app, key, &older).await?;
    let before: i64 = status(app).await?.iter().map(|place| place.left(key)).sum();
    let bar = ProgressBar::new(before.unsigned_abs());
    for place in app.sealed() {
        bar.set_message(place.table);
        let mut resealing = Resealing::new(app, place, BATCH);
        while let Some(values) = resealing.batch().await? {
            bar.inc(values as u64);
        }
    }
    bar.finish_and_clear();
    let places = status(app).await?;
    let left = places.iter().map(|place| place.left(key)).sum();
    let rotated = Rotated { key, made, older, resealed: before - left, left, places };
    end_rotation(app, &rotated).await?;
    Ok(rotated)
}

async fn begin_rotation(app: &App, key: KeyId, older: &[KeyId]) -> kit::Result<()> {
    let mut tx = begin(app).await?;
    if kit::begin_rotation(&mut tx).await? {
        let change = Change::new("encryption-key", key, "encryption-key.rotation-begun");
        audit::record(&mut tx, change.after(json!({ "replaced": older }))).await?;
    }
    tx.commit().await
}

async fn end_rotation(app: &App, rotated: &Rotated) -> kit::Result<()> {
    let mut tx = begin(app).await?;
    if rotated.left == 0 {
        kit::finish_rotation(&mut tx).await?;
    }
    let counts = json!({ "resealed": rotated.resealed, "left": rotated.left });
    audit::record(&mut tx, Change::new("encryption-key", rotated.key, "encryption-key.rotated").after(counts)).await?;
    tx.commit().await
}
