//! Databases within a server: every world has its own, and all worlds share the three logins.

use anyhow::{Context, ensure};
use reqwest::Url;
use sha2::{Digest, Sha256};
use sqlx::postgres::PgConnection;
use sqlx::{Connection, Executor};

/// Migrations, the running product, and the read-only audit commands log in separately.
const LOGINS: [&str; 3] = ["cloudsales_owner", "cloudsales_app", "cloudsales_auditor"];
/// Any number, as long as every world uses the same one.
const PREPARATION_LOCK: i64 = 0x636c_6f75_6473;

/// Where the three logins find one database.
#[derive(Clone, Debug)]
pub struct DatabaseUrls {
    pub owner: String,
    pub app: String,
    pub auditor: String,
}

/// Creates the three logins and the database `name`, owned by `cloudsales_owner`, where they are missing.
/// `admin_url` must belong to a superuser. May run at the same time for many databases of one server.
pub async fn prepare_database(admin_url: &str, name: &str) -> anyhow::Result<DatabaseUrls> {
    ensure_plain(name)?;
    let admin = Url::parse(admin_url).context("the address of the database server is not a URL")?;
    let mut connection = PgConnection::connect(admin_url).await.context("cannot reach the database server")?;
    prepare_logins(&mut connection, &admin).await.context("cannot create the database logins")?;
    create_if_missing(&mut connection, name).await.with_context(|| format!("cannot create database {name}"))?;
    connection.close().await?;
    let url = |login: &str| url_for(&admin, login, name);
    Ok(DatabaseUrls { owner: url(LOGINS[0])?, app: url(LOGINS[1])?, auditor: url(LOGINS[2])? })
}

/// Removes the database and every session in it; nothing happens when it is missing.
pub async fn drop_database(admin_url: &str, name: &str) -> anyhow::Result<()> {
    ensure_plain(name)?;
    let mut connection = PgConnection::connect(admin_url).await.context("cannot reach the database server")?;
    connection.execute(format!("drop database if exists {name} with (force)").as_str()).await?;
    Ok(connection.close().await?)
}

/// The administrator's address of another database on the same server.
pub fn admin_url_of(admin_url: &str, name: &str) -> anyhow::Result<String> {
    let mut url = Url::parse(admin_url)?;
    url.set_path(name);
    Ok(url.into())
}

/// Names go into statements as they are, because statements that create things take no parameters.
fn ensure_plain(name: &str) -> anyhow::Result<()> {
    let starts_well = name.starts_with(|first: char| first.is_ascii_lowercase());
    let plain = name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
    ensure!(starts_well && plain && name.len() <= 63, "{name:?} is no plain database name");
    Ok(())
}

/// Derived from the administrator's, so that worlds which share a server agree on it without telling each other.
fn password_of(admin: &Url, login: &str) -> String {
    let secret = admin.password().unwrap_or_default();
    hex::encode(Sha256::digest(format!("cloudsales login {login} {secret}")))
}

/// The password cannot be read back, so a login's comment remembers which one it has.
fn mark_of(password: &str) -> String {
    format!("cloudsales, password {}", &hex::encode(Sha256::digest(password))[..16])
}

async fn prepare_logins(connection: &mut PgConnection, admin: &Url) -> anyhow::Result<()> {
    let mut transaction = connection.begin().await?;
    sqlx::query("select pg_advisory_xact_lock($1)").bind(PREPARATION_LOCK).execute(&mut *transaction).await?;
    for login in LOGINS {
        prepare_login(&mut transaction, login, &password_of(admin, login)).await?;
    }
    Ok(transaction.commit().await?)
}

async fn prepare_login(connection: &mut PgConnection, login: &str, password: &str) -> anyhow::Result<()> {
    let found: Option<Option<String>> =
        sqlx::query_scalar("select shobj_description(oid, 'pg_authid') from pg_roles where rolname = $1")
            .bind(login)
            .fetch_optional(&mut *connection)
            .await?;
    let mark = mark_of(password);
    if found == Some(Some(mark.clone())) {
        return Ok(());
    }
    // Worlds that administer from different databases do not see each other's lock, so a rival may come first.
    let create = format!(
        "do $$ begin create role {login} login; exception when duplicate_object or unique_violation then null; end $$"
    );
    connection.execute(create.as_str()).await?;
    connection.execute(format!("alter role {login} login password '{password}'").as_str()).await?;
    connection.execute(format!("comment on role {login} is '{mark}'").as_str()).await?;
    Ok(())
}

async fn create_if_missing(connection: &mut PgConnection, name: &str) -> anyhow::Result<()> {
    let exists: bool = sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
        .bind(name)
        .fetch_one(&mut *connection)
        .await?;
    if !exists {
        let create = format!("create database {name} owner {} template template0 encoding 'UTF8'", LOGINS[0]);
        connection.execute(create.as_str()).await?;
        connection.execute(format!("revoke all on database {name} from public").as_str()).await?;
    }
    connection.execute(format!("grant connect on database {name} to {}", LOGINS.join(", ")).as_str()).await?;
    Ok(())
}

fn url_for(admin: &Url, login: &str, name: &str) -> anyhow::Result<String> {
    let mut url = admin.clone();
    let named = url.set_username(login).and_then(|()| url.set_password(Some(&password_of(admin, login))));
    ensure!(named.is_ok(), "the address of the database server names no host");
    url.set_path(name);
    Ok(url.into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn addresses_keep_host_and_parameters_and_change_login_and_database() {
        let admin = Url::parse("postgres://root:secret@db.example:6543/postgres?sslmode=require").unwrap();
        let url = Url::parse(&url_for(&admin, "cloudsales_app", "w_1").unwrap()).unwrap();
        assert_eq!((url.username(), url.path(), url.port()), ("cloudsales_app", "/w_1", Some(6543)));
        assert_eq!(url.query(), Some("sslmode=require"));
        assert_eq!(url.password(), Some(password_of(&admin, "cloudsales_app").as_str()));
    }

    #[test]
    fn logins_have_different_passwords() {
        let admin = Url::parse("postgres://root:secret@localhost/postgres").unwrap();
        assert_ne!(password_of(&admin, LOGINS[0]), password_of(&admin, LOGINS[1]));
    }

    #[test]
    fn names_that_could_end_a_statement_are_refused() {
        for name in ["", "a;drop", "A", "1a", "a\"b", "a b"] {
            assert!(ensure_plain(name).is_err(), "{name}");
        }
        assert!(ensure_plain("w_0123456789").is_ok());
    }
}
