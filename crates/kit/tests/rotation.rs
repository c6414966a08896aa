//! Another key takes the place of the one that seals: nothing is lost on the way, wherever it is interrupted.

#![allow(clippy::unwrap_used, reason = "a test that cannot be prepared has failed")]

use kit::{Ids, Module, Resealing, Sealed, Vault};
use testkit::{KEY, Member, PgPool, TestApp, db_test};
use tokio_util::sync::CancellationToken;

const NEW: [u8; 32] = [9; 32];

const SEALED: &Sealed = &Sealed {
    table: "notes",
    column: "sealed",
    owner: "tenant_id",
    of: "id",
    place: |id| format!("notes.sealed:{id}"),
};
const MODULE: Module = Module { name: "notes", sealed: &[SEALED], ..Module::EMPTY };

const TABLE: &str = "
    create table notes (
        tenant_id uuid not null default current_tenant(), id int not null, sealed bytea, primary key (tenant_id, id));
    select protect_tenant_table('notes')";

/// Servers of one platform: one that seals by the old key, and one that seals by a new one and knows both.
struct Platform {
    db: PgPool,
    old: TestApp,
    rotating: TestApp,
    ana: Member,
}

impl Platform {
    async fn new(db: PgPool) -> Self {
        sqlx::raw_sql(TABLE).execute(&db).await.unwrap();
        let old = TestApp::new(db.clone(), [MODULE]).await;
        let rotating = old.beside_with(db.clone(), [MODULE], Vault::rotated(NEW, &[KEY])).await;
        let ana = old.member([]).await;
        Self { db, old, rotating, ana }
    }

    fn sealed(&self, by: [u8; 32], id: i32) -> Vec<u8> {
        let (owner, place) = (self.ana.tenant.to_string(), (SEALED.place)(&id.to_string()));
        Vault::new(by).seal(&Ids::Random, &owner, &place, format!("note {id}").as_bytes()).unwrap()
    }

    async fn note(&self, id: i32, sealed: &[u8]) {
        let mut tx = self.old.tenant(self.ana.tenant).await;
        let put =
            "insert into notes (id, sealed) values ($1, $2) on conflict (tenant_id, id) do update set sealed = $2";
        sqlx::query(put).bind(id).bind(sealed).execute(tx.conn()).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn notes(&self, by: [u8; 32], ids: std::ops::RangeInclusive<i32>) {
        for id in ids {
            self.note(id, &self.sealed(by, id)).await;
        }
    }

    /// The notes that a vault opens.
    async fn opened(&self, vault: &Vault) -> Vec<i32> {
        let mut tx = self.old.tenant(self.ana.tenant).await;
        let rows: Vec<(i32, Vec<u8>)> =
            sqlx::query_as("select id, sealed from notes order by id").fetch_all(tx.conn()).await.unwrap();
        let (owner, opens) = (self.ana.tenant.to_string(), |id: i32| format!("note {id}").into_bytes());
        let is_open = |(id, sealed): &(i32, Vec<u8>)| {
            vault.open(&owner, &(SEALED.place)(&id.to_string()), sealed).is_ok_and(|open| open == opens(*id))
        };
        rows.iter().filter(|row| is_open(row)).map(|(id, _)| *id).collect()
    }

    fn resealing(&self, most: i64) -> Resealing<'_> {
        Resealing::new(self.rotating.app(), SEALED, most)
    }

    async fn reseal(&self) {
        let mut resealing = self.resealing(2);
        while resealing.batch().await.unwrap().is_some() {}
    }

    /// Begins a rotation in the name of a server.
    async fn begin(&self, server: &TestApp) -> Result<bool, String> {
        let mut tx = server.system().await;
        let begun = kit::begin_rotation(&mut tx).await.map_err(|refused| refused.to_string())?;
        tx.commit().await.unwrap();
        Ok(begun)
    }
}

#[db_test]
async fn everything_opens_before_midway_and_after(db: PgPool) {
    let it = Platform::new(db).await;
    let (both, new) = (it.rotating.app().vault().clone(), Vault::new(NEW));
    it.notes(KEY, 1..=5).await;
    it.note(6, &it.sealed(NEW, 6)).await;
    assert_eq!((it.opened(&both).await.len(), it.opened(&new).await), (6, vec![6]));

    // as a program that is killed after its first batch
    assert_eq!(it.resealing(2).batch().await.unwrap(), Some(2));
    assert_eq!((it.opened(&both).await.len(), it.opened(&new).await.len()), (6, 3));

    it.reseal().await;
    assert_eq!(it.opened(&new).await, [1, 2, 3, 4, 5, 6]);
    assert_eq!(it.resealing(2).batch().await.unwrap(), None);
    let shares = SEALED.shares(&mut it.old.system().await).await.unwrap();
    assert_eq!(shares.iter().map(|share| share.values).collect::<Vec<_>>(), [6]);
}

#[db_test]
async fn what_is_altered_or_sealed_by_an_unknown_key_stays_as_it_is_and_stops_nothing_else(db: PgPool) {
    let it = Platform::new(db).await;
    it.notes(KEY, 1..=4).await;
    let mut altered = it.sealed(KEY, 2);
    *altered.last_mut().unwrap() ^= 1;
    it.note(2, &altered).await;
    it.note(3, &it.sealed([3; 32], 3)).await;
    it.reseal().await;
    assert_eq!(it.opened(&Vault::new(NEW)).await, [1, 4]);
    assert_eq!(it.opened(&Vault::new([3; 32])).await, [3]);
    let mut shares = SEALED.shares(&mut it.old.system().await).await.unwrap();
    shares.sort_by_key(|share| share.values);
    assert_eq!(shares.iter().map(|share| share.values).collect::<Vec<_>>(), [1, 1, 2]);
    assert_eq!(shares[2].key, it.rotating.app().vault().current().unwrap());
}

#[db_test]
async fn what_was_changed_meanwhile_is_not_set_back(db: PgPool) {
    let it = Platform::new(db.clone()).await;
    it.notes(KEY, 1..=1).await;
    let changed = it.sealed(NEW, 1);
    let mut tx = it.old.tenant(it.ana.tenant).await;
    sqlx::query("update notes set sealed = $1").bind(&changed).execute(tx.conn()).await.unwrap();
    // the batch has read what was there before, and waits for the row
    let (mut resealing, waiting) = (it.resealing(2), async {
        let waits =
            "select exists (select from pg_stat_activity where wait_event_type = 'Lock' and query like 'update notes%'
                     and datname = current_database())";
        while !sqlx::query_scalar::<_, bool>(waits).fetch_one(&db).await.unwrap() {}
        tx.commit().await.unwrap();
    });
    let (done, ()) = tokio::join!(resealing.batch(), waiting);
    assert_eq!(done.unwrap(), Some(1));
    let kept: Vec<u8> =
        sqlx::query_scalar("select sealed from notes").fetch_one(it.old.system().await.conn()).await.unwrap();
    assert!(kept == changed && resealing.batch().await.unwrap().is_none());
}

#[db_test]
async fn a_rotation_waits_until_every_running_server_seals_by_the_new_key(db: PgPool) {
    let it = Platform::new(db).await;
    let memory = it.old.remembers().await;
    let _new = it.rotating.remembers().await;
    let refused = it.begin(&it.rotating).await.unwrap_err();
    assert!(refused.starts_with("1 running server does not seal with the key"), "{refused}");
    let noted: i64 = sqlx::query_scalar("select count(*) from encryption_keys").fetch_one(&it.db).await.unwrap();
    assert_eq!(noted, 0);
    drop(memory);
    while it.begin(&it.rotating).await.is_err() {}
    assert_eq!(it.begin(&it.rotating).await, Ok(false), "it has begun");
}

#[db_test]
async fn a_server_that_died_holds_no_rotation_up(db: PgPool) {
    let it = Platform::new(db).await;
    let runs =
        "insert into memories (id, lease_until) values (gen_random_uuid(), clock_timestamp() + interval '1 hour')";
    sqlx::query(runs).execute(&it.db).await.unwrap();
    assert!(it.begin(&it.rotating).await.is_err(), "it does not say by which key it seals");
    sqlx::query("update memories set lease_until = clock_timestamp()").execute(&it.db).await.unwrap();
    assert_eq!(it.begin(&it.rotating).await, Ok(true));
}

#[db_test]
async fn whoever_would_seal_by_a_replaced_key_is_refused(db: PgPool) {
    let it = Platform::new(db.clone()).await;
    kit::refuse_replaced(it.old.app()).await.unwrap();
    assert_eq!(it.begin(&it.rotating).await, Ok(true));
    kit::refuse_replaced(it.rotating.app()).await.unwrap();
    let refused = kit::refuse_replaced(it.old.app()).await.unwrap_err().to_string();
    assert!(refused.contains("was replaced by a rotation and may not seal"), "{refused}");
    // the keys in the wrong order
    let wrong = it.old.beside_with(db, [MODULE], Vault::rotated(KEY, &[NEW])).await;
    assert_eq!(it.begin(&wrong).await, Err(refused));

    // one that was cut off while the rotation began ends as soon as it is back
    let stop = CancellationToken::new();
    let app = it.old.app().clone();
    app.db().memory().clone().listen(app.clone(), stop.clone()).await;
    assert!(stop.is_cancelled());
}

#[db_test]
async fn a_rotation_is_over_when_it_says_so_and_another_may_follow(db: PgPool) {
    let it = Platform::new(db.clone()).await;
    it.begin(&it.rotating).await.unwrap();
    let mut tx = it.rotating.system().await;
    assert!(!kit::is_rotated(&mut tx).await.unwrap());
    kit::finish_rotation(&mut tx).await.unwrap();
    assert!(kit::is_rotated(&mut tx).await.unwrap());
    tx.commit().await.unwrap();
    let next = it.old.beside_with(db, [MODULE], Vault::rotated([11; 32], &[NEW, KEY])).await;
    assert!(!kit::is_rotated(&mut next.system().await).await.unwrap());
    assert_eq!(it.begin(&next).await, Ok(true));
    assert!(kit::refuse_replaced(it.rotating.app()).await.is_err());
}
