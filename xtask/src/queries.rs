use crate::{
    Outcome,
    cluster::Cluster,
    run::{cargo, root},
};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::Path,
    time::SystemTime,
};

/// Has the compiler check every statement against a fresh database, and keeps what it learnt in `.sqlx`.
pub fn run(check: bool) -> Outcome {
    let cluster = Cluster::start()?;
    let url = cluster.migrated("queries")?;
    let learnt = tempfile::tempdir().map_err(|error| error.to_string())?;
    touch_all()?;
    cargo(&["check", "--workspace", "--all-targets", "--keep-going"])
        .env("SQLX_OFFLINE", "false")
        .env("SQLX_OFFLINE_DIR", learnt.path())
        .env("DATABASE_URL", url)
        .run()?;
    let (kept, fresh) = (root().join(".sqlx"), read(learnt.path())?);
    if check {
        let same = read(&kept)? == fresh;
        return if same { Ok(()) } else { Err("`.sqlx` is out of date: run `cargo xtask sqlx`".to_owned()) };
    }
    let failed = |error: std::io::Error| format!("{}: {error}", kept.display());
    if kept.exists() {
        fs::remove_dir_all(&kept).map_err(failed)?;
    }
    fs::create_dir(&kept).map_err(failed)?;
    for (name, text) in &fresh {
        fs::write(kept.join(name), text).map_err(failed)?;
    }
    println!("{} statements", fresh.len());
    Ok(())
}

/// The macros speak only when their crate is compiled anew.
fn touch_all() -> Outcome {
    for folder in ["crates", "modules", "apps"] {
        for entry in fs::read_dir(root().join(folder)).map_err(|error| error.to_string())? {
            let source = entry.map_err(|error| error.to_string())?.path().join("src/lib.rs");
            if let Ok(file) = File::options().append(true).open(&source) {
                file.set_modified(SystemTime::now()).map_err(|error| error.to_string())?;
            }
        }
    }
    Ok(())
}

fn read(folder: &Path) -> Result<BTreeMap<String, String>, String> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(BTreeMap::new()) };
    let mut files = BTreeMap::new();
    for entry in entries {
        let entry = entry.map_err(|error| error.to_string())?;
        let text = fs::read_to_string(entry.path()).map_err(|error| error.to_string())?;
        files.insert(entry.file_name().to_string_lossy().into_owned(), text);
    }
    Ok(files)
}
